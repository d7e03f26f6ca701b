"""A character as a document. Pure: bodies in, bodies out.

    {name, description, image, image_real, shown, drawing}

`image` is the picture that was made, `image_real` a photograph that the person gave; both are references into the storage of
pictures, or null. `shown` names the one that the person chose to stand for the character; null, or left out by characters that are
older than the choice: whichever is there (`shown_of`).

`drawing` says how a picture that was asked for is coming along: {state, job, key, generator, prompt, reason, at}.
"""

from __future__ import annotations

from typing import Any, Literal

from octavo_documents import Body, Collection
from octavo_documents.pictures import KeptPicture

CHARACTERS = Collection("characters", sorts={"name": "text"}, searched=("name", "description"), max_bytes=32_768)

PictureKind = Literal["image", "image_real"]
PICTURE_KINDS: tuple[PictureKind, ...] = ("image", "image_real")
DrawingState = Literal["drawing", "done", "failed"]

MAX_PROMPT_CHARS = 1_000


def new_body(name: str, description: str) -> Body:
    return {"name": name, "description": description, "image": None, "image_real": None, "shown": None, "drawing": None}


def picture_of(body: Body, kind: PictureKind) -> KeptPicture | None:
    kept = body[kind]
    return None if kept is None else KeptPicture.from_dict(kept)


def pictures_of(body: Body) -> list[KeptPicture]:
    return [kept for kind in PICTURE_KINDS if (kept := picture_of(body, kind)) is not None]


def shown_of(body: Body) -> PictureKind | None:
    """The one that was chosen, while it is there; else the picture, else the photograph."""
    chosen: PictureKind | None = body.get("shown")
    order: tuple[PictureKind, ...] = PICTURE_KINDS if chosen is None else (chosen, *PICTURE_KINDS)
    return next((kind for kind in order if body[kind] is not None), None)


def with_picture(body: Body, kind: PictureKind, picture: KeptPicture | None) -> Body:
    return {**body, kind: None if picture is None else picture.as_dict()}


def asked_to_draw(body: Body, *, job: str, key: str | None, generator: str, prompt: str, size: str | None, at: int) -> Body:
    return {
        **body,
        "drawing": {
            "state": "drawing",
            "job": job,
            "key": key,
            "generator": generator,
            "prompt": prompt,
            "size": size,
            "reason": None,
            "at": at,
        },
    }


def drawing_of(body: Body, job: str) -> dict[str, Any] | None:
    """The drawing of that job, unless another was asked for since, or it has come to its end."""
    drawing: dict[str, Any] | None = body["drawing"]
    return drawing if drawing is not None and drawing["job"] == job and drawing["state"] == "drawing" else None


def has_landed(body: Body, job: str) -> bool:
    drawing: dict[str, Any] | None = body["drawing"]
    return drawing is not None and drawing["job"] == job and drawing["state"] == "done"


def drawn(body: Body, job: str, picture: KeptPicture) -> Body | None:
    """None where the job's picture is not waited for any more: it landed before, or the person changed their mind."""
    drawing = drawing_of(body, job)
    return None if drawing is None else {**body, "image": picture.as_dict(), "drawing": {**drawing, "state": "done"}}


def not_drawn(body: Body, job: str, reason: str) -> Body | None:
    drawing = drawing_of(body, job)
    return None if drawing is None else {**body, "drawing": {**drawing, "state": "failed", "reason": reason[:300]}}


def prompt_for(body: Body, wish: str | None) -> str:
    """What a generator of pictures is told: who it is, and what the person wishes beside that."""
    parts = [f"Portrait of {body['name']}", body["description"], wish]
    return ". ".join(part.strip().rstrip(".") for part in parts if part and part.strip())[:MAX_PROMPT_CHARS]
