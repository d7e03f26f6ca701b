"""The event that each state of a job makes."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.unit.jobs.making import NOW, queued

from octavo_core.clock import to_iso
from octavo_jobs import lifecycle
from octavo_jobs.events import RESULT_IN_EVENT_BYTES, transition_event
from octavo_jobs.lifecycle import Failure, Job, Refusal, State

BOOM = Failure('{"error":"boom","message":"it broke"}', retryable=True)


def done(move: Job | Refusal) -> Job:
    assert isinstance(move, Job), move
    return move


def read(job: Job) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(transition_event(job).body())
    return body


ACCEPTED = queued()
STARTED = done(lifecycle.claim(ACCEPTED, worker="w", now=NOW + 10))
RETRIED = done(lifecycle.fail(STARTED, attempt=1, failure=replace(BOOM, retry_after_ms=500), now=NOW + 20, chance=random.Random(1)))
SUCCEEDED = done(lifecycle.succeed(STARTED, attempt=1, result='{"text":"ñandú 🦊"}', now=NOW + 20))
FAILED = done(lifecycle.fail(STARTED, attempt=1, failure=replace(BOOM, retryable=False), now=NOW + 20, chance=random.Random(1)))


@pytest.mark.parametrize(
    ("job", "kind", "data"),
    [
        (ACCEPTED, "job.accepted", {"status": "queued", "attempt": 0}),
        (STARTED, "job.started", {"status": "running", "attempt": 1}),
        (
            RETRIED,
            "job.progress",
            {
                "status": "queued",
                "attempt": 1,
                "stage": "waiting to run again",
                "available_at": to_iso(NOW + 520),
                "error": {"error": "boom", "message": "it broke"},
            },
        ),
        (
            done(lifecycle.hand_back(STARTED, attempt=1, now=NOW + 20)),
            "job.progress",
            {"status": "queued", "attempt": 1, "stage": "waiting to run again", "available_at": to_iso(NOW + 20), "error": None},
        ),
        (SUCCEEDED, "job.succeeded", {"status": "succeeded", "attempt": 1, "result": {"text": "ñandú 🦊"}, "truncated": False}),
        (FAILED, "job.failed", {"status": "failed", "attempt": 1, "error": {"error": "boom", "message": "it broke"}}),
        (done(lifecycle.cancel(ACCEPTED, now=NOW + 20)), "job.cancelled", {"status": "cancelled", "attempt": 0}),
        (done(lifecycle.replay(FAILED, now=NOW + 30)), "job.accepted", {"status": "queued", "attempt": 1}),
    ],
    ids=["accepted", "started", "retried", "handed back", "succeeded", "failed", "cancelled", "replayed"],
)
def test_each_transition_has_its_event(job: Job, kind: str, data: dict[str, Any]) -> None:
    assert read(job) == {
        "type": kind,
        "job": job.id,
        "generator": "stories",
        "user": "ana",
        "version": job.version,
        "at": to_iso(job.updated_at),
        "data": {"correlation_id": "c-1", **data},
    }
    assert transition_event(job).transition


def test_every_state_has_an_event() -> None:
    for state in State:
        assert read(replace(SUCCEEDED, state=state))["type"].startswith("job.")


@pytest.mark.parametrize(
    ("result", "carried"),
    [
        ('"' + "x" * (RESULT_IN_EVENT_BYTES - 2) + '"', True),
        ('"' + "x" * (RESULT_IN_EVENT_BYTES - 1) + '"', False),
        ('"' + "🦊" * (RESULT_IN_EVENT_BYTES // 4 - 1) + '"', True),
        ('"' + "🦊" * (RESULT_IN_EVENT_BYTES // 4) + '"', False),
        (None, False),
    ],
    ids=["just fits", "one byte more", "letters of four bytes that fit", "letters of four bytes that do not", "none"],
)
def test_a_result_that_is_too_large_is_left_out_and_said_to_be(result: str | None, carried: bool) -> None:
    data = read(replace(SUCCEEDED, result=result))["data"]
    assert data["truncated"] is not carried
    assert (data["result"] is not None) == carried
