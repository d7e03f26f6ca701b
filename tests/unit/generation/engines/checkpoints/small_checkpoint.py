"""A GPT-2 small enough for a test, written without any of the libraries that read it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

WIDTH, LAYERS, CONTEXT, VOCABULARY = 8, 2, 16, 300


def write_safetensors(file: Path, tensors: dict[str, np.ndarray]) -> None:
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    words = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(words)) + words + data)


def tensors(random: np.random.Generator) -> dict[str, np.ndarray]:
    width = WIDTH
    found = {"wte.weight": (VOCABULARY, width), "wpe.weight": (CONTEXT, width), "ln_f.weight": (width,), "ln_f.bias": (width,)}
    for layer in range(LAYERS):
        for part, shape in {
            "attn.c_attn": (width, 3 * width),
            "attn.c_proj": (width, width),
            "mlp.c_fc": (width, 4 * width),
            "mlp.c_proj": (4 * width, width),
        }.items():
            found |= {f"h.{layer}.{part}.weight": shape, f"h.{layer}.{part}.bias": shape[1:]}
        for part in ("ln_1", "ln_2"):
            found |= {f"h.{layer}.{part}.weight": (width,), f"h.{layer}.{part}.bias": (width,)}
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in found.items()}


def write_checkpoint(folder: Path, **config: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", tensors(np.random.default_rng(0)))
    said = {
        "model_type": "gpt2",
        "n_layer": LAYERS,
        "n_embd": WIDTH,
        "n_head": 2,
        "n_positions": CONTEXT,
        "vocab_size": VOCABULARY,
        "eos_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(said | config))
    vocab = {"<|endoftext|>": 0} | {chr(0x100 + i): i for i in range(1, 256)}
    tokenizer = {
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
        "added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": True}],
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder
