"""Errors as a person sees them: a page in their language, a notice in the page that they are on, the way to the login; programs get the
problem that every service answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from structlog.contextvars import get_contextvars

from octavo_core.errors import InvalidInput, NotFound, OctavoError, Unauthenticated
from octavo_core.http.problems import problem_for_status, problem_response, status_of
from octavo_web.domain.returning import page_path, return_path
from octavo_web.pages.forms import SECRETS, read_texts
from octavo_web.pages.rendering import Pages, is_fragment
from octavo_web.pages.wording import LABELS, label_of

_READ_S = 5.0
_NOT_GIVEN_BACK = frozenset({*SECRETS, "code", "ticket"})


def add_error_pages(app: FastAPI, pages: Pages) -> None:
    """In place of the problems that `create_app` answers everywhere."""

    async def octavo_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, OctavoError)
        if request.url.path.startswith("/api/"):
            return problem_response(error)
        # Not after a session that ended, nor for a part of a page, which keeps what is typed itself.
        is_lost = request.method == "POST" and status_of(error) >= 500 and not is_fragment(request)
        return error_answer(pages, request, error, typed=await _typed(request) if is_lost else None)

    async def framework_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        # A path that only takes forms is, for who looks at it, no page.
        is_page = error.status_code in (400, 404) or (error.status_code == 405 and request.method == "GET")
        if request.url.path.startswith("/api/") or not is_page:
            return problem_for_status(error.status_code, headers=error.headers)
        meant: OctavoError = (
            NotFound("there is nothing at this address") if error.status_code in (404, 405) else InvalidInput(str(error.detail))
        )
        return error_answer(pages, request, meant)

    async def validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # Only a query that nobody's page made can be wrong here.
        meant = InvalidInput("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()))
        return problem_response(meant) if request.url.path.startswith("/api/") else error_answer(pages, request, meant)

    app.add_exception_handler(OctavoError, octavo_error)
    app.add_exception_handler(HTTPException, framework_error)
    app.add_exception_handler(RequestValidationError, validation_error)


async def _typed(request: Request) -> dict[str, str]:
    """What a form brought that cannot be taken just now, so that it can be sent again: its texts, without passwords. Empty where that
    cannot be told any more. The request is the very one that the route had: what it has read is not read twice."""
    try:
        async with asyncio.timeout(_READ_S):
            texts = await read_texts(request)
    except (HTTPException, OctavoError, TimeoutError, ClientDisconnect, RuntimeError):
        return {}
    return {name: value for name, value in texts.items() if name not in _NOT_GIVEN_BACK}


def _again(request: Request) -> str:
    """Where one may look once more: this page, or the one from which something was sent here."""
    if request.method == "GET":
        return f"{request.url.path}{'?' if request.url.query else ''}{request.url.query}"
    came_from = urlsplit(request.headers.get("referer", ""))
    return page_path(f"{came_from.path}{'?' if came_from.query else ''}{came_from.query}", "/")


def error_answer(pages: Pages, request: Request, error: OctavoError, *, typed: Mapping[str, str] | None = None) -> Response:
    if isinstance(error, Unauthenticated):
        return _to_login(request)
    status = status_of(error)
    headers = {} if error.retry_after is None else {"retry-after": str(max(1, math.ceil(error.retry_after)))}
    context = {
        "message": pages.say(request, error.message),
        "faults": pages.faults(request, error),
        "code": status,
        "label_of": label_of,
        "labels": LABELS,
        "typed": typed or {},
        "again": _again(request),
        # What is away now may be back soon: the page looks by itself.
        "looks_again": status == 503 and request.method == "GET",
        "correlation": get_contextvars().get("correlation_id") or "",
    }
    if is_fragment(request):
        # What was typed stays where it is; only the notice is put in.
        return pages.render(
            request, "_problem.html", status=status, headers={**headers, "hx-retarget": "#problem", "hx-reswap": "innerHTML"}, **context
        )
    return pages.render(request, "error.html", status=status, headers=headers, **context)


def _to_login(request: Request) -> Response:
    asked = f"{request.url.path}{'?' if request.url.query else ''}{request.url.query}" if request.method == "GET" else None
    if is_fragment(request):
        # The page that asked for a fragment is what to come back to.
        asked = request.headers.get("hx-current-url", "").partition("://")[2].partition("/")[2]
        return Response(status_code=401, headers={"hx-redirect": f"/login?next={quote(return_path(f'/{asked}'), safe='/')}"})
    return RedirectResponse(f"/login?next={quote(return_path(asked), safe='/')}", 303)
