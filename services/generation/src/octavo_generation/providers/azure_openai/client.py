"""The wire to a resource of Azure OpenAI, and the paths of one deployment."""

from __future__ import annotations

from urllib.parse import quote

from octavo_generation.providers.openai.dialect import Dialect
from octavo_generation.providers.openai.mapping.errors import is_content_refusal, is_final
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.wire import Wire

API_VERSION = "2024-10-21"
"""The last dated version that is no preview, asked for where the resource names none."""
_STREAM_USAGE_SINCE = "2024-09-01"


def open_wire(opening: Opening) -> Wire:
    return Wire(
        provider=opening.name,
        # Portals show the endpoint with and without what the paths begin with.
        base_url=opening.base_url.rstrip("/").removesuffix("/openai"),
        headers={"api-key": opening.api_key} if opening.api_key else {},
        secrets=opening.secrets,
        timeout_s=opening.timeout_s,
        max_connections=opening.max_connections,
        is_content_refusal=is_content_refusal,
        is_final=is_final,
    )


def dialect_of(opening: Opening) -> Dialect:
    version = opening.api_version or API_VERSION
    deployment = f"/openai/deployments/{quote(opening.model, safe='')}"
    return Dialect(
        chat_path=f"{deployment}/chat/completions?api-version={version}",
        images_path=f"{deployment}/images/generations?api-version={version}",
        stream_usage=version >= _STREAM_USAGE_SINCE,
    )
