"""A browser that is pushed to, and what it is told. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

_SUBSCRIPTIONS = uuid.UUID("0f3b6e57-2a9c-4a0f-9a7f-6a0c1d5b8e42")
_PUSHES = uuid.UUID("7d1c9b04-53e8-4d6e-8f0b-2b9e4c7a1f36")

TTL_S = 86_400
"""How long a push service keeps what a browser that is off does not take."""
TITLE_CHARS, NAME_CHARS = 200, 80
"""What is shown of a title and a name. A push service takes 4,096 bytes in all, and a character is four at most."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`p256dh` and `auth` as the browser gives them, base64url."""

    id: str
    owner: str
    endpoint: str
    p256dh: str
    auth: str
    created_at: int


@dataclass(frozen=True, slots=True)
class PostNews:
    """A post that was published, as a browser is told of it. `at` in ms since the epoch."""

    post: str
    title: str
    author: str
    language: str | None
    at: int

    def message(self) -> dict[str, Any]:
        """What the service worker reads."""
        return {
            "title": self.title[:TITLE_CHARS],
            "author": self.author[:NAME_CHARS],
            "language": self.language,
            "url": f"/feed/posts/{self.post}",
            "post": self.post,
        }

    def seconds_left(self, now: int) -> int:
        """How long it is news; 0 or less: it is none."""
        return TTL_S - max(0, now - self.at) // 1000

    @property
    def topic(self) -> str:
        """A later push of the same topic takes an earlier one's place (RFC 8030, section 5.4): 32 characters of base64url at most."""
        return self.post.replace("-", "")[:32]


def subscription_id(endpoint: str) -> str:
    """A browser that subscribes again under the same address is the same one."""
    return str(uuid.uuid5(_SUBSCRIPTIONS, endpoint))


def job_id(subscription: str, post: str) -> str:
    """Of the one job that pushes this post to this browser, however often it is told."""
    return str(uuid.uuid5(_PUSHES, f"{subscription}\n{post}"))
