"""Characters from their own service, with the token of the person who asks: what they may not read is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
from structlog.contextvars import get_contextvars

from octavo_core.errors import Fault, InvalidInput, Unavailable
from octavo_stories.domain.story import CastMember

_TIMEOUT_S = 10.0
_MAX_BYTES = 262_144


class CharactersApi:
    """See `ports.CastSource`. One loop; close it at the end."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def find(self, ids: Sequence[str], *, authorization: str | None) -> tuple[CastMember, ...]:
        found = await asyncio.gather(*(self._one(character, authorization) for character in ids))
        faults = tuple(
            Fault(f"character_ids[{place}]", "there is no such character") for place, member in enumerate(found) if member is None
        )
        if faults:
            raise InvalidInput("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=faults)
        return tuple(member for member in found if member is not None)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _one(self, character: str, authorization: str | None) -> CastMember | None:
        headers = {} if authorization is None else {"authorization": authorization}
        if correlation := get_contextvars().get("correlation_id"):
            headers["x-correlation-id"] = str(correlation)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S, connect=5.0))
        try:
            async with self._session.get(f"{self._base_url}/api/characters/{character}", headers=headers, allow_redirects=False) as answer:
                if answer.status == 404:
                    return None
                if answer.status != 200 or (answer.content_length or 0) > _MAX_BYTES:
                    raise Unavailable(f"the characters cannot be read (answered {answer.status})", retry_after=2)
                body = await answer.json()
                return CastMember(str(body["id"]), str(body["name"]), str(body["description"]))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"the characters cannot be read ({type(error).__name__})", retry_after=2) from None
