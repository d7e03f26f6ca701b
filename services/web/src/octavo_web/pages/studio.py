"""The studio: a form for each generator, made from its own schema, and what came of it. All of it works without a script; with one, a
page hears how its generations go on and fetches the cards that changed."""

from __future__ import annotations

import base64
import contextlib
import re
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Conflict, InvalidInput, OctavoError, Throttled, TooLarge, Unavailable
from octavo_core.http.problems import status_of
from octavo_core.ids import generate_uuid
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.adapters.generators_list import Listed
from octavo_web.adapters.stories_api import StoriesApi
from octavo_web.domain.forms import Form, form_of, request_of
from octavo_web.domain.manuscript import content_of, plain_text
from octavo_web.pages.cards import Card, card_of
from octavo_web.pages.forms import Sent, read_form
from octavo_web.pages.rendering import Pages, is_fragment
from octavo_web.pages.sessions import Person, Visitor
from octavo_web.pages.wording import AUDIENCES, HELP, OTHER_TASK, TASKS, label_of

_CARDS = 12
_IN_QUEUE = 12
_KEY = re.compile(r"[0-9a-f-]{36}")
_REFUSED = (InvalidInput, Conflict, TooLarge, Throttled, Unavailable)
"""What brings the form back with what was typed."""


class StudioPages:
    def __init__(self, pages: Pages, generators: GeneratorsApi, stories: StoriesApi) -> None:
        self._pages = pages
        self._generators = generators
        self._stories = stories

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/studio", include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        router.add_api_route("/queue", self.queue, methods=["GET"])
        router.add_api_route("/queue/clear", self.clear, methods=["POST"])
        router.add_api_route("/{name}", self.one, methods=["GET"])
        router.add_api_route("/{name}", self.submit, methods=["POST"])
        router.add_api_route("/{name}/jobs/{job}", self.job, methods=["GET"])
        router.add_api_route("/{name}/jobs/{job}/cancel", self.cancel, methods=["POST"])
        router.add_api_route("/{name}/jobs/{job}/again", self.again, methods=["POST"])
        return router

    async def all(self, request: Request, visitor: Person) -> Response:
        listed = await self._generators.listed()
        return self._pages.render(
            request, "studio.html", generators=listed, words_of=_words_of, queue=await self._queue(listed, visitor), current=None
        )

    async def queue(self, request: Request, visitor: Person) -> Response:
        """The newest generations of all generators, each with its state."""
        queue = await self._queue(await self._generators.listed(), visitor)
        return self._pages.render(request, "_queue.html" if is_fragment(request) else "queue.html", queue=queue, words_of=_words_of)

    async def clear(self, request: Request, visitor: Person) -> Response:
        """Cancels what waits; what runs, too, where everything is asked for."""
        sent = await read_form(request)
        listed = await self._generators.listed()
        names = [one.name for one in listed if one.can_be_looked_at]
        await self._generators.cancel_open(names, token=visitor.access, running=sent.line("what") == "everything", user=visitor.narrowed)
        if not is_fragment(request):
            return RedirectResponse("/studio/queue", 303)
        return self._pages.render(request, "_queue.html", queue=await self._queue(listed, visitor), words_of=_words_of)

    async def one(self, request: Request, visitor: Person, name: str) -> Response:
        generator = await self._generators.find(name)
        earlier, image, story = (request.query_params.get(name) for name in ("from", "image", "story"))
        values = {}
        if earlier is not None:
            values = _values(await self._generators.view(name, earlier, token=visitor.access))
        elif image is not None:
            values = _values_of(await self._generators.image(name, image, token=visitor.access))
        elif story is not None:
            # To be translated.
            values = {"text": plain_text(content_of(await self._stories.read(story, token=visitor.access)))}
        return await self._page(request, visitor, generator, values=values)

    async def submit(self, request: Request, visitor: Person, name: str) -> Response:
        """One generation. The form carries a key, so that a second click is not a second one."""
        generator = await self._generators.find(name)
        form = form_of(await self._generators.schema(name))
        sent = await read_form(request, files=1)
        try:
            job = await self._submitted(name, form, sent, visitor)
        except _REFUSED as error:
            if is_fragment(request):
                raise
            return await self._page(request, visitor, generator, values=sent.texts, error=error)
        if not is_fragment(request):
            return RedirectResponse(f"/studio/{name}#job-{job}", 303)
        card = await self._card(name, job, visitor)
        return self._pages.render(request, "_submitted.html", card=card, key=generate_uuid())

    async def job(self, request: Request, visitor: Person, name: str, job: str) -> Response:
        return self._shown(request, await self._card(name, job, visitor))

    async def cancel(self, request: Request, visitor: Person, name: str, job: str) -> Response:
        # It may have ended first: the card says how.
        with contextlib.suppress(Conflict):
            await self._generators.cancel(name, job, token=visitor.access)
        return await self._after(request, visitor, name, job)

    async def again(self, request: Request, visitor: Person, name: str, job: str) -> Response:
        # The person may have been faster in another window.
        with contextlib.suppress(Conflict):
            await self._generators.again(name, job, token=visitor.access)
        return await self._after(request, visitor, name, job)

    async def _after(self, request: Request, visitor: Visitor, name: str, job: str) -> Response:
        if not is_fragment(request):
            return RedirectResponse(f"/studio/{name}#job-{job}", 303)
        return self._shown(request, await self._card(name, job, visitor))

    def _shown(self, request: Request, card: Card) -> Response:
        return self._pages.render(request, "_card_alone.html" if is_fragment(request) else "job.html", card=card)

    async def _card(self, name: str, job: str, visitor: Visitor) -> Card:
        view = await self._generators.view(name, job, token=visitor.access)
        return card_of(name, view)

    async def _submitted(self, name: str, form: Form, sent: Sent, visitor: Visitor) -> str:
        picture = None if sent.file is None else base64.b64encode(sent.file).decode("ascii")
        if form.has_picture and picture is None and not sent.line("image_url"):
            raise InvalidInput("choose a picture, or give the address of one")
        body = request_of(form, sent.texts, picture=picture)
        key = sent.line("key")
        return await self._generators.submit(
            name, body, token=visitor.access, key=key if _KEY.fullmatch(key) else generate_uuid(), streams=form.streams
        )

    async def _page(
        self, request: Request, visitor: Visitor, generator: Listed, *, values: dict[str, str], error: OctavoError | None = None
    ) -> Response:
        form, reason = None, generator.reason
        try:
            # Also of one that does not answer just now: what is typed into it is not lost.
            form = form_of(await self._generators.schema(generator.name))
        except OctavoError as away:
            reason = reason or away.message
        cards: list[Card] = []
        if reason is None and not generator.is_asleep:
            try:
                newest = await self._generators.newest_soon(generator.name, token=visitor.access, limit=_CARDS, user=visitor.narrowed)
                cards = [card_of(generator.name, view, waiting=newest.waiting) for view in newest.items]
            except Unavailable as away:
                reason = away.message
        if isinstance(error, Unavailable):
            reason = reason or error.message
        return self._pages.render(
            request,
            "generator.html",
            status=200 if error is None else status_of(error),
            generator=generator,
            words=_words_of(generator.task),
            form=form,
            reason=None if reason is None else self._pages.say(request, reason),
            cards=cards,
            values=values,
            faults={} if error is None or isinstance(error, Unavailable) else self._pages.faults(request, error),
            # What was sent may have been taken all the same: sent again, it is the same generation.
            key=values.get("key", "") if isinstance(error, Unavailable) and _KEY.fullmatch(values.get("key", "")) else generate_uuid(),
            label_of=label_of,
            help=HELP,
            audiences=AUDIENCES,
        )

    async def _queue(self, listed: list[Listed], visitor: Visitor) -> list[Card]:
        names = [one.name for one in listed if one.can_be_looked_at]
        newest = await self._generators.newest_of_all(names, token=visitor.access, limit=_IN_QUEUE, user=visitor.narrowed)
        return [card_of(name, view) for name, view in newest]


def _words_of(task: str) -> Any:
    return TASKS.get(task, OTHER_TASK)


def _values(view: dict[str, Any]) -> dict[str, str]:
    """What a form is filled with, from an earlier request; its seed too, where the result tells the one that was used."""
    asked = view.get("request")
    found = {name: str(value) for name, value in asked.items() if isinstance(value, str | int | float)} if isinstance(asked, dict) else {}
    images: list[Any] = (view.get("result") or {}).get("images") or []
    if "seed" not in found and len(images) == 1 and images[0].get("seed") is not None:
        found["seed"] = str(images[0]["seed"])
    return found


def _values_of(image: dict[str, Any]) -> dict[str, str]:
    """As `_values`, from what is kept of a picture, which may outlive the generation that made it."""
    details = image.get("details")
    asked = {**(details if isinstance(details, dict) else {}), **{name: image.get(name) for name in ("prompt", "size", "seed")}}
    return {name: str(value) for name, value in asked.items() if isinstance(value, str | int | float) and not isinstance(value, bool)}
