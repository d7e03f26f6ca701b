"""What a call costs, before it and after it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_core.errors import Misconfigured
from octavo_core.spec import Provider
from octavo_generation.policy.pricing import (
    FREE,
    check_price,
    cost_of_chat,
    cost_of_drawing,
    most_of_chat,
    most_of_drawing,
    price_of,
    text_tokens,
)
from octavo_generation.policy.spending import Spend
from octavo_generation.providers.port import ChatAnswer, ChatPrompt, DrawnImage, ImageAnswer, ImagePrompt, Message, Picture, Usage
from octavo_generation.providers.profile import ModelProfile, Price

TEXT = Price(as_of=date(2026, 11, 1), source="vendor", input_per_million=Decimal(3), output_per_million=Decimal(15))
IMAGES = Price(
    as_of=date(2026, 11, 1),
    source="vendor",
    per_image={"hd:1024x1024": Decimal("0.08"), "1024x1024": Decimal("0.04"), "1024x1792": Decimal("0.12")},
)
PROFILE = ModelProfile(name="M", modalities=("chat",), max_output_tokens=1000)


def prompt(text: str, **more: Any) -> ChatPrompt:
    return ChatPrompt((Message("user", text),), **more)


def answer(text: str = "four", prompt_tokens: int | None = None, completion_tokens: int | None = None) -> ChatAnswer:
    return ChatAnswer(text, "stop", Usage(prompt_tokens, completion_tokens), "m")


def pictures(count: int, usage: Usage | None = None) -> ImageAnswer:
    return ImageAnswer(tuple(DrawnImage(Picture(b"x", "image/png")) for _ in range(count)), "m", usage or Usage(images=count))


def provider(**more: Any) -> Provider:
    return Provider.model_validate({"name": "up", "type": "openai-compatible", "model": "m", "baseUrl": "http://up/v1", **more})


def test_the_most_is_the_whole_prompt_and_the_longest_answer() -> None:
    assert most_of_chat(prompt("a" * 300, max_tokens=50), TEXT, PROFILE) == Spend((108 * Decimal(3) + 50 * Decimal(15)) / 1_000_000, 158)
    assert most_of_chat(prompt("a" * 300), TEXT, PROFILE).tokens == 108 + 1000
    assert most_of_chat(prompt("a" * 300), TEXT, None).tokens == 108 + 4096
    with_picture = ChatPrompt((Message("user", "", (Picture(b"x", "image/png"),)),), max_tokens=1)
    assert most_of_chat(with_picture, TEXT, PROFILE).tokens == 8 + 2000 + 1


def test_the_cost_is_what_the_upstream_counted_and_else_the_estimate() -> None:
    assert cost_of_chat(prompt("x"), answer("x", 1000, 100), TEXT) == Spend(Decimal("0.0045"), 1100)
    assert cost_of_chat(prompt("aaa"), answer("bbbbbb"), TEXT) == Spend((9 * Decimal(3) + 2 * Decimal(15)) / 1_000_000, 11)
    assert cost_of_chat(prompt("aaa"), answer("bbbbbb", 0, 0), TEXT) == Spend(Decimal(0), 0), "counted as nothing is not uncounted"


@given(st.text(max_size=300), st.integers(0, 5000))
def test_what_an_honest_upstream_counts_is_never_above_the_most(text: str, longest: int) -> None:
    # No tokeniser in use makes more tokens than a third of the bytes for texts of any length; here it is the worst that we allow.
    asked = prompt(text, max_tokens=longest or None)
    most = most_of_chat(asked, TEXT, PROFILE)
    cost = cost_of_chat(asked, answer("x", text_tokens(text), longest or 1000), TEXT)
    assert cost.usd <= most.usd
    assert cost.tokens <= most.tokens


def test_pictures_cost_by_size_and_quality_and_number() -> None:
    def most(size: str, quality: str | None, count: int = 1) -> Decimal:
        return most_of_drawing(ImagePrompt("a fox", size, count, quality), IMAGES, None).usd

    assert most("1024x1024", None) == Decimal("0.04")
    assert most("1024x1024", "hd", 3) == Decimal("0.24")
    assert most("1024x1792", "hd") == Decimal("0.12")
    assert most("17x17", None) == Decimal("0.12"), "a size that the table lacks costs what the dearest does"
    assert cost_of_drawing(ImagePrompt("a fox", "1024x1024", 4), pictures(3), IMAGES).usd == Decimal("0.12"), "only what was made"


def test_pictures_billed_by_tokens() -> None:
    asked = ImagePrompt("a" * 30, "1024x1024", 2)
    assert most_of_drawing(asked, TEXT, PROFILE) == Spend((10 * Decimal(3) + 2000 * Decimal(15)) / 1_000_000, 2010)
    assert cost_of_drawing(asked, pictures(2, Usage(12, 1500, 2)), TEXT) == Spend((12 * Decimal(3) + 1500 * Decimal(15)) / 1_000_000, 1512)


def test_pictures_with_both_prices_cost_what_the_upstream_counted() -> None:
    both = TEXT.model_copy(update={"per_image": {"*": Decimal("0.25")}})
    asked = ImagePrompt("a" * 30, "1024x1024", 2)
    assert most_of_drawing(asked, both, None) == Spend(Decimal("0.5") + 10 * Decimal(3) / 1_000_000, 0)
    assert cost_of_drawing(asked, pictures(2, Usage(10, 1000, 2)), both).usd == (10 * Decimal(3) + 1000 * Decimal(15)) / 1_000_000
    assert cost_of_drawing(asked, pictures(2), both).usd == Decimal("0.5")


def test_an_unknown_price_counts_tokens_and_no_money() -> None:
    assert most_of_chat(prompt("aaa", max_tokens=5), None, None) == Spend(Decimal(0), 14)
    assert cost_of_chat(prompt("x"), answer("x", 10, 20), None) == Spend(Decimal(0), 30)
    assert most_of_drawing(ImagePrompt("a", "1x1"), None, None) == Spend()


def test_the_resources_own_price_counts_before_all_others() -> None:
    own = price_of(provider(price={"inputPerMillion": 0.1, "outputPerMillion": 0.2, "perImage": 0.03}))
    assert own is not None
    assert (own.input_per_million, own.output_per_million) == (Decimal("0.1"), Decimal("0.2"))
    assert own.of_image(size="any", quality=None) == Decimal("0.03")
    by_tokens = price_of(provider(price={"outputPerMillion": 40}))
    assert by_tokens is not None
    assert not by_tokens.per_image, "then the tokens of the answer are what a picture costs"
    nothing = price_of(provider(price={}))
    assert nothing is not None
    assert most_of_drawing(ImagePrompt("a fox", "1x1", 4), nothing, None) == Spend()


def test_a_free_provider_costs_nothing_whatever_its_model() -> None:
    free = price_of(Provider.model_validate({"name": "mine", "type": "sketch"}))
    assert free is FREE
    assert most_of_drawing(ImagePrompt("a fox", "1x1", 4), free, None) == Spend()
    check_price(Provider.model_validate({"name": "mine", "type": "sketch"}), free, draws=True)


def test_money_cannot_be_promised_where_nobody_knows_the_price() -> None:
    stranger = Provider.model_validate({"name": "stranger", "type": "xai", "model": "not-in-any-table"})
    with pytest.raises(Misconfigured) as caught:
        check_price(stranger, price_of(stranger), draws=False)
    assert "stranger" in caught.value.message
    assert "price" in caught.value.message
    with pytest.raises(Misconfigured):
        check_price(stranger, IMAGES, draws=False)
    check_price(stranger, IMAGES, draws=True)
    check_price(stranger, TEXT, draws=True)
    priced = Provider.model_validate({"name": "stranger", "type": "xai", "model": "not-in-any-table", "price": {"inputPerMillion": 1}})
    check_price(priced, price_of(priced), draws=False)
