"""From the Hugging Face layout that a training leaves to the form that the engine loads."""

from __future__ import annotations

import shutil
from pathlib import Path


def convert(hugging_face: Path, folder: Path) -> None:
    """To CTranslate2's int8, tokenizer and all. A folder that is there is replaced when the new one is whole."""
    from ctranslate2.converters import TransformersConverter

    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    TransformersConverter(str(hugging_face), copy_files=["tokenizer.json"]).convert(str(fresh), quantization="int8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
