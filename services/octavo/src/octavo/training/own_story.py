"""`octavo train story --data`: a small GPT-2 on a user's texts, from scratch or from a model that is there.

It writes on from any text (`prompting: plain`). Texts are cut into rows; a step's rows are drawn from its number, so that a training
that was killed goes on as if nothing had been.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo.training.applying import write_yaml
from octavo.training.exporting import convert
from octavo.training.fitting import Fit, Plan, TrainingProgress, fit, forget_checkpoint, identity_of, prepare_torch
from octavo.training.own_texts import is_held_out, read_texts
from octavo.training.requirements import require_training_packages
from octavo.training.story_training import Shape, loss_of_rows, make_gpt2, save_gpt2
from octavo_core.errors import InvalidInput
from octavo_generation.engines.stories.conditioning import END, PAD

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SIZES = {
    "tiny": Shape(vocabulary=1024, width=64, layers=2, heads=2, context=128),
    "small": Shape(vocabulary=4096, width=192, layers=4, heads=6, context=256),
    "medium": Shape(vocabulary=8192, width=384, layers=6, heads=6, context=512),
}
DEFAULT_STEPS = 1500
_BATCH = 8
_HELD_OUT_ROWS = 64


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What lies where, and what came of it. `texts` were read, `held_out` of them measured by."""

    model: Path
    hugging_face: Path
    resource: Path
    texts: int
    held_out: int
    fit: Fit


def train_own_story(
    data: Path,
    out: Path,
    *,
    name: str,
    size: str = "small",
    start: Path | None = None,
    steps: int | None = None,
    seed: int = 0,
    threads: int = 1,
    patience: int = 5,
    checkpoint_every: int = 50,
    on_progress: Callable[[TrainingProgress], None],
) -> OwnReport:
    """Writes `out/story_model/`, `out/NAME/` and `out/NAME.yaml`. `start`: a GPT-2 in Hugging Face's layout to go on from, with its own
    vocabulary; it counts before `size`. Called again after a kill it goes on. Raises Misconfigured, InvalidInput."""
    require_training_packages()
    steps = DEFAULT_STEPS if steps is None else steps
    on_progress(TrainingProgress("corpus", 0, 1))
    texts = read_texts(data)
    held_out = [text for text in texts if is_held_out(text)] or texts[-1:]
    learned = [text for text in texts if not is_held_out(text)] or texts
    on_progress(TrainingProgress("vocabulary", 0, len(learned)))
    shape = SIZES[size]
    tokenizer = _vocabulary(learned, shape.vocabulary) if start is None else _tokenizer_of(start)
    plan = Plan(
        steps=steps,
        seed=seed,
        threads=threads,
        peak_rate=2e-3 if start is None else 2e-4,
        evaluate_every=max(1, min(50, steps // 4)),
        patience=patience,
        checkpoint_every=checkpoint_every,
        folder=out,
        identity=identity_of(texts, asdict(shape), None if start is None else _digest(start), steps, seed),
    )
    prepare_torch(plan)
    network = make_gpt2(tokenizer, shape) if start is None else _network_of(start)
    context = int(network.config.n_positions)
    end, pad = int(network.config.eos_token_id), _pad_of(tokenizer, int(network.config.eos_token_id))
    rows, measured = _rows(tokenizer, learned, end, context), _rows(tokenizer, held_out, end, context)[:_HELD_OUT_ROWS]

    def loss_of(step: int) -> Any:
        rng = random.Random(f"{seed} {step}")
        return loss_of_rows(network, [(1, rng.choice(rows)) for _ in range(_BATCH)], context, pad)

    def evaluate() -> float:
        parts = [measured[i : i + _BATCH] for i in range(0, len(measured), _BATCH)]
        return float(sum(loss_of_rows(network, [(1, row) for row in part], context, pad).item() * len(part) for part in parts)) / len(
            measured
        )

    fitted = fit(network, loss_of, plan, evaluate=evaluate, on_progress=on_progress)
    on_progress(TrainingProgress("export", 0, 1))
    hugging_face, model = out / "story_model", out / name
    save_gpt2(network, tokenizer, hugging_face)
    convert(hugging_face, model)
    about = {
        "name": name,
        "version": "1",
        "prompting": "plain",
        "languages": [],
        "context_tokens": context,
        "max_batch": 32,
        "no_repeat": 0,
        "training": {"texts": len(texts), "seed": seed, "steps": fitted.steps, "held_out_loss": fitted.held_out},
        "weights_sha256": hashlib.sha256((model / "model.bin").read_bytes()).hexdigest(),
    }
    (model / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    resource = write_yaml(out, name, task="story", model=model)
    forget_checkpoint(out)
    return OwnReport(model, hugging_face, resource, len(texts), len(held_out), fitted)


def _vocabulary(texts: Sequence[str], size: int) -> Tokenizer:
    """Byte-level BPE, as GPT-2's."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in (END, PAD)],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _rows(tokenizer: Tokenizer, texts: Sequence[str], end: int, context: int) -> list[list[int]]:
    """Each text from its start to its end; a longer one in rows that overlap by half."""
    rows = []
    for text in texts:
        ids = [*tokenizer.encode(text).ids, end]
        starts = range(0, max(1, len(ids) - context // 2), context // 2)
        rows += [row for start in starts if len(row := ids[start : start + context]) > 1]
    return rows


def _tokenizer_of(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # tokenizers raises bare Exception for a broken file
        raise InvalidInput(f"{folder / 'tokenizer.json'} cannot be used: {error}") from error


def _network_of(folder: Path) -> Any:
    """Raises InvalidInput for anything else than a GPT-2 in safetensors: nothing in such a folder is ever run."""
    from transformers import GPT2LMHeadModel

    config = folder / "config.json"
    try:
        kind = json.loads(config.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{config} cannot be read: {error}") from None
    if kind != "gpt2" or not (folder / "model.safetensors").is_file():
        raise InvalidInput(f"{folder} holds no GPT-2 in safetensors")
    return GPT2LMHeadModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() if (folder / "model.safetensors").is_file() else ""


def _pad_of(tokenizer: Tokenizer, end: int) -> int:
    found = tokenizer.token_to_id(PAD)
    return end if found is None else int(found)
