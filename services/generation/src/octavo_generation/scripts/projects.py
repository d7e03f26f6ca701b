"""What is known of a script's project, read from the project service with the token of whoever asks.

A script does not wait for its project: what cannot be read becomes a warning that stands in the result, and the script is written
without it. What comes from there is bounded, for all of it goes into prompts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from structlog.contextvars import get_contextvars

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_S = 5.0
MAX_BYTES = 262_144
_MOST_CHARACTERS = 12
_MOST_EPISODES = 12
_TEXT_CHARS = 1_200
_ABOUT_CHARS = 8_000
"""It goes with every question to a model."""


@dataclass(frozen=True, slots=True)
class ProjectContext:
    """`about`: the project in words, for a writer. `warning`: what could not be read, and why; None when all is there."""

    title: str = ""
    about: str = ""
    characters: tuple[str, ...] = ()
    language: str | None = None
    warning: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class ProjectsApi:
    """One loop; close it at the end. Asking again is harmless."""

    _session: aiohttp.ClientSession | None = field(default=None)

    async def read(self, base_url: str, project: str, episode: str | None, *, authorization: str | None) -> ProjectContext:
        """Never raises for what the service does or does not answer: see `ProjectContext.warning`."""
        base = f"{base_url.rstrip('/')}/api/projects/{quote(project, safe='')}"
        try:
            found = await self._get(base, authorization)
            episodes = (await self._get(f"{base}/episodes?limit={_MOST_EPISODES}&sort=number&order=desc", authorization)).get("items")
            one = None if episode is None else await self._get(f"{base}/episodes/{quote(episode, safe='')}", authorization)
        except _UnreadableError as error:
            return ProjectContext(warning=f"the project {project} was not read: {error}; the script was written without it")
        return _context(found, [e for e in episodes if isinstance(e, Mapping)] if isinstance(episodes, list) else [], one)

    async def check(self, base_url: str) -> None:
        """Raises `TimeoutError` or `aiohttp.ClientError` when the service does not answer at all."""
        async with self._opened().get(f"{base_url.rstrip('/')}/api/projects/health/live", allow_redirects=False):
            pass

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        # Here and not above: most processes call no other service, and should not pay for it.
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, connect=2.0))
        return self._session

    async def _get(self, url: str, authorization: str | None) -> Mapping[str, Any]:
        import aiohttp

        headers = {} if authorization is None else {"authorization": authorization}
        if correlation := get_contextvars().get("correlation_id"):
            headers["x-correlation-id"] = str(correlation)
        try:
            async with self._opened().get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status in (401, 403):
                    raise _UnreadableError("whoever asked may not read it")
                if answer.status == 404:
                    raise _UnreadableError("there is no such project or episode for whoever asked")
                if answer.status != 200:
                    raise _UnreadableError(f"the project service answered {answer.status}")
                raw = bytearray()
                async for chunk in answer.content.iter_chunked(65_536):
                    raw += chunk
                    if len(raw) > MAX_BYTES:
                        raise _UnreadableError(f"it is larger than {MAX_BYTES} bytes")
            body = orjson.loads(bytes(raw))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _UnreadableError(f"the project service does not answer ({type(error).__name__})") from None
        except orjson.JSONDecodeError:
            raise _UnreadableError("the project service answered with something else than JSON") from None
        if not isinstance(body, dict):
            raise _UnreadableError("the project service answered with something else than a project")
        return body


class _UnreadableError(Exception):
    """Its text is for people, and holds no address and no token."""


def _context(project: Mapping[str, Any], episodes: list[Mapping[str, Any]], episode: Mapping[str, Any] | None) -> ProjectContext:
    raw = project.get("characters")
    people = [one for one in raw if isinstance(one, Mapping) and _text(one.get("name"))][:_MOST_CHARACTERS] if isinstance(raw, list) else []
    lines = [f"Project: {_text(project.get('title'))}. {_text(project.get('description'))}".strip()]
    if notes := _text(project.get("notes")):
        lines.append(f"Notes: {notes}")
    lines += [f"Character: {_text(one.get('name'))}. {_text(one.get('description'))}".strip() for one in people]
    at = _number(episode)
    for one in sorted(episodes, key=lambda e: _number(e) or 0):
        if episode is not None and one.get("id") == episode.get("id"):
            continue
        if at is not None and (number := _number(one)) is not None and number > at:
            continue
        lines.append(f"Episode {_number(one) or ''} {_text(one.get('title'))}: {_text(one.get('synopsis'))}")
    if episode is not None:
        lines.append(f"This is episode {at or ''} {_text(episode.get('title'))}: {_text(episode.get('synopsis'))}")
    language = project.get("language")
    return ProjectContext(
        title=_text(project.get("title")),
        about="\n".join(lines)[:_ABOUT_CHARS],
        characters=tuple(_text(one.get("name"))[:80] for one in people),
        language=language if isinstance(language, str) else None,
    )


def _number(episode: Mapping[str, Any] | None) -> int | None:
    number = None if episode is None else episode.get("number")
    return number if isinstance(number, int) else None


def _text(value: object) -> str:
    return " ".join(value.split())[:_TEXT_CHARS] if isinstance(value, str) else ""
