"""One factory for the HTTP applications of all services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from octavo_core.errors import Fault, InvalidInput, OctavoError
from octavo_core.http.docs_pages import add_docs_pages
from octavo_core.http.edge import Edge
from octavo_core.http.health import Check, health_router
from octavo_core.http.lifespan import Lifespan
from octavo_core.http.problems import PROBLEM_RESPONSES, problem_for_status, problem_response
from octavo_core.http.security_headers import SecuredAnswers


def create_app(
    *,
    service: str,
    title: str,
    description: str,
    version: str,
    checks: Mapping[str, Check],
    degraded_by: Mapping[str, Check] | None = None,
    lifespan: Lifespan | None = None,
    cors_origins: Sequence[str] = (),
    max_body_bytes: int = 1_048_576,
    prefix: str = "",
) -> FastAPI:
    """A FastAPI application with the health trio, `/metrics`, `/docs`, correlation ids, problem responses, CORS, a body
    limit, and the headers that browsers are told with what they may do.

    `checks` are the dependencies that readiness stands on; `degraded_by` those without which the service goes on with less, and says so.
    The caller adds its routes to what comes back. Under `prefix`
    (`/api/auth`) are the document, its pages, health and metrics, where several services share a host; routes are the caller's own.
    """
    app = FastAPI(
        title=title,
        description=description,
        version=version,
        lifespan=lifespan,
        responses=PROBLEM_RESPONSES,
        openapi_url=f"{prefix}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    add_docs_pages(app, prefix)
    app.add_middleware(Edge, service=service, max_body_bytes=max_body_bytes)
    if cors_origins:
        # Around the edge, so that a browser may read its refusals (413, 500) too.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["*"],
            allow_headers=[
                "authorization",
                "content-type",
                "idempotency-key",
                "if-match",
                "if-none-match",
                "prefer",
                "x-correlation-id",
                "last-event-id",
            ],
            expose_headers=["x-correlation-id", "etag", "location", "retry-after", "preference-applied"],
        )
        app.add_middleware(SecuredAnswers)
    app.add_exception_handler(OctavoError, _octavo_error)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.include_router(health_router(service, version, checks, degraded_by), prefix=prefix)
    app.add_api_route(f"{prefix}/metrics", _metrics, methods=["GET"], include_in_schema=False)
    return app


def _metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _octavo_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OctavoError)
    return problem_response(error)


async def _framework_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_for_status(error.status_code, headers=error.headers)


async def _validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = tuple(Fault(".".join(str(part) for part in e["loc"]), e["msg"]) for e in error.errors())
    return problem_response(InvalidInput("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=faults))
