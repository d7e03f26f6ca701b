"""One connected client, as data: who it is, and which events it is to have."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from octavo_core.identity import Principal
from octavo_jobs.stream import StreamEvent


@dataclass(slots=True)
class Client:
    """`whole` is the room `user:{id}`, all events of the user; `jobs` are the rooms `job:{id}`."""

    sid: str
    session: str
    """The Engine.IO session below."""
    principal: Principal
    expires_at: int | None
    whole: bool
    jobs: set[str] = field(default_factory=set)
    last_event_id: str = "0-0"
    caught_up: bool = False
    ended: bool = False
    renewed: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def user(self) -> str:
        return self.principal.user

    def wants(self, event: StreamEvent) -> bool:
        return self.whole or event.job in self.jobs


def user_room(user: str) -> str:
    return f"user:{user}"


def job_room(job: str) -> str:
    return f"job:{job}"
