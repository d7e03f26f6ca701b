"""From a resource to the policy around its providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService
from octavo_core.spec.limits import Budget
from octavo_generation.policy.breaker import CircuitBreaker
from octavo_generation.policy.policy import ProviderPolicy
from octavo_generation.policy.pricing import FREE, check_price, price_of
from octavo_generation.policy.purse import Purse
from octavo_generation.policy.spending import SpendLedger, SpendLimits
from octavo_generation.policy.upstream import Upstream
from octavo_generation.providers.profile import profile_of, retirement_warning
from octavo_generation.providers.registry import is_fake, open_provider

log = structlog.get_logger(__name__)

IMAGES_AT_ONCE = 5
"""Calls of one worker to a provider that draws, where the resource does not say."""
ANSWER_TOKENS = 4_096
"""The longest answer that a budget pays for, where neither the request nor the resource says. Reserved at a model's own longest, one
call would hold dollars."""


def check_policy(resource: GeneratorService) -> None:
    """Raises what `open_policy` would for the budget, and opens nothing."""
    if _limits(resource).has_money:
        for provider in resource.spec.providers or ():
            check_price(provider, price_of(provider), draws=_draws(resource))


def open_policy(resource: GeneratorService, *, environment: Mapping[str, str], ledger: SpendLedger | None, clock: Clock) -> ProviderPolicy:
    """Connects nothing yet. `ledger` may be None where the resource has no budget. Raises `Misconfigured` for a provider that cannot be
    opened, and for a budget in US dollars with a provider whose price nobody knows. Models that are retired or soon will be are
    warned of in the log."""
    spec, limits = resource.spec, _limits(resource)
    check_policy(resource)
    if (limits.has_money or limits.has_tokens) and ledger is None:
        raise Misconfigured("limits.budget needs a database, where what was spent is counted")
    at_once = IMAGES_AT_ONCE if _draws(resource) else spec.workers.concurrency
    upstreams = []
    for provider in spec.providers or ():
        if (
            warning := retirement_warning(provider.type, provider.model, datetime.fromtimestamp(clock.now_ms() / 1000, UTC).date())
        ) is not None:
            log.warning("a provider's model retires", generator=resource.name, provider=provider.name, warning=warning)
        max_concurrent = provider.max_concurrent or at_once
        upstreams.append(
            Upstream(
                generator=resource.name,
                provider=open_provider(provider, environment=environment, max_connections=max_concurrent),
                price=FREE if provider.price is None and is_fake(provider, environment) else price_of(provider),
                profile=profile_of(provider.type).model(provider.model),
                breaker=CircuitBreaker(
                    failures=spec.fallback.breaker.failures, open_seconds=spec.fallback.breaker.open_seconds, clock=clock
                ),
                max_concurrent=max_concurrent,
                timeout_s=provider.timeout_seconds,
            )
        )
    purse = Purse(resource.name, ledger, limits, clock)
    answer_tokens = spec.limits.max_tokens or (ANSWER_TOKENS if limits.has_money or limits.has_tokens else None)
    return ProviderPolicy(upstreams, purse, hedge_after_s=spec.fallback.hedge_after_seconds, answer_tokens=answer_tokens)


def _limits(resource: GeneratorService) -> SpendLimits:
    return SpendLimits.of(resource.spec.limits.budget or Budget.model_validate({}))


def _draws(resource: GeneratorService) -> bool:
    return resource.spec.task == "image"
