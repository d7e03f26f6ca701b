"""The calls of Black Forest Labs' API. The key goes to the API alone; the picture lies at a signed URL of another host."""

from __future__ import annotations

from typing import Any

from octavo_core.errors import Moderated
from octavo_generation.providers.flux.mapping import Ended, Ready, Running, Submitted, looked, polling_address, route, submitted
from octavo_generation.providers.pictures import picture_of
from octavo_generation.providers.port import Picture
from octavo_generation.providers.wire import Wire


class FluxClient:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def submit(self, model: str, body: dict[str, Any]) -> Submitted:
        task = submitted(await self._wire.post_json(route(model), body))
        if task is None:
            raise self._wire.broken("without the id of a task")
        return task

    async def look(self, task: Submitted) -> Running | Ready:
        """Raises `Moderated`, or `ProviderError`, for a task that ended without a picture."""
        found = looked(await self._wire.get_json(polling_address(task, self._wire.base_url)))
        if found is None:
            raise self._wire.broken("without a status of the task, or without its picture")
        if isinstance(found, Ended):
            if found.moderated:
                raise Moderated(self._wire.redacted(f"{self._wire.provider} refused this for its content: {found.why}"))
            raise self._wire.broken(f"that the task failed: {found.why}")
        return found

    async def download(self, url: str) -> Picture:
        picture = picture_of((await self._wire.request("GET", url, authorised=False)).body)
        if picture is None:
            raise self._wire.broken("with something that is not a picture")
        return picture

    async def close(self) -> None:
        await self._wire.close()
