"""Which GGUF file a model's place gives: the file itself, the one in a folder, or one made of a GPT-2 in Hugging Face's layout.

What is made is kept below `cache`, named by what it was made from, and found there by the next process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.checkpoints.checkpoint import Checkpoint, open_checkpoint
from octavo_generation.engines.checkpoints.to_gguf import Format, convert_gpt2
from octavo_generation.engines.llamacpp.library import last_words, library
from octavo_generation.engines.memory import available_bytes, check_fits
from octavo_generation.engines.number_formats import native_format

_OWN = ("float32", "float16", "bfloat16", "q8_0")
_BY_LIBRARY = {"q4_0": "LLAMA_FTYPE_MOSTLY_Q4_0", "q4_k_m": "LLAMA_FTYPE_MOSTLY_Q4_K_M"}
_BY_LIBRARY |= {"q5_k_m": "LLAMA_FTYPE_MOSTLY_Q5_K_M", "q6_k": "LLAMA_FTYPE_MOSTLY_Q6_K"}
_MAGIC = b"GGUF"


def gguf_file(place: Path, quantization: str, cache: Path, on_stage: Callable[[str], None]) -> Path:
    """Raises `Misconfigured` for what is missing or is no such model, `EngineError` for what is broken."""
    if place.is_file():
        return _checked(place)
    files = sorted(place.glob("*.gguf")) if place.is_dir() else []
    if files:
        return _checked(_of_many(files, quantization))
    checkpoint = open_checkpoint(place)
    wanted = native_format() if quantization == "auto" else quantization
    made = cache / "gguf" / f"{_digest(checkpoint)}-{wanted}.gguf"
    if not made.is_file():
        on_stage("converting to GGUF")
        check_fits(checkpoint.parameters * 4, f"converting {place.name}", available_bytes())
        _make(checkpoint, made, wanted)
    return made


def _checked(file: Path) -> Path:
    try:
        with file.open("rb") as opened:
            magic = opened.read(4)
    except OSError as error:
        raise EngineError(f"{file.name} cannot be read: {error.strerror}") from error
    if magic != _MAGIC:
        raise Misconfigured(f"{file.name} is no GGUF file; the engine llamacpp reads those, or a GPT-2 as a folder with safetensors")
    return file


def _of_many(files: list[Path], quantization: str) -> Path:
    if len(files) == 1:
        return files[0]
    fitting = [file for file in files if quantization != "auto" and quantization in file.name.lower()]
    if len(fitting) != 1:
        names = ", ".join(file.name for file in files[:8])
        raise Misconfigured(f"there are {len(files)} GGUF files ({names}): name one in spec.engine.model, or its quantization")
    return fitting[0]


def _digest(checkpoint: Checkpoint) -> str:
    """Of the weights' names, sizes and times, and of what the small files say: a changed model is another one."""
    seen = hashlib.sha256()
    for file in sorted({place.file for place in checkpoint.tensors.values()}):
        stat = file.stat()
        seen.update(f"{file.absolute()} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    for name in ("config.json", "tokenizer.json"):
        seen.update((checkpoint.folder / name).read_bytes())
    return seen.hexdigest()[:24]


def _make(checkpoint: Checkpoint, made: Path, wanted: str) -> None:
    if wanted in _OWN:
        convert_gpt2(checkpoint, made, cast("Format", wanted))
        return
    lib = library()
    whole, half = made.with_suffix(".f16"), made.with_suffix(".part")
    try:
        convert_gpt2(checkpoint, whole, "float16")
        parameters: Any = lib.llama_model_quantize_default_params()
        parameters.ftype = getattr(lib, _BY_LIBRARY[wanted])
        last_words()
        if lib.llama_model_quantize(str(whole).encode(), str(half).encode(), parameters):
            raise EngineError(f"{checkpoint.folder.name} cannot be had as {wanted}: {last_words() or 'llama.cpp does not say why'}")
        half.replace(made)
    finally:
        whole.unlink(missing_ok=True)
        half.unlink(missing_ok=True)
