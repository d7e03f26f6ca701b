"""Characters over HTTP. Reading is for the owner and for admins, everything else for the owner; for anybody else there is none (404)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from octavo_characters.api.bodies import (
    PATHS,
    Character,
    CharacterChanges,
    CharacterPage,
    NewCharacter,
    PictureAccepted,
    PictureWish,
    view,
)
from octavo_characters.domain.character import PictureKind
from octavo_characters.domain.characters import Characters
from octavo_core.errors import MalformedBody, UnsupportedMedia
from octavo_core.http.callers import Caller
from octavo_documents import Document
from octavo_documents import Query as Asked
from octavo_documents.http import (
    Cursor,
    IfMatch,
    Limit,
    Order,
    OwnerOf,
    Search,
    checked_id,
    etag,
    is_known,
    list_scope,
    optional_version,
    read_scope,
    required_version,
)

PREFIX = "/api/characters"
_KEY = Annotated[str | None, Header(max_length=200, description="The same key again is the same wish.")]
_PICTURE = {"content": {"image/png": {}, "image/jpeg": {}}, "description": "The picture."}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg", "image/webp", "image/gif")
        },
    }
}


def characters_router(characters: Characters) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["characters"])

    @router.post("", status_code=201, summary="Create a character")
    async def create(body: NewCharacter, caller: Caller, response: Response) -> Character:
        made = await characters.create(caller.user, name=body.name, description=body.description)
        response.headers["location"] = f"{PREFIX}/{made.id}"
        return _shown(made, response)

    @router.get("", summary="One's characters, in pages")
    async def page(
        caller: Caller,
        limit: Limit = 20,
        cursor: Cursor = None,
        search: Search = None,
        sort: Annotated[Literal["created_at", "updated_at", "name"], Query(description="What they are sorted by.")] = "created_at",
        order: Order = "desc",
        user_id: OwnerOf = None,
    ) -> CharacterPage:
        found = await characters.page(
            Asked(owner=list_scope(caller, user_id), search=search, sort=sort, descending=order == "desc", limit=limit, cursor=cursor)
        )
        return CharacterPage(items=[view(one) for one in found.items], next_cursor=found.next_cursor)

    @router.get("/{character_id}", summary="A character", responses={304: {"description": "Unchanged."}})
    async def read(character_id: str, caller: Caller, request: Request, response: Response) -> Character:
        found = await characters.read(checked_id(character_id, "character"), owner=read_scope(caller))
        if is_known(request, etag(found)):
            return Response(status_code=304, headers={"etag": etag(found)})  # type: ignore[return-value]
        return _shown(found, response)

    @router.put("/{character_id}", summary="Replace name and description")
    async def replace(character_id: str, body: NewCharacter, caller: Caller, response: Response, if_match: IfMatch = None) -> Character:
        changed = await characters.edit(
            checked_id(character_id, "character"), body.model_dump(), owner=caller.user, version=required_version(if_match)
        )
        return _shown(changed, response)

    @router.patch("/{character_id}", summary="Change some of it")
    async def change(character_id: str, body: CharacterChanges, caller: Caller, response: Response, if_match: IfMatch = None) -> Character:
        changes = body.model_dump(exclude_none=True)
        changed = await characters.edit(
            checked_id(character_id, "character"), changes, owner=caller.user, version=required_version(if_match)
        )
        return _shown(changed, response)

    @router.delete("/{character_id}", status_code=204, summary="Delete a character and its pictures")
    async def delete(character_id: str, caller: Caller, if_match: IfMatch = None) -> Response:
        await characters.delete(checked_id(character_id, "character"), owner=caller.user, version=optional_version(if_match))
        return Response(status_code=204)

    @router.post("/{character_id}/picture/generate", status_code=202, summary="Have a picture of the character made")
    async def draw(
        character_id: str, caller: Caller, response: Response, body: PictureWish | None = None, idempotency_key: _KEY = None
    ) -> PictureAccepted:
        wish = body or PictureWish()
        found = await characters.read(checked_id(character_id, "character"), owner=caller.user)
        changed, job = await characters.drawings.ask(found, wish=wish.prompt, generator=wish.generator, size=wish.size, key=idempotency_key)
        response.headers["location"] = f"{PREFIX}/{found.id}"
        response.headers["etag"] = etag(changed)
        return PictureAccepted(character_id=found.id, job_id=job)

    kinds: list[tuple[PictureKind, str]] = [("image", "the picture"), ("image_real", "the photograph")]
    for kind, what in kinds:
        _add_picture_routes(router, characters, kind, what)
    return router


def _add_picture_routes(router: APIRouter, characters: Characters, kind: PictureKind, what: str) -> None:
    path = f"/{{character_id}}/{PATHS[kind]}"

    @router.put(path, summary=f"Set {what}: PNG, JPEG, WebP or GIF as the body", name=f"set_{kind}", openapi_extra=_UPLOAD)
    async def set_picture(character_id: str, caller: Caller, request: Request, response: Response, if_match: IfMatch = None) -> Character:
        version = optional_version(if_match)
        data = await _uploaded(request)
        changed = await characters.set_picture(checked_id(character_id, "character"), kind, data, owner=caller.user, version=version)
        return _shown(changed, response)

    @router.get(
        path,
        summary=f"Look at {what}",
        name=f"get_{kind}",
        response_class=Response,
        responses={200: _PICTURE, 304: {"description": "Known."}},
    )
    async def get_picture(
        character_id: str, caller: Caller, request: Request, v: Annotated[str | None, Query(max_length=64)] = None
    ) -> Response:
        kept, data = await characters.read_picture(checked_id(character_id, "character"), kind, owner=read_scope(caller))
        headers = {
            "etag": f'"{kept.tag}"',
            # What is under an address with a tag never changes.
            "cache-control": "private, max-age=31536000, immutable" if v == kept.tag else "private, no-cache",
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'",
        }
        if is_known(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=kept.media_type, headers=headers)

    @router.delete(path, summary=f"Remove {what}", name=f"remove_{kind}")
    async def remove_picture(character_id: str, caller: Caller, response: Response, if_match: IfMatch = None) -> Character:
        changed = await characters.remove_picture(
            checked_id(character_id, "character"), kind, owner=caller.user, version=optional_version(if_match)
        )
        return _shown(changed, response)


async def _uploaded(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.startswith("image/") and kind != "application/octet-stream":
        raise UnsupportedMedia(f"send the picture itself as the body, as image/png or the like, not {kind[:100]}")
    data = await request.body()
    if not data:
        raise MalformedBody("the body is empty; send the picture itself")
    return data


def _shown(document: Document, response: Response) -> Character:
    response.headers["etag"] = etag(document)
    return view(document)
