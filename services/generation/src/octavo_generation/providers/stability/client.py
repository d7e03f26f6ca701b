"""The one call of Stability AI's API that is used: a multipart form in, a picture out."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import FormData

from octavo_core.errors import Moderated
from octavo_generation.providers.port import DrawnImage
from octavo_generation.providers.stability.mapping import FILTERED, drawn, finish_reason
from octavo_generation.providers.wire import Wire


class StabilityClient:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def generate(self, route: str, fields: Mapping[str, str], *, headers: Mapping[str, str], seed: int | None) -> DrawnImage:
        """Raises `Moderated`, too, for a picture that was made and may not be shown. `seed` is told back where the answer has none."""
        form = FormData(fields, default_to_multipart=True)
        answer = await self._wire.request("POST", route, data=form, headers={"accept": "image/*", **headers})
        if finish_reason(answer.body, answer.headers, answer.media_type) == FILTERED:
            raise Moderated(f"{self._wire.provider} refused this for its content: the picture was filtered")
        image = drawn(answer.body, answer.headers, answer.media_type, seed=seed)
        if image is None:
            raise self._wire.broken("with something that is not a picture")
        return image

    async def close(self) -> None:
        await self._wire.close()
