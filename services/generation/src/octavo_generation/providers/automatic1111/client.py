"""The calls of the web UI: draw, how far, stop."""

from __future__ import annotations

from typing import Any

from octavo_generation.providers.automatic1111.mapping import Progress, drawn, progress
from octavo_generation.providers.port import DrawnImage
from octavo_generation.providers.wire import Wire


class Automatic1111Client:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def draw(self, body: dict[str, Any], *, count: int, model: str) -> tuple[tuple[DrawnImage, ...], str]:
        """Answers when all is drawn."""
        found = drawn(await self._wire.post_json("/sdapi/v1/txt2img", body), count=count, model=model)
        if found is None:
            raise self._wire.broken(f"without {count} picture{'' if count == 1 else 's'}")
        return found

    async def progress(self) -> Progress:
        return progress(await self._wire.get_json("/sdapi/v1/progress?skip_current_image=true"))

    async def interrupt(self) -> None:
        """Stops whatever is drawn at this moment. Its answer is of no shape that all web UIs share."""
        await self._wire.request("POST", "/sdapi/v1/interrupt")

    async def close(self) -> None:
        await self._wire.close()
