"""A client of a running platform, for commands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from octavo_core.errors import Fault, InvalidInput, NotFound, OctavoError, Unauthenticated, Unavailable


@contextmanager
def calling(url: str, token: str | None) -> Iterator[httpx.Client]:
    """Raises `Unavailable` when nothing answers there."""
    base = url or f"http://127.0.0.1:{os.environ.get('OCTAVO_PORT', '8080')}"
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    try:
        with httpx.Client(base_url=base, headers=headers, timeout=httpx.Timeout(30, read=330)) as client:
            yield client
    except httpx.ConnectError:
        raise Unavailable(f"nothing answers at {base}; start the platform with `octavo up`, or name another place with --url") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"the platform at {base} broke off ({type(error).__name__})") from None


def checked(answer: httpx.Response) -> dict[str, Any]:
    """The body of a good answer; a problem body raises what it says."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if answer.status_code < 400 and isinstance(body, dict):
        return body
    message = body.get("message", f"HTTP {answer.status_code}") if isinstance(body, dict) else f"HTTP {answer.status_code}"
    faults = tuple(Fault(e.get("path", ""), e.get("message", ""), e.get("allowed")) for e in body.get("errors", ()))
    kind: type[OctavoError] = {401: Unauthenticated, 404: NotFound}.get(
        answer.status_code, InvalidInput if answer.status_code < 500 else Unavailable
    )
    raise kind(str(message), faults=faults)
