"""A GPT-2 of any size with random weights, in Hugging Face's layout: as quick or slow as a trained one, and no download.

`python -m scripts.models.random_gpt2 FOLDER [--layers 12 --width 768 --heads 12 --context 1024 --vocabulary 50257 --seed 0]`; the defaults
are GPT-2 124M's. Its tokenizer is byte-level BPE whose merges are all pairs of bytes, as far as the vocabulary goes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

END = "<|endoftext|>"


@dataclass(frozen=True)
class Shape:
    layers: int = 12
    width: int = 768
    heads: int = 12
    context: int = 1024
    vocabulary: int = 50257


def make(folder: Path, shape: Shape, seed: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)

    def normal(*size: int) -> np.ndarray:
        return (random.standard_normal(size, dtype=np.float32) * 0.02).astype(np.float32)

    width = shape.width
    tensors = {"wte.weight": normal(shape.vocabulary, width), "wpe.weight": normal(shape.context, width)}
    for layer in range(shape.layers):
        name = f"h.{layer}"
        for part, rows, columns in (
            ("attn.c_attn", width, 3 * width),
            ("attn.c_proj", width, width),
            ("mlp.c_fc", width, 4 * width),
            ("mlp.c_proj", 4 * width, width),
        ):
            tensors[f"{name}.{part}.weight"], tensors[f"{name}.{part}.bias"] = normal(rows, columns), normal(columns)
        for part in ("ln_1", "ln_2"):
            tensors[f"{name}.{part}.weight"], tensors[f"{name}.{part}.bias"] = 1 + normal(width), normal(width)
    tensors["ln_f.weight"], tensors["ln_f.bias"] = 1 + normal(width), normal(width)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer = byte_pairs(shape.vocabulary)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    end = tokenizer.token_to_id(END)
    config = {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "n_layer": shape.layers,
        "n_embd": width,
        "n_head": shape.heads,
        "n_positions": shape.context,
        "n_ctx": shape.context,
        "n_inner": None,
        "vocab_size": shape.vocabulary,
        "layer_norm_epsilon": 1e-5,
        "activation_function": "gelu_new",
        "bos_token_id": end,
        "eos_token_id": end,
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END, "eos_token": END, "unk_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def byte_pairs(vocabulary: int) -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    # Letters first, so that even a small vocabulary has pairs of them.
    alphabet.sort(key=lambda character: (not (character.isascii() and character.isalpha()), character))
    pairs = [(one, other) for one in alphabet for other in alphabet][: max(0, vocabulary - len(alphabet) - 1)]
    vocab = {token: i for i, token in enumerate([*alphabet, *(one + other for one, other in pairs)])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(END, special=True, normalized=False)])
    return tokenizer


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    for name, value in vars(Shape()).items():
        options.add_argument(f"--{name}", type=int, default=value)
    options.add_argument("--seed", type=int, default=0)
    chosen = vars(options.parse_args())
    folder, seed = chosen.pop("folder"), chosen.pop("seed")
    make(folder, Shape(**chosen), seed)


if __name__ == "__main__":
    main()
