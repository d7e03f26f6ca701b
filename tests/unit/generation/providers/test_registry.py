"""Which providers can be opened, where their keys come from, and when the fake server stands in for them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.servers.generators import provider, text_generator

from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService, Provider, parse_resource
from octavo_generation.providers.port import ChatProvider, ImageProvider
from octavo_generation.providers.registry import FAKES_URL, check_provider, is_fake, open_provider

FAKES = {FAKES_URL: "http://127.0.0.1:9300/"}


def one(**more: Any) -> Provider:
    """Fields that are None are left out of the document."""
    document = {name: value for name, value in provider("http://h/v1", **more).items() if value is not None}
    task = "image" if document["type"] in ("flux", "stability", "automatic1111", "midjourney") else "text"
    resource = parse_resource(text_generator("x", "", task=task, providers=[document]))
    assert isinstance(resource, GeneratorService)
    assert resource.spec.providers is not None
    return resource.spec.providers[0]


def test_without_credentials_there_is_no_key() -> None:
    opening = check_provider(one(timeoutSeconds=7), {})
    assert (opening.name, opening.type, opening.model, opening.base_url) == ("up", "openai-compatible", "m", "http://h/v1")
    assert (opening.api_key, opening.secrets, opening.profile, opening.timeout_s) == (None, (), None, 7)


@pytest.mark.parametrize(
    ("credentials", "variable"),
    [
        ({"env": "MY_KEY"}, "MY_KEY"),
        ({"secretRef": {"name": "xai", "key": "apiKey"}}, "OCTAVO_SECRET_XAI_APIKEY"),
        ({"secretRef": {"name": "my-secret.v2", "key": "api-key"}}, "OCTAVO_SECRET_MY_SECRET_V2_API_KEY"),
        ({"env": "MY_KEY", "secretRef": {"name": "xai", "key": "apiKey"}}, "OCTAVO_SECRET_XAI_APIKEY"),
    ],
)
def test_a_key_is_read_from_the_variable_that_is_named(credentials: dict[str, Any], variable: str) -> None:
    opening = check_provider(one(credentials=credentials), {variable: " sk-1\n"})
    assert (opening.api_key, opening.secrets) == ("sk-1", ("sk-1",))
    for environment in ({}, {variable: " "}):
        with pytest.raises(Misconfigured, match=f"{variable} is not set"):
            check_provider(one(credentials=credentials), environment)


@pytest.mark.parametrize("kind", ["xai", "openai", "anthropic", "azure-openai"])
def test_nobody_is_served_there_without_a_key(kind: str) -> None:
    with pytest.raises(Misconfigured, match=f"the provider up \\({kind}\\) needs credentials"):
        check_provider(one(type=kind), {})


@pytest.mark.parametrize(
    ("kind", "url"),
    [("xai", "https://api.x.ai/v1"), ("openai", "https://api.openai.com/v1"), ("anthropic", "https://api.anthropic.com")],
)
def test_the_profile_knows_the_usual_address(kind: str, url: str) -> None:
    key = {"credentials": {"env": "KEY"}}
    assert check_provider(one(type=kind, baseUrl=None, **key), {"KEY": "k"}).base_url == url
    assert check_provider(one(type=kind, **key), {"KEY": "k"}).base_url == "http://h/v1"


def test_the_profile_of_the_model_is_there() -> None:
    opening = check_provider(one(type="openai", model="gpt-4o", credentials={"env": "KEY"}), {"KEY": "k"})
    assert opening.profile is not None
    assert opening.profile.name == "GPT-4o"


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("xai", "http://127.0.0.1:9300/xai/v1"),
        ("openai", "http://127.0.0.1:9300/openai/v1"),
        ("azure-openai", "http://127.0.0.1:9300/azure-openai"),
        ("anthropic", "http://127.0.0.1:9300/anthropic"),
    ],
)
def test_where_a_key_is_missing_the_fake_server_stands_in(kind: str, url: str) -> None:
    found = one(type=kind, credentials={"env": "KEY"})
    assert is_fake(found, FAKES)
    opening = check_provider(found, FAKES)
    assert (opening.type, opening.base_url) == (kind, url)
    assert not is_fake(found, {**FAKES, "KEY": "k"})
    assert check_provider(found, {**FAKES, "KEY": "k"}).base_url == "http://h/v1"


def test_what_needs_no_key_is_never_replaced() -> None:
    assert not is_fake(one(), FAKES)


def test_a_fake_provider_needs_the_fake_server_or_an_address() -> None:
    assert check_provider(one(type="fake", baseUrl=None, model=None), FAKES).base_url == "http://127.0.0.1:9300/fake"
    assert check_provider(one(type="fake", model=None), {}).base_url == "http://h/v1"
    with pytest.raises(Misconfigured, match=FAKES_URL):
        check_provider(one(type="fake", baseUrl=None), {})


def test_a_providers_own_bound_of_calls_counts() -> None:
    assert check_provider(one(), {}).max_connections == 0, "no bound of its own"
    assert check_provider(one(maxConcurrent=7), {}).max_connections == 7


@pytest.mark.parametrize(
    ("kind", "model", "port"),
    [
        ("xai", "grok-4", ChatProvider),
        ("xai", "grok-imagine-image", ImageProvider),
        ("openai", "dall-e-3", ImageProvider),
        ("azure-openai", "gpt-4o", ChatProvider),
        ("anthropic", "claude-sonnet-5-5", ChatProvider),
        ("fake", "x", ChatProvider),
        ("fake", "x", ImageProvider),
    ],
)
async def test_a_type_opens_as_what_its_model_is_for(kind: str, model: str, port: type) -> None:
    opened = open_provider(one(type=kind, model=model, credentials={"env": "KEY"}), environment={"KEY": "k"}, max_connections=3)
    assert isinstance(opened, port)
    assert (opened.name, opened.model) == ("up", model)
    await opened.close()
