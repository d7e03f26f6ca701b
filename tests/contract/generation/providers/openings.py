"""Chat and image providers opened against a test's own vendor, as the registry would open them."""

from __future__ import annotations

from typing import Any

from octavo_core.spec import ProviderType
from octavo_generation.providers.anthropic.provider import open_provider as open_anthropic
from octavo_generation.providers.azure_openai.provider import open_provider as open_azure
from octavo_generation.providers.openai.provider import open_provider as open_openai
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.profile import profile_of

KEY = "sk-contract-0123456789/abc+def"

_OPENERS: dict[str, Any] = {"azure-openai": open_azure, "anthropic": open_anthropic}
CHAT_PATHS: dict[str, str] = {
    "openai": "/v1/chat/completions",
    "xai": "/v1/chat/completions",
    "openai-compatible": "/v1/chat/completions",
    "azure-openai": "/openai/deployments/gpt-4o/chat/completions",
    "anthropic": "/v1/messages",
}
MODELS: dict[str, str] = {
    "openai": "gpt-4o",
    "xai": "grok-4.3",
    "openai-compatible": "m",
    "azure-openai": "gpt-4o",
    "anthropic": "claude-sonnet-4-6",
}


def open_against(
    url: str,
    kind: ProviderType,
    model: str | None = None,
    *,
    key: str | None = KEY,
    timeout_s: float = 5.0,
    api_version: str | None = None,
    max_connections: int = 4,
) -> Any:
    """Any of the three modules' providers. `url` has no path; each type's own is put behind it."""
    model = model or MODELS[kind]
    return _OPENERS.get(kind, open_openai)(
        Opening(
            name="up",
            type=kind,
            model=model,
            profile=profile_of(kind).model(model),
            base_url=url if kind in _OPENERS else f"{url}/v1",
            api_version=api_version,
            api_key=key,
            timeout_s=timeout_s,
            max_connections=max_connections,
        )
    )
