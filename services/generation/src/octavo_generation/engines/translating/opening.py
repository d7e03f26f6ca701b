"""From a resource to its translator, and to what may be asked of it before one is loaded."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from octavo_core.errors import Misconfigured, OctavoError
from octavo_core.spec import Engine, Spec
from octavo_generation.engines.builtin import builtin_path
from octavo_generation.engines.model_folder import open_model_folder
from octavo_generation.engines.registry import Serving, check_engine, place_of
from octavo_generation.engines.translating.languages import languages

if TYPE_CHECKING:
    from octavo_generation.engines.hosting import TextHost

ENGINE = "ctranslate2"


def check_translator(engine: Engine) -> None:
    """Raises `Misconfigured` for an engine or a model that cannot translate, and what `check_engine` raises."""
    if engine.name != ENGINE:
        raise Misconfigured(f"the engine {engine.name} does not translate in this version of Octavo; {ENGINE} does")
    check_engine(engine)
    uri = engine.model_uri
    if uri.scheme == "builtin" and open_model_folder(builtin_path(uri.place)).prompting != "translation":
        raise Misconfigured(f"{engine.model} does not translate; builtin://tiny-translator does")


def check_is_no_translator(engine: Engine) -> None:
    """For the tasks that write texts. Raises `Misconfigured`."""
    uri = engine.model_uri
    if engine.name == ENGINE and uri.scheme == "builtin" and open_model_folder(builtin_path(uri.place)).prompting == "translation":
        raise Misconfigured(f"{engine.model} translates and writes nothing of its own; set task to translation")


def words_folder(engine: Engine) -> Path | None:
    """Of a model that lies on this machine, and may have a list of its words."""
    uri = engine.model_uri
    if uri.scheme == "builtin":
        return builtin_path(uri.place)
    return Path(uri.path) if uri.scheme == "file" else None


def open_translator_host(engine: Engine, serving: Serving) -> TextHost:
    """Loads nothing yet. Raises what `check_translator` raises."""
    check_translator(engine)
    place = place_of(engine, serving)
    # The libraries are large, and only a worker that runs a model needs them.
    from octavo_generation.engines.hosting import EngineHost
    from octavo_generation.engines.translating.engine import TranslationEngine

    return EngineHost(lambda: TranslationEngine(place, model=engine.model, quantization=engine.quantization))


def served_languages(spec: Spec) -> tuple[str, ...]:
    """The codes that a generator may be asked for, as far as is known without loading: those of a model that says so in its `model.json`,
    else all of NLLB-200's."""
    engine = spec.engine
    folder = None if engine is None else words_folder(engine)
    return tuple(languages()) if folder is None else _of_folder(folder)


@lru_cache(maxsize=64)
def _of_folder(folder: Path) -> tuple[str, ...]:
    try:
        known = open_model_folder(folder).languages
    except OctavoError:
        # The worker says what is wrong with it; the API may stand on another machine and not see the folder at all.
        return tuple(languages())
    return tuple(code for code in known if code in languages()) or tuple(languages())
