"""OpenAI's moderation endpoint: a verdict, or an error; never a guess."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.contract.generation.providers.openings import open_against
from tests.servers.vendor_wire import Reply, VendorWire, vendor_wire

from octavo_core.errors import ProviderError, ProviderUnavailable
from octavo_generation.providers.port import Verdict

MODERATE = "/v1/moderations"


@pytest.fixture
async def vendor() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("gpt-4o", "omni-moderation-latest"),
        ("dall-e-3", "omni-moderation-latest"),
        ("omni-moderation-2024-09-26", "omni-moderation-2024-09-26"),
    ],
)
async def test_beside_every_model_of_openais_there_is_its_moderation(vendor: VendorWire, model: str, asked: str) -> None:
    found = {"flagged": True, "categories": {"violence": True, "hate": False, "harassment/threatening": True}}
    vendor.on("POST", MODERATE, Reply(body={"model": "omni", "results": [found]}))
    provider = open_against(vendor.url, "openai", model)
    assert await provider.moderate("I will hit you.") == Verdict(True, ("harassment/threatening", "violence"))
    await provider.close()
    assert vendor.seen[0].body == {"model": asked, "input": "I will hit you."}


async def test_what_is_harmless(vendor: VendorWire) -> None:
    vendor.on("POST", MODERATE, Reply(body={"results": [{"flagged": False, "categories": {"hate": False}}]}))
    provider = open_against(vendor.url, "openai")
    assert await provider.moderate("A fox.") == Verdict(False)
    await provider.close()


@pytest.mark.parametrize("body", [{}, {"results": []}, {"results": [{}]}, {"results": [{"flagged": "no"}]}, {"results": 3}, b"garbage"])
async def test_an_answer_without_a_verdict_does_not_pass_for_harmless(vendor: VendorWire, body: Any) -> None:
    vendor.on("POST", MODERATE, Reply(body=body))
    provider = open_against(vendor.url, "openai")
    with pytest.raises(ProviderError):
        await provider.moderate("A fox.")
    await provider.close()


async def test_an_endpoint_that_is_down(vendor: VendorWire) -> None:
    vendor.on("POST", MODERATE, Reply(500))
    provider = open_against(vendor.url, "openai")
    with pytest.raises(ProviderUnavailable):
        await provider.moderate("A fox.")
    await provider.close()
