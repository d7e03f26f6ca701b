"""What a caller sees of a job that is held: the generator's own answers, as they would be before a worker came to it.

The shapes are those of the generation API (a contract test compares them): a caller cannot tell who answered.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from octavo_activator.gate import Gate, Message
from octavo_activator.held import HeldJob, HeldState
from octavo_core.clock import to_iso
from octavo_core.http import sse
from octavo_core.http.preferences import Preference

PLEASE_WAIT = "Please wait a moment"
_STATUS = {HeldState.HELD: "queued", HeldState.CANCELLED: "cancelled", HeldState.FAILED: "failed"}


def generation_view(job: HeldJob, gate: Gate) -> dict[str, Any]:
    ended, is_cancelling = job.has_ended_here, not job.is_held and not job.has_ended_here
    error = orjson.loads(job.error) if job.error and job.state is HeldState.FAILED else None
    return {
        "success": job.state is not HeldState.FAILED,
        "generation_id": job.id,
        "status": _STATUS[job.state] if ended else "queued",
        "message": "The generation is being cancelled" if is_cancelling else _message(job, error),
        "result": None,
        "error": error,
        "usage": None,
        "provider": None,
        "progress": None if ended else {"status": "queued", "stage": gate.message},
        "attempt": 0,
        "cancel_requested": is_cancelling,
        "timings": {
            "accepted_at": to_iso(job.accepted_at),
            "started_at": None,
            "ended_at": to_iso(job.changed_at) if ended else None,
            "wait_ms": None,
            "run_ms": None,
        },
        "correlation_id": job.correlation_id,
    }


def submission_response(job: HeldJob, gate: Gate, *, root: str, preference: Preference) -> Response:
    """The answer to a submission: 202 with where to look, or the end that the job had here. `root` stands before our paths."""
    view, headers = generation_view(job, gate), {"preference-applied": preference.applied}
    if job.has_ended_here:
        return json_response(view, 200 if job.state is HeldState.CANCELLED else 503, headers)
    headers["location"] = f"{root}/api/v1/generate/{job.id}"
    view["events_url"] = f"{root}/api/v1/generate/{job.id}/events"
    return json_response(view, 202, headers)


def json_response(content: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers=headers, media_type="application/json")


def accepted_id(job: HeldJob) -> str:
    """Ids of events count milliseconds behind a zero: they come before all that the generator's own stream will have."""
    return f"0-{job.accepted_at}"


def accepted_frame(job: HeldJob) -> bytes:
    return _frame(job, "job.accepted", accepted_id(job), job.accepted_at, {"status": "queued", "attempt": 0})


def message_id(job: HeldJob, message: Message) -> str:
    return f"0-{max(message.at_ms, job.accepted_at + 1)}"


def message_frame(job: HeldJob, message: Message) -> bytes:
    data = {"status": "queued", "stage": message.text, "attempt": 0, "seq": message.number}
    return _frame(job, "job.progress", message_id(job, message), message.at_ms, data)


def end_frame(job: HeldJob) -> bytes:
    data: dict[str, Any] = {"status": _STATUS[job.state], "attempt": 0}
    if job.state is HeldState.FAILED:
        data["error"] = orjson.loads(job.error) if job.error else None
    return _frame(job, f"job.{_STATUS[job.state]}", f"0-{max(job.changed_at, job.accepted_at + 1)}", job.changed_at, data, version=2)


def _frame(job: HeldJob, kind: str, event_id: str, at_ms: int, data: dict[str, Any], *, version: int = 1) -> bytes:
    body = {
        "id": event_id,
        "type": kind,
        "job": job.id,
        "generator": job.key.name,
        "user": job.principal.user,
        "version": version,
        "at": to_iso(at_ms),
        "data": data | {"correlation_id": job.correlation_id},
    }
    return sse.frame(event_id=event_id, event=kind, data=orjson.dumps(body))


def _message(job: HeldJob, error: dict[str, Any] | None) -> str:
    match job.state:
        case HeldState.HELD:
            return PLEASE_WAIT
        case HeldState.CANCELLED:
            return "The generation was cancelled"
        case HeldState.FAILED:
            return str((error or {}).get("message", "The generation failed"))
