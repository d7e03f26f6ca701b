"""What happened, told to the people it happened for: by Socket.IO, as server-sent events, by signed webhooks and by mail."""

from octavo_notifications.api.events import notifications_router

__all__ = ["notifications_router"]
