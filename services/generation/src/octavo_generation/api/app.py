"""The application that serves one generator, at the root of its own service in a cluster, under a prefix on a laptop."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from octavo_core.http import create_app
from octavo_generation.api.events import events_router
from octavo_generation.api.generate import generate_router
from octavo_generation.api.jobs import jobs_router
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator


def create_generator_app(generator: Generator, services: JobServices, *, max_body_bytes: int = 1_048_576) -> FastAPI:
    """`services` are started and closed by the caller, who may share them between generators."""
    spec = generator.resource.spec
    app = create_app(
        service=generator.name,
        title=f"{generator.name} ({spec.task})",
        description=f"{generator.task.summary} with {spec.model_label}. Every generation is a durable job.",
        version=version("octavo-generation"),
        checks={"database": services.check_database, "redis": services.check_redis},
        max_body_bytes=max_body_bytes,
    )
    app.include_router(generate_router(generator, services))
    app.include_router(events_router(generator, services))
    app.include_router(jobs_router(generator, services))
    return app
