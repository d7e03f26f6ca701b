"""A story while a person works on it: the editor, which saves by itself where a script runs, and what the story was before each edit.

Every save names the version that it began with. Where somebody was faster (another window, another device) nothing is overwritten: the
page shows what is there now beside what was typed, and saving again is then meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from octavo_core.errors import NotFound, OctavoError, PreconditionFailed
from octavo_core.http.problems import status_of
from octavo_web.adapters.stories_api import StoriesApi
from octavo_web.domain.manuscript import content_of, minutes_of, readable, text_of
from octavo_web.pages.forms import COMES_BACK, read_form
from octavo_web.pages.rendering import NO_STORE, Pages
from octavo_web.pages.sessions import Person
from octavo_web.pages.stories import story_of
from octavo_web.pages.wording import AUDIENCE_NAMES, STORY_LANGUAGES

_VERSIONS = 20
_REVISION_MAX = 2**31


class EditingPages:
    def __init__(self, pages: Pages, stories: StoriesApi) -> None:
        self._pages = pages
        self._stories = stories

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/library/stories/{story}", include_in_schema=False)
        router.add_api_route("/edit", self.show_edit, methods=["GET"])
        router.add_api_route("/edit", self.edit, methods=["POST"])
        router.add_api_route("/autosave", self.autosave, methods=["POST"])
        router.add_api_route("/versions", self.versions, methods=["GET"])
        router.add_api_route("/versions/{revision}", self.version, methods=["GET"])
        router.add_api_route("/versions/{revision}/restore", self.restore, methods=["POST"])
        return router

    async def show_edit(self, request: Request, visitor: Person, story: str) -> Response:
        found = await self._stories.read(story, token=visitor.access)
        return self._form(request, story, _values(found))

    async def edit(self, request: Request, visitor: Person, story: str) -> Response:
        sent = await read_form(request)
        try:
            sent.need("title", "text")
            await self._stories.replace(story, story_of(sent.texts), version=sent.line("version"), token=visitor.access)
        except PreconditionFailed as error:
            now = await self._stories.read(story, token=visitor.access)
            if _is_already(now, story_of(sent.texts)):
                return RedirectResponse(f"/library/stories/{story}", 303)
            return self._form(request, story, {**sent.texts, "version": str(now["version"])}, error=error, now=now)
        except COMES_BACK as error:
            return self._form(request, story, sent.texts, error=error)
        return RedirectResponse(f"/library/stories/{story}", 303)

    async def autosave(self, request: Request, visitor: Person, story: str) -> Response:
        """For the editor's script: the version that it is then. The script shows no error but that it is not saved yet, and tries again.
        After 412 it does not: the person saves, and the answer is the page with both."""
        sent = await read_form(request)
        sent.need("title", "text")
        try:
            changed = await self._stories.replace(story, story_of(sent.texts), version=sent.line("version"), token=visitor.access)
        except PreconditionFailed:
            changed = await self._stories.read(story, token=visitor.access)
            if not _is_already(changed, story_of(sent.texts)):
                raise
        return JSONResponse({"version": changed.get("version")}, headers=NO_STORE)

    async def versions(self, request: Request, visitor: Person, story: str) -> Response:
        found = await self._stories.read(story, token=visitor.access)
        page = await self._stories.versions(story, cursor=request.query_params.get("cursor", ""), limit=_VERSIONS, token=visitor.access)
        following = None if page.next_cursor is None else urlencode({"cursor": page.next_cursor})
        return self._pages.render(request, "versions.html", story=found, versions=page.items, following=following)

    async def version(self, request: Request, visitor: Person, story: str, revision: str) -> Response:
        found = await self._stories.read(story, token=visitor.access)
        earlier = await self._stories.version(story, _number(revision), token=visitor.access)
        return self._version(request, found, earlier)

    async def restore(self, request: Request, visitor: Person, story: str, revision: str) -> Response:
        """As an edit: what is there now is then among the versions itself."""
        sent = await read_form(request)
        number = _number(revision)
        try:
            await self._stories.restore(story, number, version=sent.line("version"), token=visitor.access)
        except COMES_BACK as error:
            found = await self._stories.read(story, token=visitor.access)
            return self._version(request, found, await self._stories.version(story, number, token=visitor.access), error=error)
        return RedirectResponse(f"/library/stories/{story}", 303)

    def _version(
        self, request: Request, found: Mapping[str, Any], earlier: Mapping[str, Any], *, error: OctavoError | None = None
    ) -> Response:
        chapters = content_of(earlier)
        return self._pages.render(
            request,
            "version.html",
            status=200 if error is None else status_of(error),
            story=found,
            earlier=earlier,
            chapters=readable(chapters),
            minutes=minutes_of(chapters),
            was_changed=isinstance(error, PreconditionFailed),
            faults={} if error is None or isinstance(error, PreconditionFailed) else self._pages.faults(request, error),
        )

    def _form(
        self,
        request: Request,
        story: str,
        values: Mapping[str, str],
        *,
        error: OctavoError | None = None,
        now: Mapping[str, Any] | None = None,
    ) -> Response:
        """`now`: what the story is by now, where somebody was faster."""
        return self._pages.render(
            request,
            "story_form.html",
            status=200 if error is None else status_of(error),
            id=story,
            values=values,
            faults={} if error is None or now is not None else self._pages.faults(request, error),
            now=None if now is None else _values(now),
            audience_names=AUDIENCE_NAMES,
            languages_of_stories=STORY_LANGUAGES,
        )


def _values(story: Mapping[str, Any]) -> dict[str, str]:
    return {
        "title": str(story.get("title") or ""),
        "text": text_of(content_of(story)),
        "language": str(story.get("language") or ""),
        "audience": str(story.get("audience") or ""),
        "version": str(story.get("version") or ""),
    }


def _is_already(story: Mapping[str, Any], meant: Mapping[str, Any]) -> bool:
    """Whether it is what is meant, by an earlier save whose answer was lost: then nobody was faster but the person themselves."""
    same = all((story.get(name) or None) == meant.get(name) for name in ("title", "language", "audience"))
    return same and content_of(story) == meant["content"]["chapters"]


def _number(revision: str) -> int:
    """Raises `NotFound` for what cannot be one."""
    if not (revision.isascii() and revision.isdigit() and len(revision) <= 10 and 1 <= int(revision) <= _REVISION_MAX):
        raise NotFound("there is nothing at this address")
    return int(revision)
