"""The HTTP routes under `/api/notifications`."""
