"""Trains `builtin://tiny-stories`: a small GPT-2 from scratch on stories from our own grammar.

Four stages: write the corpus, learn the vocabulary, train, export (Hugging Face layout, then CTranslate2 int8). With the same
machine, seed, steps and threads the weights come out the same.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo.training.exporting import convert
from octavo.training.fitting import Plan, TrainingProgress, fit, forget_checkpoint, identity_of, prepare_torch
from octavo.training.requirements import require_training_packages
from octavo.training.story_grammar import Example, write_corpus
from octavo_generation.engines.stories.conditioning import AGREEMENT, END, PAD, SLOTS, special_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "tiny-stories"
VERSION = "1.0.0"
DEFAULT_STEPS = 2200
_BATCH = 8
_POOL = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the network: about 2.4 million weights, so 2.5 MB as int8."""

    vocabulary: int = 3072
    width: int = 192
    layers: int = 4
    heads: int = 6
    context: int = 384


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Where the model lies and what came of it; `weights_sha256` is of the exported `model.bin`."""

    model: Path
    hugging_face: Path
    steps: int
    stories: int
    first_loss: float
    last_loss: float
    weights_sha256: str


def train_story(
    out: Path,
    *,
    steps: int | None = None,
    seed: int = 0,
    threads: int = 2,
    on_progress: Callable[[TrainingProgress], None],
    shape: Shape | None = None,
) -> TrainingReport:
    """Trains and writes `out/tiny_stories/` (what the engine loads) and `out/story_model/` (Hugging Face layout).

    `steps` are optimizer steps of 8 stories each. Called again after a kill it goes on. Raises Misconfigured
    where torch, transformers or ctranslate2 are missing.
    """
    require_training_packages()
    shape, steps = shape or Shape(), steps if steps is not None else DEFAULT_STEPS
    stories = steps * _BATCH
    on_progress(TrainingProgress("corpus", 0, stories))
    corpus = list(write_corpus(seed, stories))
    on_progress(TrainingProgress("vocabulary", 0, 1))
    tokenizer = train_tokenizer((example.text for example in corpus), shape.vocabulary)
    rows = encode(tokenizer, corpus)
    plan = Plan(steps=steps, seed=seed, threads=threads, folder=out, identity=identity_of(VERSION, asdict(shape), steps, seed))
    prepare_torch(plan)
    network, batches, pad = make_gpt2(tokenizer, shape), _batches(rows, random.Random(seed)), tokenizer.get_vocab()[PAD]
    fitted = fit(network, lambda step: loss_of_rows(network, batches[step], shape.context, pad), plan, on_progress=on_progress)
    on_progress(TrainingProgress("export", 0, 1))
    hugging_face = out / "story_model"
    save_gpt2(network, tokenizer, hugging_face)
    model = out / "tiny_stories"
    convert(hugging_face, model)
    digest = hashlib.sha256((model / "model.bin").read_bytes()).hexdigest()
    about = {
        "name": NAME,
        "version": VERSION,
        "prompting": "stories",
        "languages": ["en", "es"],
        "context_tokens": shape.context,
        "max_batch": 32,
        "no_repeat": 12,
        "training": {
            "seed": seed,
            "steps": steps,
            "stories": stories,
            "batch": _BATCH,
            "shape": asdict(shape),
            "last_loss": fitted.last_loss,
        },
        "weights_sha256": digest,
    }
    (model / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    forget_checkpoint(out)
    return TrainingReport(model, hugging_face, steps, stories, fitted.first_loss, fitted.last_loss, digest)


def train_tokenizer(texts: Any, vocabulary: int) -> Tokenizer:
    """Byte-level BPE; slot tokens swallow the space before them, which the engine's text puts back."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = list(texts)
    agreements = sorted({match[0] for text in texts for match in AGREEMENT.finditer(text)})
    special = [
        AddedToken(token, lstrip=not token[1:2].islower() or token in SLOTS, special=True, normalized=False)
        for token in (*special_tokens(), *agreements)
    ]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, corpus: Sequence[Example]) -> list[tuple[int, list[int]]]:
    """(length of the conditioning, ids of conditioning + story + end) for every story."""
    ids = tokenizer.get_vocab()
    rows = []
    for example in corpus:
        control = [ids[token] for token in example.conditions.tokens()]
        rows.append((len(control), [*control, *tokenizer.encode(example.text).ids, ids[END]]))
    return rows


def _batches(rows: list[tuple[int, list[int]]], rng: random.Random) -> list[list[tuple[int, list[int]]]]:
    """Batches of stories of like length, in random order, so that little is padding."""
    batches = []
    for start in range(0, len(rows), _BATCH * _POOL):
        pool = sorted(rows[start : start + _BATCH * _POOL], key=lambda row: len(row[1]))
        chunk = [pool[i : i + _BATCH] for i in range(0, len(pool), _BATCH)]
        rng.shuffle(chunk)
        batches += chunk
    return batches


def make_gpt2(tokenizer: Tokenizer, shape: Shape) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    end, pad = tokenizer.token_to_id(END), tokenizer.token_to_id(PAD)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=tokenizer.get_vocab_size(),
            n_positions=shape.context,
            n_embd=shape.width,
            n_layer=shape.layers,
            n_head=shape.heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=pad,
        )
    )


def loss_of_rows(network: Any, batch: Sequence[tuple[int, list[int]]], context: int, pad: int) -> Any:
    """Mean cross-entropy of what follows the conditioning in each row."""
    import torch

    width = min(context, max(len(ids) for _, ids in batch))
    inputs = torch.full((len(batch), width), pad)
    wanted = torch.full((len(batch), width), -100)
    for i, (control, ids) in enumerate(batch):
        line = torch.tensor(ids[:width])
        inputs[i, : len(line)] = line
        wanted[i, control : len(line)] = line[control:]
    hidden = network.transformer(inputs).last_hidden_state[:, :-1]
    targets = wanted[:, 1:]
    kept = targets != -100
    return torch.nn.functional.cross_entropy(network.lm_head(hidden[kept]), targets[kept])


def save_gpt2(network: Any, tokenizer: Tokenizer, folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END, unk_token=END, pad_token=PAD)
    fast.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
