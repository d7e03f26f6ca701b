"""What is known of each provider's models, as data: sizes, limits, prices with their dates, retirements with their successors.

One YAML file per provider type in `profiles/`; nothing in here connects to anything. Prices are US dollars as the source that is named
with each had them on its date; they are what budgets are reckoned with, never a bill.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from octavo_core.spec import ProviderType

Modality = Literal["chat", "vision", "image", "moderation"]
Sampling = Literal["temperature", "top_p", "stop", "seed", "presence_penalty", "frequency_penalty", "user"]
_FIXED = frozenset({"temperature", "top_p", "stop", "presence_penalty", "frequency_penalty"})


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Source = Literal["vendor", "public-tables", "resource"]
"""vendor: its own price list or page. public-tables: tables that others keep of many vendors' prices; check them before a budget relies on
them. resource: the person who wrote it."""


class Price(_Data):
    """US dollars, as the source said on the date. `per_image` by `quality:size`, `size`, `quality` or `*`, the most exact one counts."""

    as_of: date
    source: Source
    input_per_million: Decimal | None = None
    output_per_million: Decimal | None = None
    per_image: Mapping[str, Decimal] = Field(default_factory=dict)

    def of_image(self, *, size: str, quality: str | None) -> Decimal | None:
        keys = (f"{quality}:{size}", size, quality or "", "*")
        return next((self.per_image[key] for key in keys if key in self.per_image), None)


class Retirement(_Data):
    """From `on` the vendor answers no more (or does not promise to); `successor` is what the vendor names instead."""

    on: date
    successor: str | None = None


class ImageAbilities(_Data):
    sizes: tuple[str, ...]
    default_size: str
    max_images: Annotated[int, Field(ge=1)] = 1
    qualities: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    seed: bool = False
    negative_prompt: bool = False
    revises_prompt: bool = False
    typical_generation_time: str = ""
    max_prompt_chars: int = 4000
    size_parameter: Literal["size", "aspect_ratio", "none"] = "size"
    """How the API is told the size: in pixels, as `16:9`, or not at all (it has one size)."""
    response_format: bool = False
    """OpenAI's wire only: `response_format` is taken, and `b64_json` can be asked for; newer models refuse it and always send base64."""


class ModelProfile(_Data):
    """`name` is for people (DALL-E 3), `description` one line for the list of providers."""

    name: str
    description: str = ""
    modalities: tuple[Modality, ...]
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None
    retired: Retirement | None = None
    image: ImageAbilities | None = None
    token_parameter: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"  # noqa: S105
    """Newer models of OpenAI's take only the second."""
    fixed_sampling: bool = False
    """Reasoning models that refuse temperature, top_p, stop and the penalties."""
    refuses: tuple[Sampling, ...] = ()
    """Other parameters that this model answers with a refusal; its mapping leaves them out."""

    @property
    def refused(self) -> frozenset[str]:
        """All parameters that the model does not take."""
        return frozenset(self.refuses) | (_FIXED if self.fixed_sampling else frozenset())


class ProviderProfile(_Data):
    """`models` by name as the vendor writes it; a key that ends in `*` is a prefix. `default` is what is meant where a resource names
    no model. `free`: it costs nothing to call (one's own machine). `needs_key`: nobody is served there without one."""

    type: ProviderType
    base_url: str | None = None
    default_model: str | None = None
    free: bool = False
    needs_key: bool = False
    models: Mapping[str, ModelProfile]

    def model(self, name: str | None) -> ModelProfile | None:
        """The profile of the model; None for one that is not known here."""
        wanted = name or self.default_model or ""
        if wanted in self.models:
            return self.models[wanted]
        prefixes = [key for key in self.models if key.endswith("*") and wanted.startswith(key[:-1])]
        return self.models[max(prefixes, key=len)] if prefixes else None


@functools.cache
def profile_of(kind: ProviderType) -> ProviderProfile:
    text = (files("octavo_generation.providers") / "profiles" / f"{kind.replace('-', '_')}.yaml").read_text("utf-8")
    return ProviderProfile.model_validate(yaml.safe_load(text))


def retirement_warning(kind: ProviderType, model: str | None, today: date) -> str | None:
    """One sentence for a model that is retired or will be within 90 days; None where all is well."""
    profile = profile_of(kind).model(model)
    if profile is None or profile.retired is None or (profile.retired.on - today).days > 90:
        return None
    tense = "was retired" if profile.retired.on <= today else "retires"
    instead = f"; its successor is {profile.retired.successor}" if profile.retired.successor else ""
    return f"the model {model or profile.name} {tense} on {profile.retired.on.isoformat()}{instead}"
