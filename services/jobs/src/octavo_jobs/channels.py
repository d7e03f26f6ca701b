"""Names of what is kept and said in Redis beside the bell's own lists. Imports nothing, for processes that only listen."""

from __future__ import annotations

WAKE_CHANNEL = "octavo:wake"
"""Pub/sub: the queue that was rung for, told to whoever starts sleeping workers."""
CANCEL_CHANNEL = "octavo:cancel"
"""Pub/sub: the id of a running job that shall end."""


WEBHOOKS = "octavo:webhooks"
"""Stream: the ends of jobs that name a webhook, until someone has taken them over (`named_webhooks`). No user's stream has this key."""


def stream_key(user: str) -> str:
    """The stream of a user's events."""
    return f"octavo:events:{user}"
