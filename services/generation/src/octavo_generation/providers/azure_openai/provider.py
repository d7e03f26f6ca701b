"""A deployment of Azure OpenAI. Its name is the person's own: where it is a model's name, that model's profile counts."""

from __future__ import annotations

from octavo_generation.providers.azure_openai.client import dialect_of, open_wire
from octavo_generation.providers.openai.provider import class_of
from octavo_generation.providers.openai.speaking import Speaker
from octavo_generation.providers.opening import Opening


def open_provider(opening: Opening) -> Speaker:
    """Meets the chat or the image port, or both where the deployment's name does not tell."""
    return class_of(opening, moderates=False)(
        name=opening.name,
        model=opening.model,
        profile=opening.profile,
        wire=open_wire(opening),
        dialect=dialect_of(opening),
    )
