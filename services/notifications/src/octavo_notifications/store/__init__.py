"""Notifications' own tables, in the database of its jobs: webhooks, what was delivered, whom to push to, and what people chose."""

from octavo_notifications.store.opening import NotificationStore, open_notification_store

__all__ = ["NotificationStore", "open_notification_store"]
