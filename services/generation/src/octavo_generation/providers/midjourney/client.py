"""The calls of midjourney-proxy. The secret goes to the gateway alone; pictures lie at Discord's or elsewhere."""

from __future__ import annotations

from typing import Any

from octavo_core.errors import Moderated, ProviderError, ProviderRefused, ProviderUnavailable
from octavo_generation.providers.midjourney.mapping import BANNED, INVALID, QUEUE_FULL, Task, fetch_path, submission, task_of
from octavo_generation.providers.pictures import picture_of
from octavo_generation.providers.port import Picture
from octavo_generation.providers.wire import Wire


class MidjourneyClient:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def submit(self, path: str, body: dict[str, Any]) -> str:
        """The id of the task. Raises for what the gateway does not take, by its code."""
        found = submission(await self._wire.post_json(path, body))
        if found is None:
            raise self._wire.broken("without a code")
        if found.accepted:
            assert found.task is not None
            return found.task
        name, why = self._wire.provider, self._wire.redacted(found.why)
        if found.code == BANNED:
            raise Moderated(f"{name} refused this for its content: {why}")
        if found.code == QUEUE_FULL:
            raise ProviderUnavailable(f"{name} has a full queue: {why}", provider=name)
        if found.code == INVALID:
            raise ProviderRefused(f"{name} refused this: {why}", provider=name)
        raise ProviderError(f"{name} did not take the task (code {found.code}): {why}", provider=name)

    async def look(self, task: str) -> Task:
        """Raises for a task that failed."""
        found = task_of(await self._wire.get_json(fetch_path(task)))
        if found is None:
            raise self._wire.broken("without a status of the task, or without its picture")
        if found.failed:
            name, why = self._wire.provider, self._wire.redacted(found.why)
            if found.moderated:
                raise Moderated(f"{name} refused this for its content: {why}")
            if found.invalid:
                raise ProviderRefused(f"{name} refused this: {why}", provider=name)
            raise ProviderError(f"{name} failed at the task: {why}", provider=name)
        return found

    async def download(self, url: str) -> Picture:
        picture = picture_of((await self._wire.request("GET", url, authorised=False)).body)
        if picture is None:
            raise self._wire.broken("with something that is not a picture")
        return picture

    async def close(self) -> None:
        await self._wire.close()
