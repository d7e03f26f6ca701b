"""What lies in the folder of a CTranslate2 text model: `model.bin`, `config.json`, `tokenizer.json`, and `model.json` about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from octavo_core.errors import EngineError, Misconfigured

Prompting = Literal["stories", "plain", "translation"]
_PROMPTINGS: dict[object, Prompting] = {"stories": "stories", "translation": "translation"}


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """`prompting`: `stories` for a model trained on slots and control tokens, `plain` for one that goes on from any text,
    `translation` for one that has an encoder and writes another language.
    `no_repeat`: no sequence of that many tokens comes twice in a text; 0 allows it."""

    folder: Path
    name: str
    version: str
    prompting: Prompting
    languages: tuple[str, ...]
    context_tokens: int
    max_batch: int
    end_token: str
    no_repeat: int


def open_model_folder(folder: Path) -> ModelFolder:
    """Raises Misconfigured where a file is missing, EngineError where one cannot be read. A folder without `model.json` is a
    plain model named after itself."""
    for needed in ("model.bin", "tokenizer.json"):
        if not (folder / needed).is_file():
            raise Misconfigured(f"{folder} holds no {needed}: it is no CTranslate2 text model; convert one with ct2-transformers-converter")
    about, config = _read(folder / "model.json"), _read(folder / "config.json")
    try:
        return ModelFolder(
            folder=folder,
            name=str(about.get("name", folder.name)),
            version=str(about.get("version", "0")),
            prompting=_PROMPTINGS.get(about.get("prompting"), "plain"),
            languages=tuple(about.get("languages", ())),
            context_tokens=int(about.get("context_tokens", 1024)),
            max_batch=int(about.get("max_batch", 16)),
            end_token=str(config.get("eos_token", "<|endoftext|>")),
            no_repeat=int(about.get("no_repeat", 0)),
        )
    except (TypeError, ValueError) as error:
        raise EngineError(f"model.json in {folder} cannot be used: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path} cannot be read: {error}") from error
    if not isinstance(loaded, dict):
        raise EngineError(f"{path} holds no object")
    return loaded
