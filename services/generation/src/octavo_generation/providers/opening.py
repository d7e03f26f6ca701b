"""What a provider is opened with: the resource's words, filled up from the profile and the environment."""

from __future__ import annotations

from dataclasses import dataclass

from octavo_core.spec import ProviderType
from octavo_generation.providers.profile import ModelProfile


@dataclass(frozen=True, slots=True)
class Opening:
    """Each type's module has `open_provider(Opening)`; it connects nothing yet. `api_key` is None where none is asked for."""

    name: str
    type: ProviderType
    model: str
    profile: ModelProfile | None
    base_url: str
    api_version: str | None
    api_key: str | None
    timeout_s: float
    max_connections: int

    @property
    def secrets(self) -> tuple[str, ...]:
        return () if self.api_key is None else (self.api_key,)
