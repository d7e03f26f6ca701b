"""What a job's row holds when it has succeeded: the result, who made it, and what that took. JSON."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import orjson

from octavo_generation.policy.calls import Done
from octavo_generation.providers.port import Usage


def outcome(result: dict[str, Any], *, provider: dict[str, Any], usage: Usage, cost_usd: Decimal | None = None) -> str:
    taken: dict[str, Any] = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    if usage.images:
        taken["images"] = usage.images
    if cost_usd is not None:
        # As text: a float would tell of a tenth of a cent what nobody paid.
        taken["cost_usd"] = format(cost_usd.normalize(), "f")
    return orjson.dumps({"result": result, "provider": provider, "usage": taken}).decode()


def answered_by(done: Done[Any], samples: Collection[str]) -> dict[str, Any]:
    """Who answered, and who was asked in vain before. `samples`: names of providers in whose stead the fake server answers."""
    provider: dict[str, Any] = {"name": done.provider, "model": done.model, "tried": [one.as_dict() for one in done.tried]}
    if done.provider in samples:
        provider["sample"] = True
    return provider
