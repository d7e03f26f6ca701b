"""The task `script`: a title, what it is about, a kind and a length in; a script in Fountain out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from octavo_core.spec import Spec
from octavo_core.spec.scripts import MOST_WORDS
from octavo_generation.scripts.library import choose, templates_of
from octavo_generation.scripts.projects import ProjectsApi
from octavo_generation.tasks.fields import PromptText, Seed, TaskRequest

LEAST_WORDS = 50
_ID = r"^[A-Za-z0-9][-_.A-Za-z0-9]*$"


def _one_line(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())


class ScriptRequest(TaskRequest):
    """A script of a kind, about something, of a length. The kinds and their templates are at `/api/v1/templates`."""

    project_id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=128,
            pattern=_ID,
            description="The project that it belongs to. Where the generator knows a project service, characters and earlier episodes"
            " are read there.",
            examples=["proj_123"],
        ),
    ] = None
    episode_id: Annotated[
        str | None, Field(min_length=1, max_length=128, pattern=_ID, description="The episode of the project that is being written.")
    ] = None
    script_type: Annotated[str, Field(min_length=1, max_length=63, description="The kind of script.", examples=["drama"])]
    title: Annotated[PromptText, Field(max_length=200, description="Its title.", examples=["My Script"]), AfterValidator(_one_line)]
    description: Annotated[PromptText, Field(description="What it is about.", examples=["A compelling drama about two sisters"])]
    length_target: Annotated[
        int | None, Field(ge=LEAST_WORDS, le=MOST_WORDS, description="Its length in words; default: the template's.", examples=[2000])
    ] = None
    template: Annotated[
        str | None, Field(min_length=1, max_length=63, description="Id of a template; default: the one for the kind of script.")
    ] = None
    characters: Annotated[
        list[Annotated[PromptText, Field(max_length=80), AfterValidator(_one_line)]] | None,
        Field(max_length=12, description="Names of who is in it; default: those of the project, else the writer's own."),
    ] = None
    language: Annotated[
        str | None, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$", description="en, es, …; told from the description when absent.")
    ] = None
    seed: Seed | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.title, self.description, *(self.characters or ()))


def prepare(request: ScriptRequest, spec: Spec) -> dict[str, Any]:
    """The job's payload: the request with its template written out, so that an edit of the generator changes new jobs only. Raises
    `InvalidInput` for a kind or a template that this generator does not have."""
    template = choose(templates_of(spec), request.script_type, request.template)
    payload: dict[str, Any] = {
        "project_id": request.project_id,
        "episode_id": request.episode_id,
        "script_type": request.script_type,
        "title": request.title,
        "description": request.description,
        "length_target": request.length_target or template.length,
        "template": template.id,
        "characters": request.characters,
        "language": request.language,
        "seed": request.seed,
        "template_body": template.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    return {name: value for name, value in payload.items() if value is not None}


async def with_project(payload: dict[str, Any], spec: Spec, projects: ProjectsApi, authorization: str | None) -> dict[str, Any]:
    """The payload with `project`, where it names one and the generator knows where projects are."""
    url, project = spec.script_settings.projects_url, payload.get("project_id")
    if url is None or project is None:
        return payload
    context = await projects.read(url, project, payload.get("episode_id"), authorization=authorization)
    return payload | {"project": context.as_dict()}


def narrow(schema: dict[str, Any], spec: Spec) -> None:
    """The kinds and the templates that the generator has."""
    templates = templates_of(spec)
    schema["properties"]["script_type"]["enum"] = sorted({one.genre for one in templates.values()})
    schema["properties"]["template"]["anyOf"][0]["enum"] = list(templates)
