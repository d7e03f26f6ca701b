"""Jobs of everybody: found, looked into, cancelled, run again, one by one or the failed ones of a generator together."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Conflict, Fault, InvalidInput, OctavoError, Throttled
from octavo_web.adapters.admin_api import AdminApi, Asking
from octavo_web.domain.lookups import Field, typed_of
from octavo_web.pages.admin.asking import IN_PLACE, Administrator, Parts
from octavo_web.pages.admin.finding import Found, find
from octavo_web.pages.forms import read_form

PATH = "/admin/jobs"
STATES = ("queued", "running", "succeeded", "failed", "cancelled")
FIELDS = (
    Field("state", "choice", STATES),
    Field("generator", pattern=r"[a-z0-9]([-a-z0-9._/]*[a-z0-9])?", max_chars=127),
    Field("user", max_chars=128),
    Field("accepted_from", "moment", max_chars=32),
    Field("accepted_before", "moment", max_chars=32),
)
_LIMIT = 30
_MOST = 500
_OPEN = frozenset({"queued", "running"})
_AGAIN = frozenset({"failed", "cancelled"})


class JobPages:
    def __init__(self, parts: Parts, api: AdminApi) -> None:
        self._parts = parts
        self._api = api

    def router(self) -> APIRouter:
        router = APIRouter(prefix=PATH, include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        router.add_api_route("", self.replay_dead_letters, methods=["POST"])
        router.add_api_route("/{job}", self.one, methods=["GET"])
        router.add_api_route("/{job}", self.act, methods=["POST"])
        return router

    async def all(self, request: Request, asking: Administrator) -> Response:
        return self._list(request, await find(request, FIELDS, lambda query: self._api.jobs(query, asking, limit=_LIMIT)))

    async def one(self, request: Request, asking: Administrator, job: str) -> Response:
        return await self._job(request, asking, job)

    async def act(self, request: Request, asking: Administrator, job: str) -> Response:
        """Cancels it, or runs it again."""
        does = (await read_form(request)).line("act")
        if does not in ("cancel", "replay"):
            raise InvalidInput("there is nothing of that kind to be done")
        try:
            await (self._api.cancel if does == "cancel" else self._api.replay)(job, _queue_of(request), asking)
        except (Conflict, Throttled) as error:
            return await self._job(request, asking, job, error=error)
        return RedirectResponse(_here(request), 303)

    async def replay_dead_letters(self, request: Request, asking: Administrator) -> Response:
        """The failed jobs of one generator or lane, the newest first, as many as were asked for at most."""
        sent = await read_form(request)
        typed = {"generator": sent.line("generator")[:127], "limit": sent.line("limit")[:9]}
        try:
            count, more = await self._api.replay_dead_letters(*_wanted(typed), asking)
        except IN_PLACE as error:
            return self._list(request, Found(typed_of(FIELDS, {}), error=error), letters=typed)
        said = {"generator": typed["generator"], "replayed": str(count)} | ({"more": "1"} if more else {})
        return RedirectResponse(f"{PATH}?{urlencode(said)}", 303)

    def _list(self, request: Request, found: Found, *, letters: dict[str, str] | None = None) -> Response:
        """`letters`: what was typed into the form of dead letters, where that is what went wrong."""
        replayed = request.query_params.get("replayed", "")
        return self._parts.show(
            request,
            "admin_jobs.html",
            "_admin_jobs.html",
            error=found.error,
            live=request.method == "GET" and _changes(found),
            typed=found.typed,
            lookup=found.lookup,
            listed=found.listed,
            states=STATES,
            list_path=PATH,
            letters=letters or {"generator": found.typed["generator"], "limit": "100"},
            letters_failed=letters is not None,
            replayed=int(replayed) if replayed.isdecimal() and len(replayed) <= 3 else None,
            more="more" in request.query_params,
            most=_MOST,
        )

    async def _job(self, request: Request, asking: Asking, job: str, *, error: OctavoError | None = None) -> Response:
        found, events, missing = await self._api.job(job, _queue_of(request), asking)
        status = str(found.get("status"))
        return self._parts.show(
            request,
            "admin_job.html",
            "_admin_job.html",
            error=error,
            job=found,
            events=events,
            events_missing=missing,
            # What is wrong is to be read, and a look would take it away.
            live=status in _OPEN and error is None,
            can_cancel=status in _OPEN and not found.get("cancel_requested"),
            can_replay=status in _AGAIN,
        )


def _changes(found: Found) -> bool:
    """Whether the list is worth another look. What is wrong with a query stays wrong; and in a cluster whoever asks again and again for the
    jobs of one generator (`namespace/name`) keeps it from sleeping."""
    if found.lookup is None:
        return found.is_away
    return found.lookup.is_first and "/" not in found.typed["generator"]


def _wanted(typed: dict[str, str]) -> tuple[str, int]:
    faults = []
    limit = typed["limit"]
    number = int(limit) if limit.isascii() and limit.isdecimal() else 0
    if not typed["generator"]:
        faults.append(Fault("generator", "must not be empty"))
    if not 1 <= number <= _MOST:
        faults.append(Fault("limit", "is a number from 1 to 500"))
    if faults:
        raise InvalidInput("something is missing", faults=tuple(faults))
    return typed["generator"], number


def _queue_of(request: Request) -> str | None:
    """Which saves the API asking every generator for the job."""
    return request.query_params.get("generator") or None


def _here(request: Request) -> str:
    return f"{request.url.path}{'?' if request.url.query else ''}{request.url.query}"
