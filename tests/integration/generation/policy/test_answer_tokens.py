"""How long an answer may be, and what is reserved for it, where a request does not say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.integration.generation.policy.house import Caller
from tests.servers.generators import provider, text_generator
from tests.servers.vendor_wire import Reply, VendorWire, vendor_wire

from octavo_core.clock import ManualClock
from octavo_core.spec import parse_resource
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.opening import ANSWER_TOKENS, open_policy
from octavo_generation.providers.port import ChatPrompt, Message

CHAT = "/v1/chat/completions"
ANSWER = {
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Four."}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
UNBOUNDED = ChatPrompt((Message("user", "hello"),))
OF_PROMPT = 2 + 8
BUDGET = {"budget": {"tokensPerDay": 1_000_000}}


async def asked(vendor: VendorWire, ledger: SqlSpendLedger, clock: ManualClock, prompt: ChatPrompt, limits: Any, **more: Any) -> Any:
    """The body that the vendor got, and the tokens that were held meanwhile."""
    document = text_generator("house", "", providers=[provider(f"{vendor.url}/v1", **more)], limits=limits)
    policy = open_policy(parse_resource(document), environment={"KEY": "sk"}, ledger=ledger, clock=clock)
    vendor.on("POST", CHAT, Reply(body=ANSWER, held=True))
    calling = asyncio.create_task(policy.chat(prompt, Caller().call))
    await vendor.until_asked(CHAT)
    held = (await ledger.totals("house", clock.now_ms()))["day"].held.tokens
    vendor.released.set()
    await calling
    await policy.close()
    return vendor.seen[0].body, held


@pytest.mark.parametrize(
    ("limits", "longest"), [(BUDGET, ANSWER_TOKENS), ({**BUDGET, "maxTokens": 300}, 300), ({**BUDGET, "maxTokens": 20_000}, 20_000)]
)
async def test_with_a_budget_what_is_reserved_is_what_is_asked_for(
    ledger: SqlSpendLedger, clock: ManualClock, limits: dict[str, Any], longest: int
) -> None:
    async with vendor_wire() as vendor:
        body, held = await asked(vendor, ledger, clock, UNBOUNDED, limits)
    assert body["max_tokens"] == longest
    assert held == OF_PROMPT + longest


async def test_a_request_that_says_is_asked_as_it_says(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    async with vendor_wire() as vendor:
        prompt = ChatPrompt((Message("user", "hello"),), max_tokens=9_000)
        body, held = await asked(vendor, ledger, clock, prompt, {**BUDGET, "maxTokens": 300})
    assert body["max_tokens"] == 9_000
    assert held == OF_PROMPT + 9_000


async def test_a_model_that_gives_less_is_asked_for_no_more(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    more = {"type": "openai", "model": "gpt-4-turbo", "credentials": {"env": "KEY"}}
    async with vendor_wire() as vendor:
        body, held = await asked(vendor, ledger, clock, UNBOUNDED, {**BUDGET, "maxTokens": 100_000}, **more)
    longest = next(body[name] for name in ("max_tokens", "max_completion_tokens") if name in body)
    assert longest < 100_000
    assert held == OF_PROMPT + longest


async def test_without_a_budget_the_model_decides_unless_the_resource_says(ledger: SqlSpendLedger, clock: ManualClock) -> None:
    async with vendor_wire() as vendor:
        body, held = await asked(vendor, ledger, clock, UNBOUNDED, {})
        assert "max_tokens" not in body
        assert held == 0
    async with vendor_wire() as vendor:
        body, _ = await asked(vendor, ledger, clock, UNBOUNDED, {"maxTokens": 300})
        assert body["max_tokens"] == 300
