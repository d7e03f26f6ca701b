"""`spec.limits` and `spec.moderation`: what callers may ask for, how often, and for how much money."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.scalars import Loose, ProviderName


class Budget(Model):
    """Spending of the whole generator by calendar day and month in UTC. What a call may cost at most is reserved before it is made and
    settled after it; a call that no longer fits goes to the next provider that does, or the job fails."""

    usd_per_day: float | None = Field(None, ge=0, le=1_000_000, description="US dollars a day, by the prices in the providers' profiles.")
    usd_per_month: float | None = Field(None, ge=0, le=1_000_000, description="US dollars a month.")
    tokens_per_day: int | None = Field(None, ge=1, le=1_000_000_000_000, description="Tokens a day, prompts and answers together.")
    tokens_per_month: int | None = Field(None, ge=1, le=1_000_000_000_000, description="Tokens a month.")


class Breaker(Model):
    """When a provider that fails is left alone for a while."""

    failures: int = Field(
        5, ge=1, le=1000, description="After so many failures in a row the provider is not asked any more: its circuit is open."
    )
    open_seconds: int = Field(
        30, ge=1, le=86400, description="After so many seconds one call is let through to try it; when it succeeds, all are again."
    )


class Fallback(Model):
    """How the providers stand in for each other."""

    breaker: Breaker = Field(
        default_factory=Breaker, json_schema_extra={"default": {}}, description="When a provider that fails is left alone for a while."
    )
    hedge_after_seconds: float | None = Field(
        None,
        ge=0,
        le=3600,
        description="When a provider has not answered after so many seconds, the next is asked as well and the first answer counts; 0: at"
        " once. It costs a second call. Left out: never.",
    )


class Limits(Model):
    """Bounds that hold before any work is done; above them a request gets 429, or 422 where it is too long."""

    requests_per_minute: int | None = Field(
        None, ge=1, le=1_000_000, description="Requests a user may make in a minute. Left out: no bound."
    )
    total_requests_per_minute: int | None = Field(
        None, ge=1, le=10_000_000, description="Requests that all users together may make in a minute. Left out: no bound."
    )
    max_concurrent: int | None = Field(
        None, ge=1, le=100_000, description="Jobs of one user that may be queued or running at once. Left out: no bound."
    )
    budget: Budget | None = Field(None, description="What this generator may spend at its providers in a day. Left out: no bound.")
    max_tokens: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="For providers: the longest answer, in tokens, where a request does not say. With a budget it is what is reserved for"
        " such a request. Left out: 4096 where there is a budget, else what the model gives.",
    )
    max_prompt_chars: int = Field(
        8000, ge=1, le=1_000_000, description="The longest prompt, in characters; longer ones are refused with 422."
    )


Word = Annotated[str, Field(min_length=1, max_length=100)]


class Moderation(Model):
    """What is refused for its content, before a model sees it and before a person sees the answer."""

    enabled: bool = Field(False, description="Check prompts and results; what is refused answers 451.")
    blocked_words: Annotated[tuple[Word, ...], Loose] = Field(
        (),
        max_length=1000,
        description="Words and phrases that may not occur, beside those that Octavo knows: whole words, whatever the case of letters,"
        " accents, look-alike characters and digits in place of letters.",
    )
    provider: ProviderName | None = Field(
        None, description="Name of one of the providers whose moderation endpoint is asked too; it must have one (openai)."
    )


class Images(Model):
    """For the task image: how pictures are asked for and kept."""

    enhance_prompts: bool = Field(
        True,
        description="Add what makes pictures better (light, composition, detail) to short prompts of providers that do not do so"
        " themselves; the result shows the prompt that was used.",
    )
    max_per_request: int = Field(4, ge=1, le=10, description="Pictures of one request at most; a provider may allow fewer.")
    store: bool = Field(True, description="Keep pictures in the storage. Without it they are in the result only, as base64.")
