"""From a resource's provider to one that can be called. A new type is a folder beside this file and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from octavo_core.errors import Misconfigured
from octavo_core.spec import Provider
from octavo_generation.providers.credentials import read_credentials
from octavo_generation.providers.port import TextProvider

KNOWN = ("openai-compatible",)


def check_provider(provider: Provider, environment: Mapping[str, str]) -> str | None:
    """The provider's key, if it needs one. Raises `Misconfigured` for a type that this version lacks, or a key that is not there."""
    if provider.type not in KNOWN:
        raise Misconfigured(f"providers of the type {provider.type} are not served by this version of Octavo; it serves {', '.join(KNOWN)}")
    return read_credentials(provider.credentials, environment)


def open_provider(provider: Provider, *, environment: Mapping[str, str], max_connections: int) -> TextProvider:
    """Connects nothing yet. Raises what `check_provider` raises."""
    api_key = check_provider(provider, environment)
    # Here and not above: a worker that runs a model needs no HTTP client.
    from octavo_generation.providers.openai_compatible.client import OpenAICompatibleClient
    from octavo_generation.providers.openai_compatible.provider import OpenAICompatibleProvider

    # The resource's own rule has made sure of both.
    assert provider.base_url is not None
    assert provider.model is not None
    client = OpenAICompatibleClient(
        provider=provider.name,
        base_url=provider.base_url,
        api_key=api_key,
        timeout_s=provider.timeout_seconds,
        max_connections=max_connections,
    )
    return OpenAICompatibleProvider(name=provider.name, model=provider.model, client=client)
