"""From a resource's engine to one that can be loaded. A new engine is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from octavo_core.errors import Misconfigured
from octavo_core.spec import Engine
from octavo_generation.engines.builtin import builtin_path
from octavo_generation.engines.port import TextEngine

KNOWN = ("ctranslate2", "sketch")
SKETCH = "sketch"
"""Draws and describes, and has handlers of its own."""
_SCHEMES = ("builtin", "file")


def check_engine(engine: Engine) -> None:
    """Raises `Misconfigured` for an engine or a kind of model that this version lacks."""
    if engine.name not in KNOWN:
        raise Misconfigured(f"the engine {engine.name} is not served by this version of Octavo; it serves {', '.join(KNOWN)}")
    uri = engine.model_uri
    if engine.name == SKETCH:
        if uri.scheme != "builtin":
            raise Misconfigured("the engine sketch draws by rules that ship with it; write builtin://sketch as its model")
        return
    if uri.scheme not in _SCHEMES:
        raise Misconfigured(
            f"models from {uri.scheme}:// are not served by this version of Octavo; it serves {', '.join(f'{s}://' for s in _SCHEMES)}"
        )
    if uri.scheme == "builtin":
        builtin_path(uri.place)


def engine_opener(engine: Engine) -> Callable[[], TextEngine]:
    """A function that makes the text engine, in the thread that will run it. Raises what `check_engine` raises."""
    check_engine(engine)
    uri = engine.model_uri
    folder = builtin_path(uri.place) if uri.scheme == "builtin" else Path(uri.path)

    def opened() -> TextEngine:
        # Here and not above: the library is large, and only a worker that runs a model needs it.
        from octavo_generation.engines.ctranslate2 import CTranslate2Engine

        return CTranslate2Engine(folder, model=engine.model, quantization=engine.quantization)

    return opened
