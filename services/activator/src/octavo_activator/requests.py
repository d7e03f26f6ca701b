"""What a caller sent, read as far as it can be without the generator: the rest is judged when the generator is there.

The checks are those of the generator's own API, in its order and its words, so that nobody can tell who answered.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from structlog.contextvars import get_contextvars

from octavo_activator.held import HeldJob
from octavo_activator.routes import Key
from octavo_core.errors import InvalidInput, MalformedBody, UnsupportedMedia
from octavo_core.identity import Principal
from octavo_core.ids import generate_uuid

MAX_BATCH = 10
MAX_KEY_CHARS = 200


@dataclass(frozen=True, slots=True)
class Submission:
    """One request for generations: a single job, or those of a batch."""

    jobs: list[HeldJob]
    is_batch: bool

    @property
    def idempotency_keys(self) -> list[str]:
        return [job.idempotency_key for job in self.jobs if job.idempotency_key is not None]


async def read_submission(request: Request, key: Key, principal: Principal, *, is_batch: bool, now: int) -> Submission:
    """Raises `InvalidInput` and its kinds."""
    body = await _read_json(request)
    idempotency_key = _read_idempotency_key(request, most=MAX_KEY_CHARS - 3 if is_batch else MAX_KEY_CHARS)
    parsed = _parse(body)
    items = _check_batch(parsed) if is_batch else [_check_object(parsed)]
    body_hash = None if idempotency_key is None else _hash(parsed)
    correlation_id = str(get_contextvars().get("correlation_id"))
    jobs = [
        HeldJob(
            id=generate_uuid(),
            key=key,
            principal=principal,
            body=body,
            correlation_id=correlation_id,
            accepted_at=now,
            item=index if is_batch else None,
            # As the generator's API numbers the items of a batch.
            idempotency_key=None if idempotency_key is None else f"{idempotency_key}#{index}" if is_batch else idempotency_key,
            body_hash=body_hash,
            changed_at=now,
        )
        for index in range(len(items))
    ]
    return Submission(jobs, is_batch)


async def _read_json(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMedia(f"send application/json, not {media_type[:100]}")
    raw = await request.body()
    if not raw:
        raise MalformedBody("the body is empty; send a JSON object")
    return raw


def _read_idempotency_key(request: Request, *, most: int) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= most or not key.isascii() or not key.isprintable():
        raise InvalidInput(f"Idempotency-Key must be 1 to {most} printable ASCII characters")
    return key


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"the body is not valid JSON: {error}") from None


def _check_object(parsed: object) -> object:
    if not isinstance(parsed, dict):
        raise InvalidInput("send a JSON object")
    return parsed


def _check_batch(parsed: object) -> list[Any]:
    if not isinstance(parsed, list) or not 1 <= len(parsed) <= MAX_BATCH:
        raise InvalidInput(f"send a JSON list of 1 to {MAX_BATCH} requests")
    for index, item in enumerate(parsed):
        if not isinstance(item, dict):
            raise InvalidInput(f"[{index}]: send a JSON object")
    return parsed


def _hash(parsed: Any) -> str:
    """The same request in another spelling (order, spaces, null for absent) is the same request."""
    plain = [_without_nulls(item) for item in parsed] if isinstance(parsed, list) else _without_nulls(parsed)
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _without_nulls(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}
