"""From a GPT-2 in Hugging Face's layout to one GGUF file, as llama.cpp reads it.

The converted weights are in memory once, until they are written. The file appears whole or not at all, whoever converts the same at
once.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.checkpoints.checkpoint import Checkpoint, read_json

if TYPE_CHECKING:
    import gguf
    import numpy as np
    from numpy.typing import NDArray

Format = Literal["float32", "float16", "bfloat16", "q8_0"]

_TENSORS = {
    "wte.weight": "token_embd.weight",
    "wpe.weight": "position_embd.weight",
    "ln_f.weight": "output_norm.weight",
    "ln_f.bias": "output_norm.bias",
    "lm_head.weight": "output.weight",
}
_OF_LAYER = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
_LAYER = re.compile(rf"h\.(\d+)\.({'|'.join(map(re.escape, _OF_LAYER))})\.(weight|bias)")
_NOT_WEIGHTS = re.compile(r"h\.\d+\.attn\.(masked_)?bias")
"""Masks that older versions of the library saved."""


def convert_gpt2(checkpoint: Checkpoint, file: Path, number_format: Format) -> None:
    """Raises `Misconfigured` for another architecture, `EngineError` for tensors that are missing or of a wrong shape."""
    if checkpoint.model_type != "gpt2":
        raise Misconfigured(
            f"{checkpoint.folder.name} is a {checkpoint.model_type or 'model without a type'}; Octavo makes GGUF of gpt2."
            " Convert others with llama.cpp's own script, and name the .gguf file"
        )
    try:
        import gguf
    except ImportError as error:
        raise Misconfigured(f"making a GGUF file needs the package {error.name}: install octavo-generation[llamacpp]") from error
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    try:
        _write(checkpoint, Path(temporary), number_format, gguf)
        Path(temporary).replace(file)
    except OSError as error:
        raise EngineError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _write(checkpoint: Checkpoint, file: Path, number_format: Format, library: Any) -> None:
    logging.getLogger("gguf").setLevel(logging.WARNING)
    writer: gguf.GGUFWriter = library.GGUFWriter(file, "gpt2")
    width = checkpoint.size("n_embd")
    writer.add_name(checkpoint.folder.name)
    writer.add_block_count(checkpoint.size("n_layer"))
    writer.add_context_length(checkpoint.size("n_positions"))
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(checkpoint.config.get("n_inner") or 4 * width)
    writer.add_head_count(checkpoint.size("n_head"))
    writer.add_layer_norm_eps(float(checkpoint.config.get("layer_norm_epsilon", 1e-5)))
    types = {"float32": "ALL_F32", "float16": "MOSTLY_F16", "bfloat16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}
    writer.add_file_type(library.LlamaFileType[types[number_format]])
    writer.add_quantization_version(library.GGML_QUANT_VERSION)
    _add_vocabulary(writer, checkpoint, library)
    for name, tensor in _tensors(checkpoint):
        data, kind = _in_format(tensor, number_format, library)
        writer.add_tensor(name, data, raw_dtype=kind)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _tensors(checkpoint: Checkpoint) -> Iterator[tuple[str, NDArray[np.float32]]]:
    import numpy as np

    width, layers = checkpoint.size("n_embd"), checkpoint.size("n_layer")
    inner = checkpoint.config.get("n_inner") or 4 * width
    vocabulary = checkpoint.size("vocab_size")
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (vocabulary, width), "wpe.weight": (checkpoint.size("n_positions"), width)}
    shapes |= {"ln_f.weight": (width,), "ln_f.bias": (width,)}
    for layer in range(layers):
        for part, (rows, columns) in {"attn.c_attn": (width, 3 * width), "attn.c_proj": (width, width)}.items():
            shapes[f"h.{layer}.{part}.weight"], shapes[f"h.{layer}.{part}.bias"] = (rows, columns), (columns,)
        for part, (rows, columns) in {"mlp.c_fc": (width, inner), "mlp.c_proj": (inner, width)}.items():
            shapes[f"h.{layer}.{part}.weight"], shapes[f"h.{layer}.{part}.bias"] = (rows, columns), (columns,)
        for part in ("ln_1", "ln_2"):
            shapes[f"h.{layer}.{part}.weight"] = shapes[f"h.{layer}.{part}.bias"] = (width,)
    found = {name.removeprefix("transformer."): place for name, place in checkpoint.tensors.items()}
    for name, shape in shapes.items():
        place = found.pop(name, None)
        if place is None:
            raise EngineError(f"{checkpoint.folder.name} lacks the tensor {name}: it is no whole gpt2")
        if place.shape != shape:
            raise EngineError(f"{checkpoint.folder.name}: {name} has the shape {place.shape}, and its config.json says {shape}")
        tensor = place.read()
        layered = _LAYER.fullmatch(name)
        target = _TENSORS[name] if layered is None else f"blk.{layered[1]}.{_OF_LAYER[layered[2]]}.{layered[3]}"
        # GPT-2 keeps its layers as input x output; llama.cpp wants output x input.
        turned = tensor.T if layered is not None and tensor.ndim == 2 else tensor
        yield target, np.ascontiguousarray(turned, dtype=np.float32)
    head = found.pop("lm_head.weight", None)
    if head is not None and head.shape == (vocabulary, width) and not checkpoint.config.get("tie_word_embeddings", True):
        yield _TENSORS["lm_head.weight"], np.ascontiguousarray(head.read(), dtype=np.float32)
    unknown = [name for name in found if not _NOT_WEIGHTS.fullmatch(name)]
    if unknown:
        raise EngineError(f"{checkpoint.folder.name} holds {unknown[0][:80]}, which no gpt2 has")


def _in_format(tensor: NDArray[np.float32], number_format: Format, library: Any) -> tuple[NDArray[Any], Any]:
    """Vectors stay float32, as llama.cpp's own conversion has it; so do matrices that a format's blocks do not divide."""
    kinds = library.GGMLQuantizationType
    kind = {"float32": kinds.F32, "float16": kinds.F16, "bfloat16": kinds.BF16, "q8_0": kinds.Q8_0}[number_format]
    if tensor.ndim < 2 or (kind is kinds.Q8_0 and tensor.shape[-1] % 32):
        kind = kinds.F32
    return library.quants.quantize(tensor, kind), kind


def _add_vocabulary(writer: gguf.GGUFWriter, checkpoint: Checkpoint, library: Any) -> None:
    tokens, merges, special = _read_tokenizer(checkpoint)
    kinds = library.TokenType
    known = set(tokens.values())
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    size = checkpoint.size("vocab_size")
    writer.add_token_list([tokens.get(i, f"[unused{i}]") for i in range(size)])
    writer.add_token_types([kinds.CONTROL if i in special else kinds.NORMAL if i in tokens else kinds.UNUSED for i in range(size)])
    writer.add_token_merges(merges)
    writer.add_add_bos_token(False)
    end = checkpoint.config.get("eos_token_id")
    if not isinstance(end, int) or not 0 <= end < size:
        named = {text: i for i, text in tokens.items()}
        if "<|endoftext|>" not in known:
            raise EngineError(f"config.json in {checkpoint.folder.name} does not say which token ends a text (eos_token_id)")
        end = named["<|endoftext|>"]
    writer.add_eos_token_id(end)
    begin = checkpoint.config.get("bos_token_id")
    writer.add_bos_token_id(begin if isinstance(begin, int) and 0 <= begin < size else end)


def _read_tokenizer(checkpoint: Checkpoint) -> tuple[dict[int, str], list[str], set[int]]:
    """Tokens by id, merges as `left right`, ids of control tokens."""
    file = checkpoint.folder / "tokenizer.json"
    loaded = read_json(file)
    try:
        model = loaded["model"]
        if model.get("type", "BPE") != "BPE":
            raise Misconfigured(f"{file.name} is of the kind {model['type']}; a gpt2 has byte-level BPE")
        tokens = {int(i): str(token) for token, i in model["vocab"].items()}
        added = loaded.get("added_tokens") or ()
        tokens |= {int(entry["id"]): str(entry["content"]) for entry in added}
        merges = [pair if isinstance(pair, str) else f"{pair[0]} {pair[1]}" for pair in model["merges"]]
        special = {int(entry["id"]) for entry in added if entry.get("special")}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise EngineError(f"{file} is no tokenizer of a gpt2: {type(error).__name__}") from error
    return tokens, merges, special
