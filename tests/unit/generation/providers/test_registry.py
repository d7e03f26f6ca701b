"""Which providers can be opened, and where their keys come from."""

from __future__ import annotations

from typing import Any

import pytest
from tests.servers.generators import generator, provider, text_generator

from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService, Provider, parse_resource
from octavo_generation.handlers import check_handler
from octavo_generation.providers.registry import check_provider


def one(**more: Any) -> Provider:
    resource: GeneratorService = parse_resource(text_generator("x", "", providers=[provider("http://h/v1", **more)]))
    assert resource.spec.providers is not None
    return resource.spec.providers[0]


def test_without_credentials_there_is_no_key() -> None:
    assert check_provider(one(), {}) is None


@pytest.mark.parametrize(
    ("credentials", "variable"),
    [
        ({"env": "MY_KEY"}, "MY_KEY"),
        ({"secretRef": {"name": "xai", "key": "apiKey"}}, "OCTAVO_SECRET_XAI_APIKEY"),
        ({"secretRef": {"name": "my-secret.v2", "key": "api-key"}}, "OCTAVO_SECRET_MY_SECRET_V2_API_KEY"),
    ],
)
def test_a_key_is_read_from_the_variable_that_is_named(credentials: dict[str, Any], variable: str) -> None:
    assert check_provider(one(credentials=credentials), {variable: " sk-1\n"}) == "sk-1"
    for environment in ({}, {variable: " "}):
        with pytest.raises(Misconfigured, match=f"{variable} is not set"):
            check_provider(one(credentials=credentials), environment)


def test_a_type_that_this_version_lacks() -> None:
    with pytest.raises(Misconfigured, match="providers of the type xai are not served"):
        check_provider(one(type="xai"), {})


def test_one_bad_provider_of_several_is_enough_to_refuse() -> None:
    good, bad = provider("http://h/v1", "good"), provider("http://h/v1", "bad", credentials={"env": "ABSENT"})
    check_handler(parse_resource(text_generator("x", "", providers=[good])), {})
    with pytest.raises(Misconfigured, match="ABSENT"):
        check_handler(parse_resource(text_generator("x", "", providers=[good, bad])), {})


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ({"name": "llamacpp", "model": "file:///m.gguf"}, "engine llamacpp is not served"),
        ({"name": "ctranslate2", "model": "hf://org/name@main"}, "models from hf:// are not served"),
        ({"name": "ctranslate2", "model": "builtin://absent"}, "absent"),
    ],
)
def test_an_engine_that_cannot_run_here(engine: dict[str, Any], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        check_handler(parse_resource(generator("x", task="story", engine=engine)), {})
