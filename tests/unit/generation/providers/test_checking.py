"""What a resource is refused for before it is served: an engine that cannot run here, a provider whose key is missing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.servers.generators import generator, provider, text_generator

from octavo_core.errors import Misconfigured
from octavo_core.spec import parse_resource
from octavo_generation.handlers import check_handler


def test_one_bad_provider_of_several_is_enough_to_refuse() -> None:
    good, bad = provider("http://h/v1", "good"), provider("http://h/v1", "bad", credentials={"env": "ABSENT"})
    check_handler(parse_resource(text_generator("x", "", providers=[good])), {})
    with pytest.raises(Misconfigured, match="ABSENT"):
        check_handler(parse_resource(text_generator("x", "", providers=[good, bad])), {})


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ({"name": "llamacpp", "model": "file:///m.gguf"}, "engine llamacpp is not installed here"),
        ({"name": "ctranslate2", "model": "s3://bucket/model"}, "models from s3:// are not served"),
        ({"name": "ctranslate2", "model": "builtin://absent"}, "absent"),
    ],
)
def test_an_engine_that_cannot_run_here(engine: dict[str, Any], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        check_handler(parse_resource(generator("x", task="story", engine=engine)), {})
