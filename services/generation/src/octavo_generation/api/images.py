"""Pictures: the list of a caller's own, what is known of each, its bytes, links to them, and their end."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from octavo_core.clock import to_iso
from octavo_core.errors import Forbidden, NotFound
from octavo_core.http.problems import problem_for_status
from octavo_generation.api.jobs import decode_cursor, encode_cursor
from octavo_generation.generator import Generator
from octavo_generation.images.byte_ranges import Unsatisfiable, is_not_modified, requested_range
from octavo_generation.images.library import ImageLibrary
from octavo_generation.images.paths import ENDINGS, IMAGE_ID
from octavo_generation.images.records import KeptImage
from octavo_generation.images.signing import MAX_SECONDS, LinkSigner

_BINARY = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in ENDINGS}
_DOWNLOADED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": _BINARY},
    206: {"description": "The part that `Range` asks for.", "content": _BINARY},
    304: {"description": "The picture that `If-None-Match` names is still the one."},
}


class ImageResponse(BaseModel):
    """What is known of a picture."""

    success: bool = True
    image_id: str
    generation_id: str = Field(description="The job that made it.")
    provider: str
    model: str
    prompt: str
    revised_prompt: str | None = Field(None, description="The prompt that was used, where it is not the one that was asked.")
    size: str = Field(description="WIDTHxHEIGHT in pixels.")
    width: int
    height: int
    media_type: str
    bytes: int
    sha256: str
    seed: int | None = None
    details: dict[str, Any] | None = Field(None, description="What was asked for beside the prompt: quality, style and the like.")
    created_at: str
    expires_at: str | None = Field(None, description="When it will be removed; null: not until it is deleted.")
    storage_path: str
    url: str = Field(description="Where its bytes are, for whoever may see it.")
    links: dict[str, str]


class ImagePage(BaseModel):
    success: bool = True
    items: list[ImageResponse]
    next_cursor: str | None


class LinkResponse(BaseModel):
    success: bool = True
    image_id: str
    url: str = Field(description="Opens this picture without a token until it expires.")
    expires_at: str


def images_router(generator: Generator, library: ImageLibrary, signer: LinkSigner) -> APIRouter:
    router = APIRouter(prefix="/api/v1/images", tags=["images"])

    @router.get("", summary="Pictures, newest first", response_model=ImagePage)
    async def list_images(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=100)] = None,
        user: Annotated[
            str | None, Query(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$", description="Whose; for admins, who see all.")
        ] = None,
    ) -> dict[str, Any]:
        principal = await generator.principal(request.headers.get("authorization"))
        if user is not None and user != principal.user and not principal.sees_all:
            raise Forbidden("only admins may ask for another person's")
        before = None if cursor is None else decode_cursor(cursor)
        owner = user if principal.sees_all else principal.user
        page = await library.page(generator=generator.name, owner=owner, before=before, limit=limit + 1)
        return {
            "items": [image_view(image, root=_root(request)) for image in page[:limit]],
            "next_cursor": encode_cursor(page[limit - 1].id) if len(page) > limit else None,
        }

    @router.get("/{image_id}", summary="What is known of a picture", response_model=ImageResponse)
    async def read(request: Request, image_id: str) -> dict[str, Any]:
        return image_view(await _owned(request, image_id), root=_root(request))

    @router.get("/{image_id}/download", summary="The picture itself", response_class=Response, responses=_DOWNLOADED)
    async def download(
        request: Request,
        image_id: str,
        expires: Annotated[str | None, Query(max_length=20, description="Of a signed link.")] = None,
        signature: Annotated[str | None, Query(max_length=100, description="Of a signed link.")] = None,
    ) -> Response:
        if expires is None and signature is None:
            image = await _owned(request, image_id)
        else:
            signer.check(generator.name, _checked(image_id), expires or "", signature or "")
            image = await library.get(image_id, generator=generator.name)
        answer = await _content(request, image)
        if signature is not None:
            # A signed link is made to be shown wherever its owner puts it.
            answer.headers["cross-origin-resource-policy"] = "cross-origin"
        return answer

    router.add_api_route("/{image_id}/download", download, methods=["HEAD"], include_in_schema=False)

    @router.post("/{image_id}/link", summary="A link that opens a picture for a while without a token", response_model=LinkResponse)
    async def link(request: Request, image_id: str, seconds: Annotated[int, Query(ge=1, le=MAX_SECONDS)] = 3600) -> dict[str, Any]:
        image = await _owned(request, image_id)
        signed = signer.sign(generator.name, image.id, seconds)
        url = f"{_root(request)}/api/v1/images/{image.id}/download?{signed.query}"
        return {"image_id": image.id, "url": url, "expires_at": to_iso(signed.expires_at)}

    @router.delete("/{image_id}", status_code=204, summary="Delete a picture for good", response_class=Response)
    async def delete(request: Request, image_id: str) -> Response:
        await library.delete(await _owned(request, image_id))
        return Response(status_code=204)

    async def _owned(request: Request, image_id: str) -> KeptImage:
        """Another's picture is answered as one that does not exist. Raises `NotFound`."""
        principal = await generator.principal(request.headers.get("authorization"))
        image = await library.get(_checked(image_id), generator=generator.name)
        if not (principal.sees_all or image.owner == principal.user):
            raise NotFound("there is no such image")
        return image

    async def _content(request: Request, image: KeptImage) -> Response:
        etag = f'"{image.sha256}"'
        headers = {
            "etag": etag,
            "accept-ranges": "bytes",
            # It never changes, but whether the caller may see it does.
            "cache-control": "private, no-cache",
            "content-disposition": f'inline; filename="{file_name(image)}"',
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
        }
        if is_not_modified(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        head = request.method == "HEAD"
        try:
            asked = None if head else request.headers.get("range")
            part = requested_range(asked, request.headers.get("if-range"), etag=etag, size=image.bytes)
        except Unsatisfiable:
            return problem_for_status(416, "no byte of that range is there", headers={"content-range": f"bytes */{image.bytes}"})
        start, end = (0, image.bytes) if part is None else (part.start, part.end)
        headers["content-length"] = str(end - start)
        if part is not None:
            headers["content-range"] = part.content_range(image.bytes)
        if head:
            return Response(headers=headers, media_type=image.media_type)
        blocks = await library.open(image, start, end)
        return StreamingResponse(blocks, 200 if part is None else 206, headers=headers, media_type=image.media_type)

    return router


def image_view(image: KeptImage, *, root: str) -> dict[str, Any]:
    """The JSON body of one picture. `root` is what stands before our paths."""
    here = f"{root}/api/v1/images/{image.id}"
    return {
        "image_id": image.id,
        "generation_id": image.job,
        "provider": image.provider,
        "model": image.model,
        "prompt": image.prompt,
        "revised_prompt": image.revised_prompt,
        "size": f"{image.width}x{image.height}",
        "width": image.width,
        "height": image.height,
        "media_type": image.media_type,
        "bytes": image.bytes,
        "sha256": image.sha256,
        "seed": image.seed,
        "details": image.details,
        "created_at": to_iso(image.created_at),
        "expires_at": None if image.expires_at is None else to_iso(image.expires_at),
        "storage_path": image.path,
        "url": f"{here}/download",
        "links": {
            "self": here,
            "download": f"{here}/download",
            "link": f"{here}/link",
            "generation": f"{root}/api/v1/generate/{image.job}",
        },
    }


def file_name(image: KeptImage) -> str:
    """Of the prompt's first words, in letters and digits that every system and every header takes."""
    plain = unicodedata.normalize("NFKD", image.prompt[:200]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-")
    return f"{words or 'image'}-{image.id[-12:]}.{ENDINGS[image.media_type]}"


def _checked(image_id: str) -> str:
    # What cannot be an id is not looked for: PostgreSQL refuses a text with U+0000, and no path is made of what a caller writes.
    if IMAGE_ID.fullmatch(image_id) is None:
        raise NotFound("there is no such image")
    return image_id


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root
