"""A model's address, scheme by scheme."""

from __future__ import annotations

import re

import pytest

from octavo_core.spec import ModelUri, parse_model_uri
from octavo_core.spec.model_uri import PATTERN, SHAPES

GOOD = [
    ("builtin://tiny-stories", ModelUri("builtin", "tiny-stories")),
    ("hf://openai-community/gpt2", ModelUri("hf", "openai-community/gpt2")),
    ("hf://facebook/nllb-200@a1b2c3", ModelUri("hf", "facebook/nllb-200", revision="a1b2c3")),
    ("hf://org/name@v1.0/model-q4.gguf", ModelUri("hf", "org/name", "model-q4.gguf", "v1.0")),
    ("pvc://models", ModelUri("pvc", "models")),
    ("pvc://models/gpt2/v1", ModelUri("pvc", "models", "gpt2/v1")),
    ("s3://my.bucket/models/gpt2", ModelUri("s3", "my.bucket", "models/gpt2")),
    ("az://container/models/gpt2", ModelUri("az", "container", "models/gpt2")),
    ("file:///srv/models/gpt2", ModelUri("file", path="/srv/models/gpt2")),
    ("file://story_model", ModelUri("file", path="story_model")),
    ("file://./a..b/c", ModelUri("file", path="./a..b/c")),
]
BAD = [
    *("", "gpt2", "builtin:tiny", "http://host/model", "builtin://", "builtin://Tiny", "builtin://a/b", "builtin://-a", "hf://gpt2"),
    *("hf://a/b@", "hf://a/b/", "hf://a/b c", "pvc://", "pvc://Models/x", "s3://bucket", "s3://b/x", "s3://bucket/", "az://container"),
    *("az://my.container/x", "file://", "file://a b", "FILE:///a", "builtin://a\n", " builtin://a"),
]


@pytest.mark.parametrize(("text", "parts"), GOOD)
def test_a_good_address_comes_apart(text: str, parts: ModelUri) -> None:
    assert parse_model_uri(text) == parts
    assert re.search(PATTERN, text)


@pytest.mark.parametrize("text", BAD)
def test_a_bad_address_is_refused_by_validator_and_pattern_alike(text: str) -> None:
    with pytest.raises(ValueError):
        parse_model_uri(text)
    assert re.fullmatch(PATTERN, text) is None


@pytest.mark.parametrize("text", ["file:///srv/../etc", "pvc://models/..", "s3://bucket/../x", "hf://a/b@main/../x"])
def test_no_address_climbs(text: str) -> None:
    with pytest.raises(ValueError, match=r"`\.\.`"):
        parse_model_uri(text)


def test_every_scheme_is_explained() -> None:
    assert {parts.scheme for _, parts in GOOD} == set(SHAPES)
