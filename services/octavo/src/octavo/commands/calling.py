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
    headers = {} if not token else {"authorization": f"Bearer {token}"}
    try:
        # A person's HTTP proxy is not the way to their own machine.
        with httpx.Client(base_url=base, headers=headers, timeout=httpx.Timeout(30, read=330), trust_env=bool(url)) as client:
            yield client
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise InvalidInput(f"{base} is no address of a platform; it looks like http://127.0.0.1:8080") from None
    except UnicodeEncodeError:
        raise InvalidInput("the token holds characters that no token has") from None
    except httpx.ConnectError:
        raise Unavailable(f"nothing answers at {base}; start the platform with `octavo up`, or name another place with --url") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"the platform at {base} broke off ({type(error).__name__})") from None


def checked(answer: httpx.Response) -> dict[str, Any]:
    """The body of a good answer; a problem body raises what it says."""
    try:
        parsed = answer.json()
    except ValueError:
        parsed = None
    if answer.status_code < 400 and isinstance(parsed, dict):
        return parsed
    body = parsed if isinstance(parsed, dict) else {}
    message = body.get("message", f"{answer.url} answered {answer.status_code}; is that an Octavo platform?")
    faults = tuple(Fault(e.get("path", ""), e.get("message", ""), e.get("allowed")) for e in body.get("errors", ()))
    kind: type[OctavoError] = {401: Unauthenticated, 404: NotFound}.get(
        answer.status_code, InvalidInput if answer.status_code < 500 else Unavailable
    )
    raise kind(str(message), faults=faults)
