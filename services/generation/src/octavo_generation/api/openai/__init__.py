"""OpenAI's wire format on a generator's own path: `/v1/chat/completions`, `/v1/completions`, `/v1/images/generations`, `/v1/models`.

Every call is a durable job like any other. The caller's connection is the only place where its answer can go, so a caller who goes
away before the end takes the job along, unless an `Idempotency-Key` says that somebody may come back for it.
"""

from octavo_generation.api.openai.errors import in_openai_words
from octavo_generation.api.openai.routes import openai_router
from octavo_generation.api.openai.serving import OpenAI

__all__ = ["OpenAI", "in_openai_words", "openai_router"]
