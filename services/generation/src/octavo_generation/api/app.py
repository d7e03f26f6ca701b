"""The application that serves one generator, at the root of its own service in a cluster, under a prefix on a laptop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_core.errors import OctavoError
from octavo_core.http import Check, Edge, create_app, problem_response
from octavo_generation.api.activity import Activity
from octavo_generation.api.backlog import backlog_router
from octavo_generation.api.events import events_router
from octavo_generation.api.generate import generate_router
from octavo_generation.api.jobs import jobs_router
from octavo_generation.api.services import JobServices
from octavo_generation.api.submitting import Submissions
from octavo_generation.generator import Generator

_GENERATE = "/api/v1/generate"


class GeneratorApp:
    """FastAPI for everything, with a short cut for the one route that is hot: `POST /api/v1/generate` is answered by the very
    function that its FastAPI route calls, without the layers in between, which cost as much as the rest of the request. A page
    of another origin needs one of those layers and takes the long way."""

    def __init__(
        self, app: ASGIApp, submissions: Submissions, activity: Activity, *, service: str, max_body_bytes: int, cors: bool
    ) -> None:
        self._app = app
        self._submissions = submissions
        self._activity = activity
        self._cors = cors
        self._edge = Edge(self._dispatch, service=service, max_body_bytes=max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._activity.counts(scope["path"][len(scope.get("root_path", "")) :]):
            await self._edge(scope, receive, send)
            return
        self._activity.open_requests += 1
        try:
            await self._edge(scope, receive, send)
        finally:
            self._activity.open_requests -= 1

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"] == scope.get("root_path", "") + _GENERATE
            and not (self._cors and any(name == b"origin" for name, _ in scope["headers"]))
        ):
            scope["octavo.route"] = _GENERATE
            try:
                response = await self._submissions.one(Request(scope, receive))
            except OctavoError as error:
                response = problem_response(error)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


def create_generator_app(
    generator: Generator,
    services: JobServices,
    *,
    checks: Mapping[str, Check] | None = None,
    max_body_bytes: int = 1_048_576,
    cors_origins: Sequence[str] = (),
) -> GeneratorApp:
    """`services` are started and closed by the caller, who may share them between generators. `checks` are what readiness stands
    on besides them."""
    spec = generator.resource.spec
    submissions, activity = Submissions(generator, services), Activity()
    app = create_app(
        service=generator.name,
        title=f"{generator.name} ({spec.task})",
        description=f"{generator.task.summary} with {spec.model_label}. Every generation is a durable job.",
        version=version("octavo-generation"),
        checks={**(checks or {}), "database": services.check_database, "redis": services.check_redis},
        cors_origins=cors_origins,
        max_body_bytes=max_body_bytes,
    )
    app.include_router(generate_router(generator, services, submissions))
    app.include_router(events_router(generator, services))
    app.include_router(jobs_router(generator, services))
    app.include_router(backlog_router(generator, services, activity))
    return GeneratorApp(app, submissions, activity, service=generator.name, max_body_bytes=max_body_bytes, cors=bool(cors_origins))
