"""What a caller sees of a job."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from octavo_core.clock import to_iso
from octavo_core.identity import Principal
from octavo_generation.api.preferences import Preference
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.store import JobStore

ENDS = frozenset({"job.succeeded", "job.failed", "job.cancelled"})
PLEASE_WAIT = "Please wait a moment"
_SMALL_REQUEST_CHARS = 65_536
"""A larger one holds a picture; parsing many of them would hold up the loop."""
_OURS = frozenset({"image", "sampling", "checks", "enhanced_prompt", "stream", "template_body", "project"})
"""What stands in a payload and was not written by the person, or is no text."""
_LINE_MAX = 500
JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Timings(BaseModel):
    accepted_at: str
    started_at: str | None = None
    ended_at: str | None = None
    wait_ms: int | None = Field(None, description="From acceptance to the first start.")
    run_ms: int | None = Field(None, description="From the first start to the end.")


class GenerationResponse(BaseModel):
    """Every answer about a generation."""

    model_config = ConfigDict(extra="allow")

    success: bool = Field(description="False only when the job failed.")
    generation_id: str
    status: State
    message: str | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = Field(None, description="Why it failed, or why the last attempt did.")
    usage: dict[str, Any] | None = None
    provider: dict[str, Any] | None = Field(None, description="Which model answered, on what.")
    request: dict[str, Any] | None = Field(
        None, description="What was asked, where a generation is read; without pictures, and left out where it is large."
    )
    progress: dict[str, Any] | None = None
    place: int | None = Field(
        None, description="Of a queued one that is read: its place in the queue, 1 is next. None far behind, or while a retry is not due."
    )
    attempt: int = 0
    cancel_requested: bool = False
    timings: Timings
    correlation_id: str


class BatchResponse(BaseModel):
    """The generations of a batch, in the order of its requests."""

    success: bool = Field(description="False when one of them failed.")
    items: list[GenerationResponse]
    correlation_id: str


def generation_view(job: Job, *, root: str, with_request: bool = False) -> dict[str, Any]:
    """The JSON body of one job, as plain data (it is on the hot path). `root` is what stands before our paths."""
    done: dict[str, Any] = orjson.loads(job.result) if job.result else {}
    for image in (done.get("result") or {}).get("images", ()):
        if "path" in image:
            # Below the generator's own address, which only the process that is asked knows.
            image["url"] = root + image["path"]
    if exports := (done.get("result") or {}).get("exports"):
        for one in exports:
            one["url"] = f"{location_of(job, root)}/export/{one['format']}"
    asked = {"request": _asked(job)} if with_request else {}
    return {
        **asked,
        "success": job.state is not State.FAILED,
        "generation_id": job.id,
        "status": job.state.value,
        "message": _message(job),
        "result": done.get("result"),
        "error": orjson.loads(job.error) if job.error else None,
        "usage": done.get("usage"),
        "provider": done.get("provider"),
        "progress": orjson.loads(job.progress) if job.progress and job.state is State.RUNNING else None,
        "attempt": job.attempt,
        "cancel_requested": job.cancel_requested,
        "timings": {
            "accepted_at": to_iso(job.created_at),
            "started_at": None if job.started_at is None else to_iso(job.started_at),
            "ended_at": None if job.ended_at is None else to_iso(job.ended_at),
            "wait_ms": None if job.started_at is None else max(0, job.started_at - job.created_at),
            "run_ms": None if job.started_at is None or job.ended_at is None else max(0, job.ended_at - job.started_at),
        },
        "correlation_id": job.correlation_id,
    }


async def places_of(store: JobStore, jobs: Sequence[Job]) -> dict[str, int]:
    """Of those of one queue that wait in it, by id; who stands behind the first `_LINE_MAX` is left out."""
    if not any(job.state is State.QUEUED for job in jobs):
        return {}
    return {job_id: place for place, job_id in enumerate(await store.line(jobs[0].queue, _LINE_MAX), start=1)}


def generation_view_for(principal: Principal, job: Job, *, root: str, places: Mapping[str, int]) -> dict[str, Any]:
    """As `generation_view`. A person is told what was asked; whoever sees everybody's, whose it is and how often it failed."""
    view = generation_view(job, root=root, with_request=job.owner == principal.user)
    view["place"] = places.get(job.id)
    return {**view, "user": job.owner, "failures": job.failures} if principal.sees_all else view


def _asked(job: Job) -> dict[str, Any] | None:
    if len(job.request) > _SMALL_REQUEST_CHARS:
        return None
    payload = orjson.loads(job.request)
    if not isinstance(payload, dict):
        # A body that was accepted unread while the generator slept: text that is no JSON, or a whole batch.
        return None
    return {name: value for name, value in payload.items() if value is not None and name not in _OURS}


def _message(job: Job) -> str:
    match job.state:
        case State.QUEUED if job.failures:
            return f"The attempt failed; another one follows in {max(0, math.ceil((job.available_at - job.updated_at) / 1000))} s"
        case State.QUEUED | State.RUNNING:
            return PLEASE_WAIT if not job.cancel_requested else "The generation is being cancelled"
        case State.SUCCEEDED:
            return "Done"
        case State.CANCELLED:
            return "The generation was cancelled"
        case State.FAILED:
            return str(orjson.loads(job.error).get("message", "The generation failed")) if job.error else "The generation failed"


def generation_response(job: Job, *, root: str, preference: Preference) -> Response:
    """The answer to a submission: the end with its status, or 202 with where to look. `root` is what stands before our paths."""
    headers = {"preference-applied": preference.applied}
    view = generation_view(job, root=root)
    if job.state.ended:
        return json_response(view, _ended_status(job), headers)
    headers["location"] = location_of(job, root)
    view["events_url"] = f"{headers['location']}/events"
    return json_response(view, 202, headers)


def location_of(job: Job, root: str) -> str:
    return f"{root}/api/v1/generate/{job.id}"


def json_response(content: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")


def _ended_status(job: Job) -> int:
    """A waiting caller learns a failure from the status too; the job, its id and its error stand in the body all the same."""
    if job.state is not State.FAILED:
        return 200
    code = str(orjson.loads(job.error).get("error")) if job.error else ""
    return _FAILED.get(code, 502 if code.startswith("provider") else 500)


_FAILED = {"provider_unavailable": 503, "provider_timeout": 504, "timeout": 504, "moderated": 451, "validation_failed": 422}
