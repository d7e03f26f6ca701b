"""What the tests of providers make: an opening as the registry has it, real pictures, an ear for stages."""

from __future__ import annotations

import io

from PIL import Image

from octavo_core.spec import ProviderType
from octavo_generation.providers.opening import Opening
from octavo_generation.providers.profile import profile_of


def opening(kind: ProviderType, url: str, *, model: str | None = None, api_key: str | None = None, timeout_s: float = 10.0) -> Opening:
    """As the registry makes it, for the provider `art`."""
    profile = profile_of(kind)
    name = model or profile.default_model or ""
    return Opening(
        name="art",
        type=kind,
        model=name,
        profile=profile.model(name),
        base_url=url,
        api_version=None,
        api_key=api_key,
        timeout_s=timeout_s,
        max_connections=5,
    )


def png(colour: str = "teal", side: int = 16) -> bytes:
    """A real picture, another one for each colour."""
    encoded = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(encoded, "PNG")
    return encoded.getvalue()


class Told:
    """Remembers stages."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float | None]] = []

    def __call__(self, stage: str, far: float | None) -> None:
        self.stages.append((stage, far))
