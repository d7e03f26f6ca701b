"""What comes in and goes out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from octavo_core.clock import to_iso
from octavo_core.generators import NAME as GENERATOR_NAME
from octavo_documents import Document

_Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
_Genre = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
_Text = Annotated[str, StringConstraints(max_length=4_000)]
_Notes = Annotated[str, StringConstraints(max_length=20_000)]
_Number = Annotated[int, Field(ge=1, le=100_000)]
_Script = Annotated[str, StringConstraints(max_length=400_000)]
_Generation = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
_Generator = Annotated[str, StringConstraints(pattern=f"^{GENERATOR_NAME.pattern}$")]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProjectCharacter(_Sent):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    role: Annotated[str, StringConstraints(max_length=200)] = ""
    description: Annotated[str, StringConstraints(max_length=2_000)] = ""


_Characters = Annotated[list[ProjectCharacter], Field(max_length=40)]


class NewProject(_Sent):
    """Also the whole of what PUT replaces."""

    title: _Title = Field(examples=["The house by the river"])
    description: _Text = ""
    genre: _Genre | None = Field(None, description="As in the `script_type` of its scripts.", examples=["drama"])
    language: _Language | None = None
    notes: _Notes = Field("", description="What every script of it must heed.")
    characters: _Characters = Field(default_factory=list)


class ProjectChanges(_Sent):
    """What is left out stays."""

    title: _Title | None = None
    description: _Text | None = None
    genre: _Genre | None = None
    language: _Language | None = None
    notes: _Notes | None = None
    characters: _Characters | None = None


class Project(BaseModel):
    success: bool = True
    id: str
    title: str
    description: str
    genre: str | None
    language: str | None
    notes: str
    characters: list[ProjectCharacter]
    user_id: str
    version: int = Field(description="As in the ETag.")
    createdAt: str  # noqa: N815 - the seeds' names
    updatedAt: str  # noqa: N815


class ProjectPage(BaseModel):
    success: bool = True
    items: list[Project]
    next_cursor: str | None


class NewEpisode(_Sent):
    """Also the whole of what PUT replaces."""

    title: _Title = Field(examples=["Low water"])
    number: _Number | None = Field(None, description="Default: behind the last one.")
    synopsis: _Text = Field("", description="What happens in it; later episodes are written with this in mind.")
    script: _Script = Field("", description="Its text, in Fountain.")
    generator: _Generator | None = None
    generation_id: _Generation | None = Field(None, description="The generation that wrote the script.")


class EpisodeChanges(_Sent):
    """What is left out stays."""

    title: _Title | None = None
    number: _Number | None = None
    synopsis: _Text | None = None
    script: _Script | None = None
    generator: _Generator | None = None
    generation_id: _Generation | None = None


class EpisodeSummary(BaseModel):
    id: str
    project_id: str
    number: int
    title: str
    synopsis: str
    has_script: bool
    generator: str | None
    generation_id: str | None
    version: int = Field(description="As in the ETag.")
    createdAt: str  # noqa: N815
    updatedAt: str  # noqa: N815


class Episode(EpisodeSummary):
    success: bool = True
    script: str


class EpisodePage(BaseModel):
    success: bool = True
    items: list[EpisodeSummary]
    next_cursor: str | None


def project_view(document: Document) -> Project:
    return Project(
        id=document.id,
        user_id=document.owner,
        version=document.version,
        createdAt=to_iso(document.created_at),
        updatedAt=to_iso(document.updated_at),
        **document.body,
    )


def episode_summary(document: Document) -> EpisodeSummary:
    return EpisodeSummary(**_told(document))


def episode_view(document: Document) -> Episode:
    return Episode(**_told(document), script=document.body["script"])


def _told(document: Document) -> dict[str, Any]:
    body = document.body
    return {
        "id": document.id,
        "project_id": body["project"],
        **{name: body[name] for name in ("number", "title", "synopsis", "generator", "generation_id")},
        "has_script": bool(body["script"]),
        "version": document.version,
        "createdAt": to_iso(document.created_at),
        "updatedAt": to_iso(document.updated_at),
    }
