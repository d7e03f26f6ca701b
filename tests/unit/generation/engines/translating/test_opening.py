"""Which models translate, which do not, and what a generator may be asked for before one is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo_core.errors import EngineError, Misconfigured
from octavo_core.spec import Engine, parse_resource
from octavo_generation.engines.port import TextRequest
from octavo_generation.engines.translating.by_words import is_like
from octavo_generation.engines.translating.engine import TranslationEngine
from octavo_generation.engines.translating.languages import languages
from octavo_generation.engines.translating.opening import check_is_no_translator, check_translator, served_languages


def _spec(model: str = "builtin://tiny-translator", task: str = "translation") -> object:
    document = {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": "t"},
        "spec": {"task": task, "engine": {"name": "ctranslate2", "model": model}},
    }
    return parse_resource(document).spec


def test_the_translator_that_ships_translates_and_tells_no_stories() -> None:
    translator, stories = (Engine(name="ctranslate2", model=f"builtin://{name}") for name in ("tiny-translator", "tiny-stories"))
    check_translator(translator)
    check_is_no_translator(stories)
    with pytest.raises(Misconfigured, match="builtin://tiny-stories does not translate"):
        check_translator(stories)
    with pytest.raises(Misconfigured, match="set task to translation"):
        check_is_no_translator(translator)
    with pytest.raises(Misconfigured, match="does not translate in this version"):
        check_translator(Engine(name="llamacpp", model="file://x"))


def test_a_generator_serves_the_languages_of_its_model_or_all(tmp_path: Path) -> None:
    assert served_languages(_spec()) == ("eng_Latn", "spa_Latn", "por_Latn")  # type: ignore[arg-type]
    assert served_languages(_spec(f"file://{tmp_path}/not-here")) == tuple(languages())  # type: ignore[arg-type]


def test_a_folder_with_another_model_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    from octavo_generation.engines.builtin import builtin_path

    with pytest.raises(Misconfigured, match="tells stories"):
        TranslationEngine(builtin_path("tiny-stories")).load(lambda _stage: None)
    with pytest.raises(Misconfigured, match=r"holds no model\.bin"):
        TranslationEngine(tmp_path).load(lambda _stage: None)
    with pytest.raises(EngineError, match="before load"):
        TranslationEngine(tmp_path).generate([TextRequest("x")], lambda _i, _t: None, lambda _i: False)


@pytest.mark.parametrize(
    ("read", "written", "fits"),
    [
        ("the fox sleeps .", "el zorro duerme .", True),
        ("the fox sleeps .", "el zorro duerme", False),
        ("the fox", "el zorro .", False),
        ("<x0> sees <f1> .", "<x0> ve a <f1> .", True),
        ("<x0> sees <f1> .", "<x0> ve a <x0> .", False),
        ("<x0> sees <f1> .", "<x0> ve .", False),
        ("“ hi ” , said <x0> .", "hola , dijo <x0> .", False),
        ("red", "", False),
    ],
)
def test_what_cannot_be_a_translation_is_no_translation(read: str, written: str, fits: bool) -> None:
    assert is_like(read.split(), written.split()) is fits
