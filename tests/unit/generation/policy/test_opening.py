"""From a resource to its policy: what is refused before anything is called, and what is warned of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.servers.generators import generator

from octavo_core.clock import ManualClock
from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService, parse_resource
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.opening import check_policy, open_policy
from octavo_generation.providers.profile import profile_of
from octavo_generation.store import open_generation_store

OLLAMA = {"name": "ollama", "type": "openai-compatible", "model": "llama", "baseUrl": "http://127.0.0.1:1/v1"}


def resource(*providers: dict[str, Any], **spec: Any) -> GeneratorService:
    parsed = parse_resource(generator("stories", **{"task": "text", "providers": list(providers), **spec}))
    assert isinstance(parsed, GeneratorService)
    return parsed


def test_a_budget_in_dollars_needs_a_price_for_every_provider() -> None:
    stranger = {"name": "stranger", "type": "xai", "model": "not-in-any-table", "credentials": {"env": "KEY"}}
    money = {"budget": {"usdPerDay": 5}}
    with pytest.raises(Misconfigured, match=r"stranger.*price"):
        check_policy(resource(stranger, OLLAMA, limits=money))
    with pytest.raises(Misconfigured, match=r"ollama.*price: \{\}"):
        check_policy(resource(OLLAMA, limits=money))
    check_policy(resource({**OLLAMA, "price": {}}, {**stranger, "price": {"inputPerMillion": 1, "outputPerMillion": 2}}, limits=money))
    check_policy(resource(OLLAMA, stranger, limits={"budget": {"tokensPerDay": 5}}))
    check_policy(resource(OLLAMA, stranger))


async def test_a_budget_needs_a_ledger(tmp_path: Path) -> None:
    bounded = resource(OLLAMA, limits={"budget": {"tokensPerDay": 5}})
    with pytest.raises(Misconfigured, match="database"):
        open_policy(bounded, environment={}, ledger=None, clock=ManualClock())
    store = open_generation_store(f"sqlite:///{tmp_path}/jobs.db", ManualClock())
    await open_policy(bounded, environment={}, ledger=SqlSpendLedger(store), clock=ManualClock()).close()
    await store.close()


async def test_a_retired_model_is_warned_of_once_and_names_its_successor() -> None:
    retired = next(
        (name, model.retired) for name, model in profile_of("openai").models.items() if model.retired and model.retired.successor
    )
    name, retirement = retired
    clock = ManualClock(round(datetime(retirement.on.year, retirement.on.month, retirement.on.day, tzinfo=UTC).timestamp() * 1000))
    provider = {"name": "openai", "type": "openai", "model": name.rstrip("*"), "credentials": {"env": "KEY"}}
    with capture_logs() as logs:
        policy = open_policy(resource(provider), environment={"KEY": "k"}, ledger=None, clock=clock)
    (warning,) = [log for log in logs if log["log_level"] == "warning"]
    assert warning["provider"] == "openai"
    assert retirement.successor is not None
    assert retirement.successor in warning["warning"]
    await policy.close()
