"""From a resource's provider to one that can be called. A new type is a folder beside this file, its profile, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from urllib.parse import urlsplit

from octavo_core.errors import Misconfigured
from octavo_core.spec import Provider, ProviderType
from octavo_generation.providers import port
from octavo_generation.providers.credentials import find_credentials, read_credentials
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.profile import profile_of

FAKES_URL = "OCTAVO_FAKE_PROVIDERS_URL"
"""Where `octavo fake-providers` listens; it stands in for the providers whose key is not here. Empty: nothing does."""
SAMPLES = "OCTAVO_SAMPLE_PROVIDERS"
"""Names, separated by commas, of the providers for whom it stands in: given where not every process gets to see the keys, as in a
cluster the API does not. Absent: whose key is not in the environment."""
SAMPLE_KEY = "octavo-samples-need-no-key"
"""What the fake server is shown; long, because keys are struck out of errors wherever they stand."""

_MODULES: Mapping[ProviderType, str] = {
    "xai": "openai",
    "openai": "openai",
    "azure-openai": "azure_openai",
    "openai-compatible": "openai",
    "anthropic": "anthropic",
    "flux": "flux",
    "stability": "stability",
    "automatic1111": "automatic1111",
    "midjourney": "midjourney",
    "sketch": "sketch",
    "fake": "openai",
}


def is_fake(provider: Provider, environment: Mapping[str, str]) -> bool:
    """Whether samples would be given in place of the provider's answers: its key is missing and the fake server is there."""
    if provider.type == "fake":
        return True
    if not environment.get(FAKES_URL):
        return False
    if (named := environment.get(SAMPLES)) is not None:
        return provider.name in named.split(",")
    needs_key = profile_of(provider.type).needs_key or provider.credentials is not None
    return needs_key and find_credentials(provider.credentials, environment) is None


def check_provider(provider: Provider, environment: Mapping[str, str]) -> Opening:
    """What it would be opened with. Raises `Misconfigured` for a key or an address that is not there."""
    profile = profile_of(provider.type)
    model = provider.model or profile.default_model
    assert model is not None, "the resource's own rule asks for a model where the profile has no default"
    base_url: str = provider.base_url or profile.base_url or ""
    api_key: str | None
    if is_fake(provider, environment):
        base_url, api_key = _fake_url(provider, environment), SAMPLE_KEY
    else:
        api_key = read_credentials(provider.credentials, environment)
        if api_key is None and profile.needs_key:
            raise Misconfigured(f"the provider {provider.name} ({provider.type}) needs credentials, where its API key is")
    return Opening(
        name=provider.name,
        type=provider.type,
        model=model,
        profile=profile.model(model),
        base_url=base_url,
        api_version=provider.api_version,
        api_key=api_key,
        timeout_s=provider.timeout_seconds,
        max_connections=provider.max_concurrent or 0,
    )


def open_provider(provider: Provider, *, environment: Mapping[str, str], max_connections: int) -> port.Provider:
    """Connects nothing yet. Raises what `check_provider` raises."""
    opening = check_provider(provider, environment)
    if opening.max_connections == 0:
        opening = replace(opening, max_connections=max_connections)
    # Here and not above: a worker that runs a model needs no HTTP client.
    module = import_module(f"octavo_generation.providers.{_MODULES[provider.type]}.provider")
    opened: port.Provider = module.open_provider(opening)
    return opened


def _fake_url(provider: Provider, environment: Mapping[str, str]) -> str:
    """The fake server has each vendor's paths below the name of its type."""
    if provider.type == "fake" and provider.base_url is not None:
        return provider.base_url
    if not environment.get(FAKES_URL):
        raise Misconfigured(f"{FAKES_URL} is not set; it must say where `octavo fake-providers` listens")
    path = urlsplit(profile_of(provider.type).base_url or "").path
    return f"{environment[FAKES_URL].rstrip('/')}/{provider.type}{path}"
