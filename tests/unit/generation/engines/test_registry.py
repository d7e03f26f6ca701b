"""Which engines and models this version serves, told before anything is loaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from octavo_core.errors import Misconfigured
from octavo_core.spec import Engine
from octavo_core.spec.load import load_resources
from octavo_generation.engines.batching.hosting import BatchHost
from octavo_generation.engines.hosting import EngineHost
from octavo_generation.engines.registry import KNOWN, Serving, check_engine, check_installed, open_text_host


def engine(name: str, model: str) -> Engine:
    return Engine.model_validate({"name": name, "model": model})


@pytest.mark.parametrize("name", ["ctranslate2", "llamacpp", "transformers"])
@pytest.mark.parametrize("model", ["file:///models/gpt2", "hf://openai-community/gpt2@main", "hf://org/name/model.Q8_0.gguf"])
def test_models_of_folders_and_hubs_are_served_by_all(name: str, model: str, tmp_path: Path) -> None:
    check_engine(engine(name, model))
    host = open_text_host(engine(name, model), Serving(8, tmp_path, {}))
    assert isinstance(host, BatchHost if name == "llamacpp" else EngineHost)
    assert not list(tmp_path.iterdir()), "nothing is fetched before it is asked for"


@pytest.mark.parametrize(
    ("name", "model", "word"),
    [
        ("ctranslate2", "s3://bucket/model", "s3://"),
        ("llamacpp", "builtin://tiny-stories", "for the engine ctranslate2"),
        ("ctranslate2", "builtin://huge-stories", "there is no builtin model"),
        ("sketch", "file:///models/x", "builtin://sketch"),
    ],
)
def test_what_is_not_served_is_said(name: str, model: str, word: str) -> None:
    with pytest.raises(Misconfigured, match=word):
        check_engine(engine(name, model))


def test_an_engine_that_is_not_installed_is_named_with_its_remedy() -> None:
    for name, package in (("llamacpp", "llama_cpp"), ("transformers", "torch")):
        if importlib.util.find_spec(package) is None:
            with pytest.raises(Misconfigured, match=rf"the engine {name} is not installed here: install octavo-generation\[{name}\]"):
                check_installed(engine(name, "file:///x"))
    check_installed(engine("ctranslate2", "builtin://tiny-stories"))
    assert set(KNOWN) == {"ctranslate2", "llamacpp", "transformers", "sketch", "scenes"}


def test_the_examples_of_the_hub_differ_by_configuration_alone() -> None:
    small, medium = (load_resources(Path("examples/hub") / f"{name}.yaml")[0].spec for name in ("gpt2", "gpt2-medium"))
    for spec in (small, medium):
        assert spec.engine is not None
        check_engine(spec.engine)
        assert spec.engine.model_uri.revision is not None
        assert len(spec.engine.model_uri.revision) == 40, "pinned to a commit"
    assert small.task == medium.task
    assert small.engine != medium.engine
