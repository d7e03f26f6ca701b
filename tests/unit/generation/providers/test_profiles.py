"""What the profiles say of models: data that budgets, warnings and requests are built on, so it is checked as data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from octavo_core.spec import ProviderType
from octavo_core.spec.providers import NEED_BASE_URL, NEED_MODEL, PROVIDER_TYPES
from octavo_generation.providers.profile import ModelProfile, ProviderProfile, profile_of, retirement_warning

LOOKED_UP = date(2026, 11, 28)
MODELS = [(kind, name) for kind in PROVIDER_TYPES for name in profile_of(kind).models]


def model(kind: ProviderType, name: str) -> ModelProfile:
    found = profile_of(kind).model(name)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", PROVIDER_TYPES)
def test_a_profile_is_of_its_type_and_has_what_a_resource_may_leave_out(kind: ProviderType) -> None:
    profile = profile_of(kind)
    assert profile.type == kind
    if kind not in NEED_MODEL:
        assert profile.default_model is not None
    if kind not in NEED_BASE_URL and kind not in ("fake", "sketch"):
        assert (profile.base_url or "").startswith("https://")
    if profile.default_model is not None:
        assert profile.model(profile.default_model) is not None
        assert model(kind, profile.default_model).retired is None


@pytest.mark.parametrize(("kind", "name"), MODELS)
def test_a_model_makes_sense(kind: ProviderType, name: str) -> None:
    found = profile_of(kind).models[name]
    assert found.name
    assert found.modalities
    assert (found.image is not None) is ("image" in found.modalities)
    if found.image is not None:
        assert found.image.default_size in found.image.sizes
        assert len(set(found.image.sizes)) == len(found.image.sizes)
        for size in found.image.sizes:
            width, height = size.split("x")
            assert int(width) > 0
            assert int(height) > 0
    if found.max_output_tokens is not None and found.context_tokens is not None:
        assert found.max_output_tokens <= found.context_tokens


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name in MODELS if profile_of(kind).models[name].price])
def test_a_price_is_positive_and_of_a_day_that_has_been(kind: ProviderType, name: str) -> None:
    found = profile_of(kind).models[name]
    price = found.price
    assert price is not None
    assert price.as_of <= datetime.now(UTC).date()
    assert price.source in ("vendor", "public-tables")
    amounts = [amount for amount in (price.input_per_million, price.output_per_million, *price.per_image.values()) if amount is not None]
    assert amounts, "a price without an amount would count as free"
    assert all(amount > 0 for amount in amounts)
    if "chat" in found.modalities:
        assert price.input_per_million is not None
        assert price.output_per_million is not None
    words = {*found.image.sizes, *found.image.qualities, "*"} if found.image else set()
    assert {part for key in price.per_image for part in key.split(":")} <= words
    if price.per_image and found.image is not None:
        for size in found.image.sizes:
            for quality in (None, *found.image.qualities):
                assert price.of_image(size=size, quality=quality) is not None, (size, quality)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name in MODELS if profile_of(kind).models[name].retired])
def test_a_successor_is_known_and_not_retired_itself(kind: ProviderType, name: str) -> None:
    retired = profile_of(kind).models[name].retired
    assert retired is not None
    if retired.successor is not None:
        successor = model(kind, retired.successor)
        assert successor.retired is None or successor.retired.on > retired.on
        assert successor.retired is None or successor.retired.on > LOOKED_UP
        assert set(profile_of(kind).models[name].modalities) <= {*successor.modalities}


def test_one_does_not_pay_for_what_is_ones_own_or_made_up() -> None:
    assert not profile_of("openai-compatible").models
    assert not profile_of("openai-compatible").free, "who rents a server pays for it"
    assert not profile_of("openai-compatible").needs_key
    assert profile_of("fake").free
    assert not profile_of("fake").needs_key
    assert set(model("fake", "whatever it is called").modalities) == {"chat", "vision", "image", "moderation"}
    for kind in ("openai", "xai", "azure-openai", "anthropic"):
        assert profile_of(kind).needs_key
        assert not profile_of(kind).free


def test_dalle_is_what_the_image_generator_service_promises() -> None:
    for kind, name in (("openai", "dall-e-3"), ("azure-openai", "dall-e-3"), ("azure-openai", "dalle3")):
        dalle = model(kind, name)
        assert dalle.name == "DALL-E 3"
        assert dalle.description == "OpenAI's advanced image generation model"
        assert dalle.image is not None
        assert dalle.image.sizes == ("1024x1024", "1792x1024", "1024x1792")
        assert dalle.image.max_images == 1
        assert dalle.image.qualities == ("standard", "hd")
        assert dalle.image.styles == ("vivid", "natural")
        assert dalle.image.revises_prompt
        assert dalle.image.typical_generation_time == "10-30 seconds"


@pytest.mark.parametrize(
    ("kind", "name", "size", "quality", "dollars"),
    [
        ("openai", "dall-e-3", "1024x1024", None, "0.04"),
        ("openai", "dall-e-3", "1024x1024", "hd", "0.08"),
        ("openai", "dall-e-3", "1024x1792", "hd", "0.12"),
        ("openai", "dall-e-2", "512x512", None, "0.018"),
        ("openai", "gpt-image-1.5", "1536x1024", "medium", "0.05"),
        ("openai", "gpt-image-1.5", "1536x1024", None, "0.2"),
        ("xai", "grok-imagine-image-2.0", "1280x720", "low", "0.04"),
        ("xai", "grok-2-image-1212", "1024x768", None, "0.07"),
    ],
)
def test_what_a_picture_costs(kind: ProviderType, name: str, size: str, quality: str | None, dollars: str) -> None:
    price = model(kind, name).price
    assert price is not None
    assert price.of_image(size=size, quality=quality) == Decimal(dollars)


@pytest.mark.parametrize(
    ("kind", "name", "is_called"),
    [
        ("xai", "grok-4.3-latest", "Grok 4.3"),
        ("xai", "grok-2-image-1212", "Grok 2 Image"),
        ("xai", "grok-2-1212", "Grok 2"),
        ("xai", "grok-4.20-non-reasoning-latest", "Grok 4.20 without reasoning"),
        ("anthropic", "claude-haiku-4-5-20251001", "Claude Haiku 4.5"),
        ("azure-openai", "gpt-4o-mini-eu", "GPT-4o"),
        ("openai", "gpt-4-turbo-2024-04-09", "GPT-4 Turbo"),
        ("openai", "gpt-99", None),
        ("xai", "grok", None),
    ],
)
def test_the_most_exact_name_counts(kind: ProviderType, name: str, is_called: str | None) -> None:
    found = profile_of(kind).model(name)
    assert (found and found.name) == is_called


def test_what_a_model_refuses() -> None:
    fixed = {"temperature", "top_p", "stop", "presence_penalty", "frequency_penalty"}
    assert model("openai", "o3").refused == fixed
    assert model("xai", "grok-4").refused == {"stop", "presence_penalty", "frequency_penalty"}
    assert model("anthropic", "claude-opus-5-5").refused == {"temperature", "top_p"}
    assert model("openai", "gpt-4o").refused == set()


def test_a_retired_model_is_warned_of_with_its_successor() -> None:
    told = retirement_warning("openai", "dall-e-3", LOOKED_UP)
    assert told == "the model dall-e-3 was retired on 2026-05-12; its successor is gpt-image-2.5-sunburst"


def test_a_model_that_will_be_retired_is_warned_of_for_three_months() -> None:
    ends = date(2027, 1, 14)
    assert retirement_warning("openai", "gpt-4o", ends - timedelta(days=91)) is None
    assert (
        retirement_warning("openai", "gpt-4o", ends - timedelta(days=90))
        == "the model gpt-4o retires on 2027-01-14; its successor is gpt-6-luna"
    )
    assert "was retired" in (retirement_warning("openai", "gpt-4o", ends) or "")


@pytest.mark.parametrize("name", ["gpt-6-luna", "gpt-99"])
def test_where_nothing_ends_nothing_is_said(name: str) -> None:
    assert retirement_warning("openai", name, LOOKED_UP) is None


def test_a_profile_with_a_word_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        ProviderProfile.model_validate({"type": "openai", "models": {}, "colour": "red"})
