"""Jobs for tests, and the one way to wait: on a condition, with a deadline."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, overload

from octavo_core.ids import generate_uuid
from octavo_jobs.lifecycle import PUBLISH_GRACE_MS, RING_GRACE_MS, Job, Policy, State
from octavo_jobs.model import NewJob

Found = TypeVar("Found")

NOW = 1_767_225_600_000


def queued(**changes: Any) -> Job:
    """A job as the store accepts it, at `NOW`."""
    job = Job(
        id=generate_uuid(),
        queue="stories",
        owner="ana",
        state=State.QUEUED,
        request='{"prompt":"a fox"}',
        policy=Policy(),
        correlation_id="c-1",
        created_at=NOW,
        updated_at=NOW,
        available_at=NOW,
        ring_due=NOW + RING_GRACE_MS,
        publish_due=NOW + PUBLISH_GRACE_MS,
    )
    return replace(job, **changes)


def new_job(queue: str = "stories", owner: str = "ana", key: str | None = None, body: str = "a", **policy: int) -> NewJob:
    return NewJob(
        id=generate_uuid(),
        queue=queue,
        owner=owner,
        request='{"prompt":"a fox"}',
        correlation_id="c-1",
        policy=Policy(**policy),
        idempotency_key=key,
        body_hash=None if key is None else body * 64,
    )


@overload
async def eventually(ask: Callable[[], Awaitable[Found | None]], *, what: str, deadline_s: float = 15.0) -> Found: ...


@overload
async def eventually(ask: Callable[[], Found | None], *, what: str, deadline_s: float = 15.0) -> Found: ...


async def eventually(ask: Callable[[], Any], *, what: str, deadline_s: float = 15.0) -> Any:
    """The first answer of `ask` that is true in the sense of `bool`."""
    end = time.monotonic() + deadline_s
    while True:
        answer = ask()
        found = await answer if inspect.isawaitable(answer) else answer
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline_s:g} s")
        await asyncio.sleep(0.01)
