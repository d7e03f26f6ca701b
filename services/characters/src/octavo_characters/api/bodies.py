"""What comes in and goes out. Names of members are the seeds', in lower case (Name, Image_Real → name, image_real)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from octavo_characters.domain.character import PictureKind, picture_of, shown_of
from octavo_core.clock import to_iso
from octavo_core.generators import NAME as GENERATOR_NAME
from octavo_documents import Document

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCharacter(_Sent):
    """Also the whole of what PUT replaces."""

    name: Name = Field(examples=["Marina"])
    description: Description = Field("", examples=["A sailor of nine years who is not afraid of storms"])


class CharacterChanges(_Sent):
    """What is left out stays."""

    name: Name | None = None
    description: Description | None = None
    shown: PictureKind | None = Field(None, description="Which of its two pictures stands for it.")


class PictureWish(_Sent):
    """All of it may be left out: the picture then shows who the description says."""

    prompt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=600)] | None = Field(
        None, description="What the picture shall show beside the character.", examples=["watercolour, smiling, at sea"]
    )
    generator: str | None = Field(None, pattern=f"^{GENERATOR_NAME.pattern}$", description="Name of a generator of images.")
    size: str | None = Field(
        None, pattern=r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$", description="Width and height, as the generator takes them."
    )


class Drawing(BaseModel):
    """How the picture that was asked for is coming along."""

    state: Literal["drawing", "done", "failed"]
    job_id: str
    generator: str
    reason: str | None = Field(description="Why it failed.")
    requested_at: str


class Character(BaseModel):
    success: bool = True
    id: str
    name: str
    description: str
    image: str | None = Field(description="Where its picture is.")
    image_real: str | None = Field(description="Where the photograph is.")
    shown: PictureKind | None = Field(description="Which of the two stands for it; null while there is none.")
    user_id: str
    drawing: Drawing | None
    version: int = Field(description="As in the ETag.")
    createdAt: str  # noqa: N815 - the seeds' names
    updatedAt: str  # noqa: N815


class CharacterPage(BaseModel):
    success: bool = True
    items: list[Character]
    next_cursor: str | None


class PictureAccepted(BaseModel):
    success: bool = True
    character_id: str
    job_id: str
    status: str = "queued"
    message: str = "Please wait a moment"


def view(document: Document) -> Character:
    body = document.body
    return Character(
        id=document.id,
        name=body["name"],
        description=body["description"],
        image=_address(document, "image"),
        image_real=_address(document, "image_real"),
        shown=shown_of(body),
        user_id=document.owner,
        drawing=_drawing(body["drawing"]),
        version=document.version,
        createdAt=to_iso(document.created_at),
        updatedAt=to_iso(document.updated_at),
    )


def _address(document: Document, kind: PictureKind) -> str | None:
    kept = picture_of(document.body, kind)
    # The tag makes another address of another picture, so that a cache never shows an old one.
    return None if kept is None else f"/api/characters/{document.id}/{PATHS[kind]}?v={kept.tag}"


PATHS: dict[PictureKind, str] = {"image": "picture", "image_real": "picture/real"}


def _drawing(said: dict[str, Any] | None) -> Drawing | None:
    if said is None:
        return None
    return Drawing(
        state=said["state"], job_id=said["job"], generator=said["generator"], reason=said["reason"], requested_at=to_iso(said["at"])
    )
