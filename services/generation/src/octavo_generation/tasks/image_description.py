"""The task `image-description`: a picture in, and perhaps a question about it; words out.

A picture comes as base64, as a file of a form, or as an address. It is checked and copied small before the job is accepted, and the
copy is in the job's payload: at most 2 MiB, so that a row stays what every database takes (MySQL's MEDIUMTEXT ends at 16 MiB), an
attempt on another machine needs nothing but the row, and a picture goes when its job does. In object storage it would outlive a job
that was never accepted, and an API could accept nothing while the storage is away.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from octavo_core.errors import EngineError, Fault, InvalidInput
from octavo_core.net import MAX_URL_CHARS, check_url
from octavo_core.pictures.limits import KINDS
from octavo_core.spec import Spec
from octavo_core.spec.tasks import PICTURE_BODY_BYTES
from octavo_generation.tasks.fields import MaxTokens, PromptText, TaskRequest
from octavo_generation.uploads.limits import UploadLimits

if TYPE_CHECKING:
    from octavo_core.net.outbound import Resolve
    from octavo_core.pictures.checking import CheckedPicture
    from octavo_generation.uploads.multipart import Form

_FILES = ("upload", "image")
_NUMBERS = ("max_tokens",)


def _base64(text: str) -> str:
    """Without the frame of a data: URL and without line breaks, so that one picture is one text; decoded later, not on the event loop."""
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma or not head.lower().rstrip().endswith(";base64"):
            raise PydanticCustomError("data_url", "must be a data: URL with base64, or the base64 alone")
    text = "".join(text.split())
    if not text:
        raise PydanticCustomError("empty", "must not be empty")
    return text


class ImageDescriptionRequest(TaskRequest):
    """Exactly one of `image` and `image_url`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [one], "properties": {one: {"type": "string"}, other: {"type": "null"}}}
                for one, other in (("image", "image_url"), ("image_url", "image"))
            ]
        }
    )

    image: Annotated[
        str | None,
        Field(
            max_length=PICTURE_BODY_BYTES,
            description=f"The picture ({KINDS}), as base64 or as a data: URL with base64. At most 10 MiB and 25 megapixels.",
        ),
        AfterValidator(lambda text: None if text is None else _base64(text)),
    ] = None
    image_url: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_URL_CHARS,
            description=f"Public http or https address of the picture ({KINDS}). Private addresses are refused.",
            examples=["https://example.com/cat.jpg"],
        ),
    ] = None
    question: Annotated[
        PromptText | None,
        Field(description="What you want to know about the picture. Left out: a description of what is to be seen."),
    ] = None
    language: Annotated[
        str | None,
        Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$", description="Language of the answer: en, es, …; default: that of the question."),
    ] = None
    max_tokens: MaxTokens | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> ImageDescriptionRequest:
        if (self.image is None) == (self.image_url is None):
            raise PydanticCustomError("one_of", "give exactly one of image and image_url")
        return self

    @property
    def texts(self) -> tuple[str, ...]:
        return () if self.question is None else (self.question,)


def request_fields(form: Form) -> dict[str, Any]:
    """The fields of the request that a form stands for, to be validated like a JSON body. Raises `InvalidInput`."""
    fields: dict[str, Any] = dict(form.texts)
    for name in _NUMBERS:
        text = fields.get(name)
        if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10:
            fields[name] = int(text)
    strange = [name for name in form.files if name not in _FILES]
    if strange or len(form.files) > 1 or (form.files and "image" in form.texts):
        raise _fault("upload", "send one file", " or ".join(_FILES))
    for data in form.files.values():
        fields["image"] = base64.b64encode(data).decode("ascii")
    if not fields.get("image") and "image_url" not in fields:
        raise _fault("upload", "the form holds no picture", "a file named upload or image, or image_url")
    return fields


def prepare(request: ImageDescriptionRequest, _spec: Spec) -> dict[str, Any]:
    """The job's payload without the picture; pure. `prepare_upload` adds that."""
    return request.model_dump(exclude_none=True, exclude={"image"})


async def prepare_upload(request: ImageDescriptionRequest, spec: Spec, limits: UploadLimits) -> dict[str, Any]:
    """The whole payload: what `prepare` gives, and `image`, a `CheckedPicture` with its data in base64, where one was sent.

    Raises what `check_picture` raises; `InvalidInput` at once for an `image_url` that is forbidden by what stands in it. Nothing is
    fetched here: a slow server must not hold the API.
    """
    payload = prepare(request, spec)
    if request.image_url is not None:
        check_url(request.image_url, limits.fetch)
    if request.image is not None:
        # Here and not above: an API of another task needs no image codecs.
        from octavo_core.pictures.checking import check_base64

        picture = await check_base64(request.image, limits.picture)
        payload["image"] = asdict(picture) | {"data": base64.b64encode(picture.data).decode("ascii")}
    return payload


async def load_picture(payload: dict[str, Any], limits: UploadLimits, *, resolve: Resolve | None = None) -> CheckedPicture:
    """In the worker: the picture that the payload holds or points to. Raises what `fetch_picture` and `check_picture` raise."""
    from octavo_core.pictures.checking import CheckedPicture, check_picture
    from octavo_generation.uploads.fetching import fetch_picture

    image = payload.get("image")
    if image is not None:
        return CheckedPicture(**{**image, "data": base64.b64decode(image["data"])})
    if "image_url" not in payload:
        raise EngineError("the job holds no picture")
    return await check_picture(await fetch_picture(payload["image_url"], limits.fetch, resolve=resolve), limits.picture, path="image_url")


def _fault(path: str, message: str, allowed: str) -> InvalidInput:
    return InvalidInput(f"{path}: {message}", faults=(Fault(path, message, allowed),))
