"""From a resource's engine to a model that can be asked. A new engine is a file beside this one and a line here."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octavo_core.errors import Misconfigured
from octavo_core.spec import Engine
from octavo_generation.engines.builtin import builtin_path

if TYPE_CHECKING:
    from octavo_generation.engines.hosting import TextHost

BY_RULES = {"sketch": ("draws", "builtin://sketch"), "scenes": ("writes", "builtin://tiny-scripts")}
"""Engines without a model, which have handlers of their own: what they do, and what stands for their rules."""
_PACKAGES: Mapping[str, tuple[str, str]] = {
    "ctranslate2": ("ctranslate2", "octavo-generation[engines]"),
    "llamacpp": ("llama_cpp", "octavo-generation[llamacpp], which is built from its source with a C++ compiler and CMake"),
    "transformers": ("torch", "octavo-generation[transformers]"),
}
KNOWN = (*_PACKAGES, *BY_RULES)
_SCHEMES = ("builtin", "file", "hf")
_MOST_SLOTS = 64


@dataclass(frozen=True, slots=True)
class Serving:
    """How a model is served: how many texts at once, where fetched models are kept, and the process's environment."""

    at_once: int
    models: Path
    environment: Mapping[str, str]


def check_engine(engine: Engine) -> None:
    """Raises `Misconfigured` for a kind of model that this version lacks, or that the engine does not read."""
    uri = engine.model_uri
    if engine.name in BY_RULES:
        does, model = BY_RULES[engine.name]
        if uri.scheme != "builtin":
            raise Misconfigured(f"the engine {engine.name} {does} by rules that ship with it; write {model} as its model")
        return
    if uri.scheme not in _SCHEMES:
        raise Misconfigured(
            f"models from {uri.scheme}:// are not served by this version of Octavo; it serves {', '.join(f'{s}://' for s in _SCHEMES)}"
        )
    if uri.scheme == "builtin":
        builtin_path(uri.place)
        if engine.name != "ctranslate2":
            raise Misconfigured(f"the models that ship with Octavo are for the engine ctranslate2, not for {engine.name}")


def check_installed(engine: Engine) -> None:
    """Raises `Misconfigured` where what runs the engine is not installed here; imports nothing of it."""
    package, remedy = _PACKAGES.get(engine.name, ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise Misconfigured(f"the engine {engine.name} is not installed here: install {remedy}")


def open_text_host(engine: Engine, serving: Serving) -> TextHost:
    """Loads nothing yet. Raises what `check_engine` raises."""
    check_engine(engine)
    place = place_of(engine, serving)
    called, quantization, threads = engine.model, engine.quantization, len(os.sched_getaffinity(0))
    # The libraries are large, and only a worker that runs a model needs one of them.
    if engine.name == "llamacpp":
        from octavo_generation.engines.batching.hosting import BatchHost
        from octavo_generation.engines.llamacpp.engine import LlamaEngine

        slots = min(serving.at_once, _MOST_SLOTS)
        return BatchHost(
            lambda: LlamaEngine(place, called=called, quantization=quantization, slots=slots, cache=serving.models, threads=threads)
        )
    from octavo_generation.engines.hosting import EngineHost

    if engine.name == "transformers":
        from octavo_generation.engines.transformers import TransformersEngine

        return EngineHost(lambda: TransformersEngine(place, called=called, quantization=quantization, max_batch=serving.at_once))
    from octavo_generation.engines.ctranslate2 import CTranslate2Engine

    return EngineHost(lambda: CTranslate2Engine(place, model=called, quantization=quantization))


def place_of(engine: Engine, serving: Serving) -> Callable[[Callable[[str], None]], Path]:
    """Where the model is, fetched by then; called by the thread that loads it."""
    uri = engine.model_uri
    if uri.scheme == "builtin":
        folder = builtin_path(uri.place)
        return lambda _on_stage: folder
    if uri.scheme == "file":
        return lambda _on_stage: Path(uri.path)

    def fetched(on_stage: Callable[[str], None]) -> Path:
        from octavo_generation.engines.hub import CHECKPOINT, CONVERTED, hub_of

        wanted = CONVERTED if engine.name == "ctranslate2" else CHECKPOINT
        return hub_of(serving.environment, serving.models / "hub").fetch(uri, wanted, on_stage)

    return fetched
