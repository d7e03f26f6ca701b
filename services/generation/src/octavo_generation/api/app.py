"""The application that serves one generator, at the root of its own service in a cluster, under a prefix on a laptop."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_core.errors import OctavoError
from octavo_core.http import Check, Edge, create_app, problem_response
from octavo_core.spec import Spec
from octavo_core.spec.tasks import most_body_bytes
from octavo_generation.api.activity import Activity
from octavo_generation.api.backlog import backlog_router
from octavo_generation.api.erasing import erasing_router
from octavo_generation.api.events import events_router
from octavo_generation.api.gate import Gate
from octavo_generation.api.generate import generate_router
from octavo_generation.api.images import images_router
from octavo_generation.api.introducing import introduce
from octavo_generation.api.jobs import jobs_router
from octavo_generation.api.languages import languages_router
from octavo_generation.api.openai import OpenAI, in_openai_words, openai_router
from octavo_generation.api.providers import providers_router
from octavo_generation.api.report import report_router
from octavo_generation.api.scripts import scripts_router
from octavo_generation.api.services import JobServices
from octavo_generation.api.submitting import Submissions
from octavo_generation.generator import Generator
from octavo_generation.images.library import ImageLibrary
from octavo_generation.images.opening import open_image_storage

_GENERATE = "/api/v1/generate"
_CHAT = "/v1/chat/completions"


class GeneratorApp:
    """FastAPI for everything, with a short cut for the two routes that are hot: `POST /api/v1/generate` and `POST /v1/chat/completions`
    are answered by the very functions that their FastAPI routes call, without the layers in between, which cost as much as the rest
    of the request. A page of another origin needs one of those layers and takes the long way."""

    def __init__(
        self,
        app: ASGIApp,
        submissions: Submissions,
        openai: OpenAI,
        activity: Activity,
        *,
        service: str,
        max_body_bytes: int,
        max_chat_bytes: int,
        cors: bool,
    ) -> None:
        self._app = app
        self._hot: Mapping[str, Callable[[Request], Awaitable[Response]]] = {_GENERATE: submissions.one, _CHAT: openai.chat}
        self._activity = activity
        self._cors = cors
        self._edge = Edge(self._dispatch, service=service, max_body_bytes=max_body_bytes)
        self._chat_edge = Edge(self._dispatch, service=service, max_body_bytes=max_chat_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"][len(scope.get("root_path", "")) :] if scope["type"] == "http" else None
        if path is not None and path.startswith("/v1/"):
            send = in_openai_words(send)
        if path is None or not self._activity.counts(path):
            await self._edge(scope, receive, send)
            return
        self._activity.open_requests += 1
        try:
            await (self._chat_edge if path == _CHAT else self._edge)(scope, receive, send)
        finally:
            self._activity.open_requests -= 1

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"][len(scope.get("root_path", "")) :] if scope["type"] == "http" and scope["method"] == "POST" else ""
        answer = self._hot.get(path)
        if answer is not None and not (self._cors and any(name == b"origin" for name, _ in scope["headers"])):
            scope["octavo.route"] = path
            try:
                response = await answer(Request(scope, receive))
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
    environment: Mapping[str, str] | None = None,
    max_body_bytes: int = 1_048_576,
    cors_origins: Sequence[str] = (),
) -> GeneratorApp:
    """`services` are started and closed by the caller, who may share them between generators. `checks` are what readiness stands
    on besides them. `environment` holds the keys of a storage of pictures. Raises `Misconfigured` for a storage that cannot be opened."""
    environment = os.environ if environment is None else environment
    spec, activity, gate = generator.resource.spec, Activity(), Gate(generator, services)
    submissions = Submissions(generator, services, gate)
    openai = OpenAI(generator, services, admit=gate.admit, uploads=services.uploads)
    max_chat_bytes = most_body_bytes(spec.task, _CHAT, usual=max_body_bytes)
    max_body_bytes = most_body_bytes(spec.task, _GENERATE, usual=max_body_bytes)
    app = create_app(
        service=generator.name,
        title=f"{generator.name} ({spec.task})",
        description=f"{generator.task.summary} with {spec.model_label}. Every generation is a durable job.",
        version=version("octavo-generation"),
        checks={**(checks or {}), "database": services.check_database, "redis": services.check_redis},
        degraded_by=_degraded_by(spec, services),
        cors_origins=cors_origins,
        max_body_bytes=max_body_bytes,
    )
    introduce(app, generator, environment)
    app.include_router(generate_router(generator, services, submissions))
    app.include_router(events_router(generator, services))
    app.include_router(erasing_router(generator, services))
    app.include_router(jobs_router(generator, services))
    app.include_router(backlog_router(generator, services, activity))
    app.include_router(report_router(generator, services))
    app.include_router(openai_router(openai))
    if spec.task == "translation":
        app.include_router(languages_router(generator))
    if spec.providers is not None:
        app.include_router(providers_router(generator, environment, services.clock))
    if spec.task == "script":
        app.include_router(scripts_router(generator, services))
    if spec.task == "image" and spec.image_settings.store:
        storage = open_image_storage(spec.storage, folder=services.pictures / generator.name, environment=environment)
        library = ImageLibrary(services.generation, storage, retention_days=spec.storage.retention_days)
        services.libraries[generator.name] = library
        app.include_router(images_router(generator, library, services.signer()))
    return GeneratorApp(
        app,
        submissions,
        openai,
        activity,
        service=generator.name,
        max_body_bytes=max_body_bytes,
        max_chat_bytes=max_chat_bytes,
        cors=bool(cors_origins),
    )


def _degraded_by(spec: Spec, services: JobServices) -> Mapping[str, Check]:
    """A script is written without its project, too."""
    if (url := spec.script_settings.projects_url) is None:
        return {}

    async def project_service() -> None:
        await services.projects.check(url)

    return {"project_service": project_service}
