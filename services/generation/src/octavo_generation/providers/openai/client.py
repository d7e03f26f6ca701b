"""The wire to OpenAI's API and its likes: a bearer token, where there is one."""

from __future__ import annotations

from octavo_generation.providers.openai.mapping.errors import is_content_refusal, is_final
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.wire import Wire


def open_wire(opening: Opening) -> Wire:
    return Wire(
        provider=opening.name,
        base_url=opening.base_url,
        headers={"authorization": f"Bearer {opening.api_key}"} if opening.api_key else {},
        secrets=opening.secrets,
        timeout_s=opening.timeout_s,
        max_connections=opening.max_connections,
        is_content_refusal=is_content_refusal,
        is_final=is_final,
    )
