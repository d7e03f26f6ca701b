"""A folder in Hugging Face's layout, looked at without loading it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.checkpoints.safetensors import TensorPlace, read_header

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_LARGEST_JSON = 200_000_000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    folder: Path
    model_type: str
    """As the architecture calls itself in `config.json`: `gpt2`, `llama`, …"""
    config: Mapping[str, Any]
    tensors: Mapping[str, TensorPlace]

    @property
    def parameters(self) -> int:
        return sum(place.count for place in self.tensors.values())

    def size(self, name: str) -> int:
        """A positive whole number of `config.json`. Raises `EngineError` where it is none."""
        value = self.config.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise EngineError(f"config.json in {self.folder.name}: {name} is {value!r}, and should be a whole number above 0")
        return value


def open_checkpoint(folder: Path) -> Checkpoint:
    """Raises `Misconfigured` for what is missing or is not loaded on purpose, `EngineError` for what is broken."""
    if not folder.is_dir():
        raise Misconfigured(f"there is no model in {folder}: the folder does not exist")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickled = sorted(file.name for pattern in _PICKLED for file in folder.glob(pattern))
        if pickled:
            raise Misconfigured(
                f"{folder.name} holds its weights as {pickled[0]}, which is a pickle: reading one runs what is in it, so Octavo does not."
                " Save the model as safetensors"
            )
        raise Misconfigured(f"{folder} holds no *.safetensors file: it is no model in Hugging Face's layout")
    for needed in ("config.json", "tokenizer.json"):
        if not (folder / needed).is_file():
            raise Misconfigured(f"{folder} holds no {needed}: it is no whole model in Hugging Face's layout")
    config = read_json(folder / "config.json")
    index = folder / "model.safetensors.index.json"
    tensors: dict[str, TensorPlace] = {}
    for file in files:
        tensors |= read_header(file)
    if index.is_file():
        named = read_json(index).get("weight_map")
        missing = sorted(set(named) - set(tensors)) if isinstance(named, dict) else []
        if missing:
            raise EngineError(f"{folder.name} is not whole: {len(missing)} tensors that its index names are in none of its files")
    return Checkpoint(folder, str(config.get("model_type", "")), config, tensors)


def read_json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST_JSON:
            raise EngineError(f"{file.name} is larger than any such file should be")
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{file} cannot be read: {error}") from error
    if not isinstance(loaded, dict):
        raise EngineError(f"{file} holds no object")
    return loaded
