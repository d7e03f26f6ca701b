"""Errors as a person sees them: a page in their language, a notice in the page that they are on, the way to the login; programs get the
problem that every service answers."""

from __future__ import annotations

import math
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from structlog.contextvars import get_contextvars

from octavo_core.errors import InvalidInput, NotFound, OctavoError, Unauthenticated
from octavo_core.http.problems import problem_for_status, problem_response, status_of
from octavo_web.domain.returning import return_path
from octavo_web.pages.rendering import Pages, is_fragment
from octavo_web.pages.wording import label_of


def add_error_pages(app: FastAPI, pages: Pages) -> None:
    """In place of the problems that `create_app` answers everywhere."""

    async def octavo_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, OctavoError)
        if request.url.path.startswith("/api/"):
            return problem_response(error)
        return error_answer(pages, request, error)

    async def framework_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if request.url.path.startswith("/api/") or error.status_code not in (400, 404):
            return problem_for_status(error.status_code, headers=error.headers)
        meant: OctavoError = NotFound("there is nothing at this address") if error.status_code == 404 else InvalidInput(str(error.detail))
        return error_answer(pages, request, meant)

    async def validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # Only a query that nobody's page made can be wrong here.
        meant = InvalidInput("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()))
        return problem_response(meant) if request.url.path.startswith("/api/") else error_answer(pages, request, meant)

    app.add_exception_handler(OctavoError, octavo_error)
    app.add_exception_handler(HTTPException, framework_error)
    app.add_exception_handler(RequestValidationError, validation_error)


def error_answer(pages: Pages, request: Request, error: OctavoError) -> Response:
    if isinstance(error, Unauthenticated):
        return _to_login(request)
    status = status_of(error)
    headers = {} if error.retry_after is None else {"retry-after": str(max(1, math.ceil(error.retry_after)))}
    context = {
        "message": pages.say(request, error.message),
        "faults": pages.faults(request, error),
        "code": status,
        "label_of": label_of,
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
