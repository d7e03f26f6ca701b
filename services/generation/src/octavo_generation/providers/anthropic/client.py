"""The wire to Anthropic: its key header and its dated version."""

from __future__ import annotations

from octavo_generation.providers.anthropic.mapping import is_content_refusal, is_final
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.wire import Wire

API_VERSION = "2023-06-01"


def open_wire(opening: Opening) -> Wire:
    key = {"x-api-key": opening.api_key} if opening.api_key else {}
    return Wire(
        provider=opening.name,
        # Written with and without the version in guides; the path has it.
        base_url=opening.base_url.rstrip("/").removesuffix("/v1"),
        headers={"anthropic-version": opening.api_version or API_VERSION, **key},
        secrets=opening.secrets,
        timeout_s=opening.timeout_s,
        max_connections=opening.max_connections,
        is_content_refusal=is_content_refusal,
        is_final=is_final,
    )
