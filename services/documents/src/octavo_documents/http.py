"""Versions of documents over HTTP: entity tags (RFC 9110, sections 8.8 and 13.1), and what a list is asked for.

PUT and PATCH must say which version they change: without If-Match they are answered 428, with another version's tag 412, and `*`
means whichever is there. DELETE may say it.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import Header, Query
from starlette.requests import Request

from octavo_core.errors import Fault, Forbidden, InvalidInput, NotFound, PreconditionFailed, PreconditionMissing
from octavo_core.identity import Principal
from octavo_documents.document import Document
from octavo_documents.query import MAX_CURSOR_CHARS, MAX_LIMIT

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR_CHARS, description="`next_cursor` of the page before.")]
Search = Annotated[
    str | None, Query(max_length=200, description="Words that it holds, whatever their case and accents; parts of words too.")
]
Order = Annotated[Literal["asc", "desc"], Query(description="Which way it is sorted.")]
OwnerOf = Annotated[str | None, Query(min_length=1, max_length=128, description="Whose; for admins.")]
IfMatch = Annotated[str | None, Header(max_length=200, description="The ETag of the version that is meant; `*` for whichever is there.")]

_TAG = re.compile(r'"([0-9]{1,15})"')
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def etag(document: Document) -> str:
    return f'"{document.version}"'


def required_version(if_match: str | None) -> int | None:
    """None for `*`. Raises `PreconditionMissing`, or `PreconditionFailed` for a tag that was never given out here."""
    if if_match is None:
        raise PreconditionMissing("say which version you change: send its ETag as If-Match, or If-Match: * for whichever is there")
    return optional_version(if_match)


def optional_version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    if "," in if_match:
        raise InvalidInput("If-Match: send one ETag", faults=(Fault("If-Match", "more than one ETag", "one ETag, or *"),))
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise PreconditionFailed("If-Match names no version that was given out here")
    return int(found[1])


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller has this version already and wants to hear no more than that (304)."""
    known = request.headers.get("if-none-match")
    return known is not None and (known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(",")))


def checked_id(document_id: str, what: str) -> str:
    """Raises `NotFound` for what cannot be an id, as for one that is not there."""
    if not _ID.fullmatch(document_id):
        raise NotFound(f"there is no such {what}")
    return document_id


def read_scope(principal: Principal) -> str | None:
    """Whose documents the caller may read: their own, or everybody's (None)."""
    return None if principal.sees_all else principal.user


def list_scope(principal: Principal, asked: str | None) -> str:
    """A list is of one person. Raises `Forbidden` where somebody asks for another's without the right."""
    if asked is None or asked == principal.user:
        return principal.user
    if not principal.sees_all:
        raise Forbidden("only admins may ask for another person's")
    return asked
