"""The list of a generator's providers: who they are, what they can do, which one is asked first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from octavo_core.clock import Clock
from octavo_core.spec import Provider
from octavo_generation.generator import Generator
from octavo_generation.providers.profile import profile_of, retirement_warning
from octavo_generation.providers.registry import is_fake


class ProviderView(BaseModel):
    """What does not apply is left out."""

    id: str = Field(description="Its name in the resource; a request may ask for it as `provider`.")
    name: str
    description: str
    supported_sizes: list[str] | None = None
    max_images: int | None = Field(None, description="Pictures of one request at most.")
    supports_quality: bool | None = None
    supports_style: bool | None = None
    supports_seed: bool | None = None
    supports_negative_prompt: bool | None = None
    typical_generation_time: str | None = None
    model: str | None = Field(None, description="Of models that chat: its name at the provider.")
    context_tokens: int | None = Field(None, description="Of models that chat: prompt and answer together.")
    sample: bool | None = Field(None, description="Its key is not here: samples are given in place of its answers.")
    warning: str | None = Field(None, description="For a model that its vendor retires, with its successor.")


class ProvidersResponse(BaseModel):
    providers: list[ProviderView]
    default_provider: str | None


def providers_router(generator: Generator, environment: Mapping[str, str], clock: Clock) -> APIRouter:
    """`environment` is where the keys are."""
    router = APIRouter(prefix="/api/v1/providers", tags=["providers"])
    spec = generator.resource.spec
    providers = spec.providers or ()

    @router.get("", summary="Available providers", response_model=ProvidersResponse, response_model_exclude_none=True)
    async def list_providers(request: Request) -> dict[str, Any]:
        await generator.principal(request.headers.get("authorization"))
        most, now_ms = spec.image_settings.max_per_request, clock.now_ms()
        views = [provider_view(one, max_images=most, is_sample=is_fake(one, environment), now_ms=now_ms) for one in providers]
        return {"providers": views, "default_provider": providers[0].name if providers else None}

    return router


def provider_view(provider: Provider, *, max_images: int, is_sample: bool, now_ms: int) -> dict[str, Any]:
    """One provider as callers see it. Flags that are false are left out."""
    profile = profile_of(provider.type)
    model = provider.model or profile.default_model
    known = profile.model(model)
    view: dict[str, Any] = {
        "id": provider.name,
        "name": provider.name if known is None else known.name,
        "description": (known.description if known is not None else "") or f"{model} at {provider.type}",
    }
    if known is not None and known.image is not None:
        image = known.image
        view |= {
            "supported_sizes": list(image.sizes),
            "max_images": min(image.max_images, max_images),
            "supports_quality": bool(image.qualities) or None,
            "supports_style": bool(image.styles) or None,
            "supports_seed": image.seed or None,
            "supports_negative_prompt": image.negative_prompt or None,
            "typical_generation_time": image.typical_generation_time or None,
        }
    else:
        view |= {"model": model, "context_tokens": None if known is None else known.context_tokens}
    view["sample"] = is_sample or None
    view["warning"] = retirement_warning(provider.type, model, datetime.fromtimestamp(now_ms / 1000, UTC).date())
    return view
