"""Request bodies, from bytes to a task's request, with faults that name their place."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.requests import Request

from octavo_core.errors import Fault, InvalidInput, MalformedBody, TooLarge, UnsupportedMedia
from octavo_core.spec import Spec
from octavo_generation.tasks.fields import TaskRequest

Body = TypeVar("Body", bound=BaseModel)

MAX_KEY_CHARS = 200


async def read_json(request: Request) -> bytes:
    """The body of a request that says it is JSON, or says nothing."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMedia(f"send application/json, not {media_type[:100]}")
    raw = await request.body()
    if not raw:
        raise MalformedBody("the body is empty; send a JSON object")
    return raw


def parse(kind: type[Body], raw: bytes) -> Body:
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        raise refused(error) from None


def parse_items(kind: type[Body], raw: bytes, most: int) -> list[Body]:
    """A JSON array of bodies; the faults of all items at once, each with its index."""
    try:
        return _batch_of(kind, most).validate_json(raw)
    except ValidationError as error:
        raise refused(error) from None


@functools.cache
def _batch_of(kind: type[Body], most: int) -> TypeAdapter[list[Body]]:
    return TypeAdapter(Annotated[list[kind], Field(min_length=1, max_length=most)])  # type: ignore[valid-type, arg-type]


def check_length(body: TaskRequest, spec: Spec) -> None:
    most = spec.limits.max_prompt_chars
    if body.prompt_chars > most:
        raise TooLarge(f"the prompt has {body.prompt_chars} characters; this generator takes {most}")


def read_idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_CHARS or not key.isascii() or not key.isprintable():
        raise InvalidInput(f"Idempotency-Key must be 1 to {MAX_KEY_CHARS} printable ASCII characters")
    return key


def body_hash(*requests: TaskRequest) -> str:
    """The same request in another spelling (order, spaces, null for absent) is the same request, also after an edit of the generator."""
    bodies = [request.model_dump(exclude_none=True) for request in requests]
    return hashlib.sha256(orjson.dumps(bodies, option=orjson.OPT_SORT_KEYS)).hexdigest()


def refused(error: ValidationError) -> InvalidInput:
    errors = error.errors(include_url=False, include_context=True, include_input=False)
    if errors[0]["type"] == "json_invalid":
        return MalformedBody("the body is not valid JSON: " + str(errors[0].get("ctx", {}).get("error", "cannot be read")))
    return _invalid([Fault(_path(e["loc"]), str(e["msg"]), _allowed(e)) for e in errors])


def _invalid(faults: Sequence[Fault]) -> InvalidInput:
    message = "; ".join(f"{fault.path}: {fault.message}" if fault.path else fault.message for fault in faults[:5])
    return InvalidInput(message, faults=tuple(faults[:50]))


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path[:200]


def _allowed(error: Any) -> str | None:
    context = error.get("ctx") or {}
    return str(context["expected"]) if error["type"] in ("literal_error", "enum") and "expected" in context else None
