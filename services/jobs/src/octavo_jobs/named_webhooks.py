"""Ends of jobs that name a webhook themselves, from whoever runs jobs to whoever tells webhooks.

A stream used as a queue: an entry is added with the event's publication, under the same promise (the reaper publishes again what was
not marked), and stays until it has been taken over durably. Any number may read at once, each all of it: what follows from an entry is
written once. A crash between taking over and `done` has it read once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
import redis.asyncio
import structlog

from octavo_jobs.channels import WEBHOOKS

log = structlog.get_logger(__name__)

BLOCK_MS = 5_000
AT_ONCE = 100
_Entries = list[tuple[bytes, dict[bytes, bytes]]]


@dataclass(frozen=True, slots=True)
class NamedWebhook:
    """`id` is the entry's, and the event's for who is told; `body` is the event's JSON with it."""

    id: str
    user: str
    job: str
    type: str
    version: int
    body: str
    url: str


class NamedWebhooks:
    """Every call raises what the Redis client raises. `client` needs a socket timeout above `BLOCK_MS`."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def after(self, position: str) -> tuple[list[NamedWebhook], str]:
        """Entries after that id (`0-0`: all), oldest first, and the id to go on from; waits up to `BLOCK_MS` for the first. What cannot
        be read is thrown away."""
        answer = await self._client.xread({WEBHOOKS: position}, count=AT_ONCE, block=BLOCK_MS)
        entries = cast("list[tuple[bytes, _Entries]]", answer)[0][1] if answer else []
        found = [(raw_id.decode(), _named(raw_id.decode(), fields)) for raw_id, fields in entries]
        if broken := [entry_id for entry_id, named in found if named is None]:
            log.warning("ends of jobs cannot be read, and nobody is told", entries=len(broken))
            await self.done(broken)
        return [named for _, named in found if named is not None], found[-1][0] if found else position

    async def done(self, ids: Sequence[str]) -> None:
        """They have been taken over. Idempotent."""
        if ids:
            await self._client.xdel(WEBHOOKS, *ids)

    async def forget(self, user: str) -> None:
        """What waits of a user who is no more goes. Idempotent."""
        position = "-"
        while True:
            page = cast("_Entries", await self._client.xrange(WEBHOOKS, min=position, count=AT_ONCE))
            read = [(raw_id.decode(), _named(raw_id.decode(), fields)) for raw_id, fields in page]
            await self.done([entry_id for entry_id, named in read if named is not None and named.user == user])
            if len(page) < AT_ONCE:
                return
            position = f"({read[-1][0]}"


def _named(entry_id: str, fields: dict[bytes, bytes]) -> NamedWebhook | None:
    try:
        raw = fields[b"e"]
        event: dict[str, Any] = orjson.loads(raw)
        return NamedWebhook(
            id=entry_id,
            user=str(event["user"]),
            job=str(event["job"]),
            type=str(event["type"]),
            version=int(event["version"]),
            body=(b'{"id":"' + entry_id.encode() + b'",' + raw[1:]).decode(),
            url=fields[b"w"].decode(),
        )
    except (KeyError, ValueError, TypeError):
        return None
