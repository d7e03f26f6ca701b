"""What happened, told to the people it happened for: today as server-sent events, of all of a user's jobs."""

from octavo_notifications.routes import notifications_router

__all__ = ["notifications_router"]
