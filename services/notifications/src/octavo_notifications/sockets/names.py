"""What is said over Socket.IO beside the events of jobs, which go by their own types (`job.progress`, `job.succeeded`, …)."""

from __future__ import annotations

READY = "ready"
"""First of all: `{user, room, lastEventId, expiresAt}`. What comes after `lastEventId` will be told."""
REPLAYED = "replay.done"
"""`{}`: what was missed has been told; from here on it is news."""
INCOMPLETE = "replay.incomplete"
"""`{lastEventId, oldest}`: some of what came after `lastEventId` is not kept any more; ask for the state of jobs."""
EXPIRED = "token.expired"
"""`{graceSeconds}`: emit `authenticate {token}` within that time."""
DROPPED = "dropped"
"""`{reason, lastEventId}`: the connection ends now; connect again with `lastEventId`."""
INTERRUPTED = "stream.interrupted"
RESUMED = "stream.resumed"
"""Redis went away, and came back: in between nothing can be told, and nothing of it is lost."""

SUBSCRIBE = "subscribe"
UNSUBSCRIBE = "unsubscribe"
AUTHENTICATE = "authenticate"
