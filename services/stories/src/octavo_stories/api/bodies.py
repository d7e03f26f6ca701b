"""What comes in and goes out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from octavo_core.clock import to_iso
from octavo_core.generators import NAME as GENERATOR_NAME
from octavo_documents import Document
from octavo_stories.domain.story import TITLE_CHARS

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_CHARS)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
Audience = Literal["children", "young", "adult"]
CharacterId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]

EXCERPT_CHARS = 200


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChapterBody(_Sent):
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_CHARS)] | None = None
    text: Annotated[str, StringConstraints(max_length=200_000)]


class Content(_Sent):
    """A story is one chapter or more. Paragraphs are parted by empty lines."""

    chapters: list[ChapterBody] = Field(max_length=100)


class NewStory(_Sent):
    """Also the whole of what PUT replaces."""

    title: Title = Field(examples=["El faro"])
    content: Content
    language: Language | None = None
    audience: Audience | None = None


class StoryChanges(_Sent):
    """What is left out stays."""

    title: Title | None = None
    content: Content | None = None
    language: Language | None = None
    audience: Audience | None = None


class StoryWish(_Sent):
    prompt: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=6_000)] = Field(
        examples=["Una niña encuentra una llave en la playa"]
    )
    character_ids: list[CharacterId] = Field(default_factory=list, max_length=8, description="One's characters that the story is about.")
    title: Title | None = Field(None, description="Default: the beginning of the prompt.")
    audience: Audience | None = None
    language: Language | None = None
    generator: str | None = Field(None, pattern=f"^{GENERATOR_NAME.pattern}$", description="Name of a generator of stories.")
    max_tokens: int | None = Field(None, ge=1, le=100_000)
    seed: int | None = Field(None, ge=0, le=2**32 - 1)


class CastMemberView(BaseModel):
    id: str
    name: str


class StorySummary(BaseModel):
    id: str
    title: str
    excerpt: str = Field(description="The beginning of its text.")
    language: str | None
    audience: str | None
    characters: list[CastMemberView]
    state: Literal["writing", "ready", "failed"]
    reason: str | None = Field(description="Why it could not be written.")
    user_id: str
    version: int = Field(description="As in the ETag.")
    createdAt: str  # noqa: N815 - the seeds' names
    updatedAt: str  # noqa: N815


class Story(StorySummary):
    success: bool = True
    content: Content
    prompt: str | None
    generator: str | None
    job_id: str | None
    revision: int = Field(description="Grows with each edit; what was before is among its versions.")


class StoryAccepted(Story):
    message: str = "Please wait a moment"


class StoryPage(BaseModel):
    success: bool = True
    items: list[StorySummary]
    next_cursor: str | None


class VersionSummary(BaseModel):
    revision: int
    title: str
    saved_at: str


class Version(VersionSummary):
    success: bool = True
    content: Content
    language: str | None
    audience: str | None


class VersionPage(BaseModel):
    success: bool = True
    items: list[VersionSummary]
    next_cursor: str | None


class NewShare(_Sent):
    expires_in_seconds: int | None = Field(None, ge=60, le=366 * 86_400, description="Default: until it is revoked.")


class Share(BaseModel):
    id: str
    expires_at: str | None
    ended: bool
    createdAt: str  # noqa: N815


class MadeShare(Share):
    success: bool = True
    token: str = Field(description="Told this once.")
    url: str


class ShareList(BaseModel):
    success: bool = True
    items: list[Share]


class SharedStory(BaseModel):
    """What anybody with the link may read: nothing of who wrote it."""

    success: bool = True
    title: str
    content: Content
    language: str | None
    audience: str | None
    updatedAt: str  # noqa: N815


def summary(document: Document) -> StorySummary:
    return StorySummary(**_summary(document))


def view(document: Document) -> Story:
    return Story(**_whole(document))


def accepted(document: Document) -> StoryAccepted:
    return StoryAccepted(**_whole(document))


def version_summary(document: Document) -> VersionSummary:
    body = document.body
    return VersionSummary(revision=body["revision"], title=body["title"], saved_at=to_iso(body["saved_at"]))


def version_view(document: Document) -> Version:
    body = document.body
    return Version(
        revision=body["revision"],
        title=body["title"],
        saved_at=to_iso(body["saved_at"]),
        content=body["content"],
        language=body["language"],
        audience=body["audience"],
    )


def shared_view(document: Document) -> SharedStory:
    body = document.body
    return SharedStory(
        title=body["title"],
        content=body["content"],
        language=body["language"],
        audience=body["audience"],
        updatedAt=to_iso(document.updated_at),
    )


def share_view(document: Document, *, ended: bool) -> Share:
    expires_at = document.body["expires_at"]
    return Share(
        id=document.id,
        expires_at=None if expires_at is None else to_iso(expires_at),
        ended=ended,
        createdAt=to_iso(document.created_at),
    )


def _summary(document: Document) -> dict[str, Any]:
    body = document.body
    text = " ".join(" ".join(chapter["text"] for chapter in body["content"]["chapters"][:1]).split())
    return {
        "id": document.id,
        "title": body["title"],
        "excerpt": text if len(text) <= EXCERPT_CHARS else text[: EXCERPT_CHARS - 1].rstrip() + "…",
        "language": body["language"],
        "audience": body["audience"],
        "characters": [{"id": one["id"], "name": one["name"]} for one in body["characters"]],
        "state": body["state"],
        "reason": body["reason"],
        "user_id": document.owner,
        "version": document.version,
        "createdAt": to_iso(document.created_at),
        "updatedAt": to_iso(document.updated_at),
    }


def _whole(document: Document) -> dict[str, Any]:
    body = document.body
    return {
        **_summary(document),
        "content": body["content"],
        "prompt": body["prompt"],
        "generator": body["generator"],
        "job_id": body["job"],
        "revision": body["revision"],
    }
