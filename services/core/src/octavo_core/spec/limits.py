"""`spec.limits` and `spec.moderation`: what callers may ask for, how often, and for how much money."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.scalars import Loose


class Budget(Model):
    """Spending of the whole generator per calendar day in UTC; when it is spent, the next provider is used or the request refused."""

    usd_per_day: float | None = Field(None, ge=0, le=1_000_000, description="US dollars a day, by the prices in the providers' profiles.")
    tokens_per_day: int | None = Field(None, ge=1, le=1_000_000_000_000, description="Tokens a day, prompts and answers together.")


class Limits(Model):
    """Bounds that hold before any work is done; above them a request gets 429, or 422 where it is too long."""

    requests_per_minute: int | None = Field(
        None, ge=1, le=1_000_000, description="Requests a user may make in a minute. Left out: no bound."
    )
    max_concurrent: int | None = Field(
        None, ge=1, le=100_000, description="Jobs of one user that may be queued or running at once. Left out: no bound."
    )
    budget: Budget | None = Field(None, description="What this generator may spend at its providers in a day. Left out: no bound.")
    max_prompt_chars: int = Field(
        8000, ge=1, le=1_000_000, description="The longest prompt, in characters; longer ones are refused with 422."
    )


Word = Annotated[str, Field(min_length=1, max_length=100)]


class Moderation(Model):
    """What is refused for its content, before a model sees it and before a person sees the answer."""

    enabled: bool = Field(False, description="Check prompts and results; what is refused answers 451.")
    blocked_words: Annotated[tuple[Word, ...], Loose] = Field(
        (), max_length=1000, description="Words that may not occur, whole words in any case of letters, beside those that Octavo knows."
    )
