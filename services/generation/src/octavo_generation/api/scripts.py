"""For generators of scripts: the templates, scripts as files, and what was written lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from octavo_core.clock import to_iso
from octavo_core.errors import Conflict, NotFound
from octavo_core.spec import ScriptTemplate
from octavo_generation.api.generate import owned_job
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator
from octavo_generation.scripts.exporting import Name, export
from octavo_generation.scripts.library import genre_of, templates_of
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.model import PageRequest

LATELY_JOBS = 200


class TemplateView(BaseModel):
    id: str = Field(description="What a request names as `template`.")
    genre: str = Field(description="What a request names as `script_type`.")
    name: str
    description: str
    form: str = Field(description="screenplay or spoken.")
    length: int = Field(description="Words, where a request gives no `length_target`.")
    beats: list[str] = Field(description="Names of its steps.")


class TemplatesResponse(BaseModel):
    success: bool = True
    templates: list[TemplateView]
    genres: list[str] = Field(description="All that there are.")


class TemplateResponse(BaseModel):
    success: bool = True
    template: ScriptTemplate


class WordsWritten(BaseModel):
    total: int
    average: float | None
    length_ratio: float | None = Field(description="Words that were written for each that was asked for, on average.")


class StatisticsResponse(BaseModel):
    """Of the caller's last generations; of everybody's for an admin."""

    success: bool = True
    considered: int = Field(description=f"How many those are; the last {LATELY_JOBS} at most.")
    since: str | None = Field(description="When the oldest of them was accepted.")
    by_status: dict[str, int]
    by_script_type: dict[str, int]
    words: WordsWritten
    average_seconds: float | None = Field(description="From the first start to the end, of those that succeeded.")
    tokens: int
    cost_usd: float | None = Field(description="Null where nobody knows a price.")


_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"text/plain": {}, "application/json": {}, "application/pdf": {}}}
}


def scripts_router(generator: Generator, services: JobServices) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["scripts"])
    templates = templates_of(generator.resource.spec)

    @router.get("/templates", summary="Available templates")
    async def list_templates(
        request: Request,
        genre: Annotated[str | None, Query(min_length=1, max_length=63, description="Those of this kind alone.")] = None,
    ) -> TemplatesResponse:
        await generator.principal(request.headers.get("authorization"))
        wanted = None if genre is None else genre_of(genre)
        found = [_view(one) for one in templates.values() if wanted in (None, one.genre)]
        return TemplatesResponse(templates=found, genres=sorted({one.genre for one in templates.values()}))

    @router.get("/templates/{template_id}", summary="A template with its beats, places and instructions", response_model_exclude_none=True)
    async def read_template(request: Request, template_id: str) -> TemplateResponse:
        await generator.principal(request.headers.get("authorization"))
        if template_id not in templates:
            raise NotFound("there is no such template")
        return TemplateResponse(template=templates[template_id])

    @router.get("/generate/{generation_id}/export/{file_format}", summary="The script as a file", response_class=Response, responses=_FILES)
    async def export_script(request: Request, generation_id: str, file_format: Name) -> Response:
        principal = await generator.principal(request.headers.get("authorization"))
        job = await owned_job(services, generator, principal, generation_id)
        result = _result(job)
        if result is None or result.get("format") != "fountain":
            raise Conflict("the script is not written")
        file = await export(result, file_format)
        headers = {
            "content-disposition": f'attachment; filename="{file.name}"',
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-cache",
        }
        return Response(file.data, media_type=file.media_type, headers=headers)

    @router.get("/statistics", summary="What was written lately")
    async def statistics(request: Request) -> StatisticsResponse:
        principal = await generator.principal(request.headers.get("authorization"))
        owner = None if principal.sees_all else principal.user
        jobs = await services.store.page(PageRequest(limit=LATELY_JOBS, queue=generator.name, owner=owner))
        return statistics_of(jobs)

    return router


def statistics_of(jobs: Sequence[Job]) -> StatisticsResponse:
    """Newest first. Pure."""
    results = [(job, result) for job in jobs if (result := _result(job)) is not None and "words" in result]
    words = [int(result["words"]) for _, result in results]
    ratios = [int(result["words"]) / int(result["length_target"]) for _, result in results]
    seconds = [(job.ended_at - job.started_at) / 1000 for job, _ in results if job.ended_at is not None and job.started_at is not None]
    usages = [orjson.loads(job.result).get("usage") or {} for job, _ in results if job.result]
    costs = [float(usage["cost_usd"]) for usage in usages if "cost_usd" in usage]
    return StatisticsResponse(
        considered=len(jobs),
        since=to_iso(jobs[-1].created_at) if jobs else None,
        by_status={state.value: sum(job.state is state for job in jobs) for state in State},
        by_script_type=dict(Counter(str(result["script_type"]) for _, result in results)),
        words=WordsWritten(total=sum(words), average=_mean(words), length_ratio=_mean(ratios)),
        average_seconds=_mean(seconds),
        tokens=sum((usage.get("prompt_tokens") or 0) + (usage.get("completion_tokens") or 0) for usage in usages),
        cost_usd=sum(costs) if costs else None,
    )


def _view(template: ScriptTemplate) -> TemplateView:
    return TemplateView(
        id=template.id,
        genre=template.genre,
        name=template.name,
        description=template.description,
        form=template.form,
        length=template.length,
        beats=[beat.name for beat in template.beats],
    )


def _result(job: Job) -> dict[str, Any] | None:
    if job.state is not State.SUCCEEDED or not job.result:
        return None
    result = orjson.loads(job.result).get("result")
    return result if isinstance(result, dict) else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
