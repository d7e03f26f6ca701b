"""Read, compute, write against the version that was read: the one way in which services change documents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from octavo_core.errors import NotFound, PreconditionFailed, Unavailable
from octavo_documents.document import Body, Collection, Document
from octavo_documents.port import DocumentStore

TRIES = 20
OUTAGE_S = 120.0
"""How long of an outage a job sits out before it counts as failed."""

Answer = TypeVar("Answer")


async def update(
    store: DocumentStore,
    collection: Collection,
    document_id: str,
    change: Callable[[Document], Body | None],
    *,
    owner: str | None,
    version: int | None = None,
) -> Document:
    """The document after `change`, which gets it as it is and returns the new body, or None to leave it. It may be called several
    times and must do nothing else.

    With `version` it is changed as that version or not at all (`PreconditionFailed`). Without, a writer who came in between has the
    change computed again on top of what was written, so that neither is lost. Raises `NotFound` when there is none of this owner's.
    """
    for _ in range(TRIES):
        seen = await store.get(collection, document_id, owner=owner)
        if seen is None:
            raise NotFound("there is no such document")
        if version is not None and seen.version != version:
            raise PreconditionFailed(f"it is version {seen.version} by now; read it again before you change it")
        body = change(seen)
        if body is None:
            return seen
        changed = await store.replace(collection, seen, body)
        if changed is not None:
            return changed
    raise Unavailable("too many change this document at once", retry_after=1)


async def through_outages(work: Callable[[], Awaitable[Answer]], *, within_s: float = OUTAGE_S) -> Answer:
    """For jobs, which nobody waits for by the second: asks again while the database is away, up to `within_s` seconds, so that what a
    generator made is not lost to a restart of the database. `work` must be harmless to repeat. Raises `Unavailable` in the end."""
    deadline, pause = time.monotonic() + within_s, 0.2
    while True:
        try:
            return await work()
        except Unavailable:
            if time.monotonic() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5.0)
