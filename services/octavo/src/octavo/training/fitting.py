"""Fits a network step by step, so that a training that was killed goes on where it was, and ends where it would have ended.

Everything that a step needs is drawn from its number and the seed; the checkpoint holds the weights, the optimizer and the number of
the step, and replaces the one before it in one move: a kill at any line leaves a whole one. torch is imported when a fit runs.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from octavo_core.errors import Misconfigured

Stage = Literal["corpus", "vocabulary", "train", "export"]
CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """`loss` is the mean cross-entropy (nats a token) since the last report, `held_out` that of the last evaluation; None before."""

    stage: Stage
    step: int
    steps: int
    loss: float | None = None
    held_out: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`patience`: after that many evaluations in a row without a better loss on what is held out, the training ends. `identity`: what a
    checkpoint must have been made for to be gone on with."""

    steps: int
    seed: int
    threads: int
    peak_rate: float = 2e-3
    last_rate: float = 1e-5
    warm_steps: int = 100
    decay: float = 0.05
    evaluate_every: int = 200
    patience: int = 5
    checkpoint_every: int = 100
    folder: Path | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """`steps`: done in all; `resumed_at`: those that a run before this one had done; `held_out`: the best loss, whose weights are kept."""

    steps: int
    resumed_at: int
    first_loss: float
    last_loss: float
    held_out: float | None
    stopped_early: bool


def rate(plan: Plan, step: int) -> float:
    """Linear warm-up, then a cosine down to the last rate."""
    warm = min(plan.warm_steps, max(1, plan.steps // 10))
    if step < warm:
        return plan.peak_rate * (step + 1) / warm
    turn = math.cos(math.pi * (step - warm) / max(1, plan.steps - warm))
    return plan.last_rate + (plan.peak_rate - plan.last_rate) * (1 + turn) / 2


def prepare_torch(plan: Plan) -> None:
    """Before the network is made: its first weights come from the seed."""
    import torch

    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(plan.seed)


def fit(
    network: Any,
    loss_of: Callable[[int], Any],
    plan: Plan,
    *,
    evaluate: Callable[[], float] | None = None,
    on_progress: Callable[[TrainingProgress], None],
) -> Fit:
    """`loss_of(step)` is a scalar tensor with its graph; it must depend on the step and the weights alone. Goes on from the checkpoint in
    `plan.folder`, where there is one of the same identity, and removes it at the end. The network is left in its best state."""
    import torch

    network.train()
    decayed = [p for p in network.parameters() if p.dim() > 1]
    plain = [p for p in network.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": plan.decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=plan.peak_rate, betas=(0.9, 0.98))
    state = _State()
    resumed_at = state.load(plan, network, optimizer)
    step = resumed_at
    while step < plan.steps and state.misses < plan.patience:
        for group in optimizer.param_groups:
            group["lr"] = rate(plan, step)
        loss = loss_of(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        state.add(step, loss.item())
        step += 1
        if evaluate is not None and (step % plan.evaluate_every == 0 or step == plan.steps):
            network.eval()
            with torch.no_grad():
                state.judge(evaluate(), network)
            network.train()
        if step % 20 == 0 or step == plan.steps:
            on_progress(TrainingProgress("train", step, plan.steps, state.mean(), state.held_out))
        if plan.folder is not None and step % plan.checkpoint_every == 0 and step < plan.steps:
            state.save(plan, network, optimizer, step)
    if state.best is not None:
        network.load_state_dict(state.best)
    network.eval()
    return Fit(step, resumed_at, state.first, state.last, state.held_out, stopped_early=step < plan.steps)


def forget_checkpoint(folder: Path) -> None:
    """Once what came of the training is written."""
    (folder / CHECKPOINT).unlink(missing_ok=True)


def identity_of(*parts: object) -> str:
    """Of all that a training stands on: with other texts or another size, an old checkpoint is of no use."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class _State:
    def __init__(self) -> None:
        self.first = self.last = float("nan")
        self.held_out: float | None = None
        self.best: dict[str, Any] | None = None
        self.misses = 0
        self._recent: list[float] = []

    def add(self, step: int, loss: float) -> None:
        if step == 0:
            self.first = loss
        self._recent.append(loss)

    def mean(self) -> float:
        self.last, self._recent = sum(self._recent) / max(1, len(self._recent)), []
        return self.last

    def judge(self, loss: float, network: Any) -> None:
        if self.held_out is None or loss < self.held_out:
            self.held_out, self.misses = loss, 0
            self.best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        else:
            self.misses += 1

    def save(self, plan: Plan, network: Any, optimizer: Any, step: int) -> None:
        import torch

        assert plan.folder is not None
        plan.folder.mkdir(parents=True, exist_ok=True)
        fresh = plan.folder / f"{CHECKPOINT}.new"
        held = {
            "identity": plan.identity,
            "step": step,
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "best": self.best,
            "numbers": {"first": self.first, "last": self.last, "held_out": self.held_out, "misses": self.misses, "recent": self._recent},
        }
        with fresh.open("wb") as file:
            torch.save(held, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(plan.folder / CHECKPOINT)

    def load(self, plan: Plan, network: Any, optimizer: Any) -> int:
        """The step to begin with; 0 without a checkpoint. Raises Misconfigured for one of another training."""
        import torch

        if plan.folder is None or not (plan.folder / CHECKPOINT).is_file():
            return 0
        try:
            held = torch.load(plan.folder / CHECKPOINT, weights_only=True)
        except Exception as error:  # torch raises what its many parts raise
            raise Misconfigured(f"{plan.folder / CHECKPOINT} cannot be read ({type(error).__name__}); remove it to begin anew") from error
        if held["identity"] != plan.identity:
            raise Misconfigured(
                f"{plan.folder / CHECKPOINT} is of a training with other texts or settings; remove it, or name another folder with --out"
            )
        network.load_state_dict(held["network"])
        optimizer.load_state_dict(held["optimizer"])
        numbers = held["numbers"]
        self.first, self.last, self.held_out = numbers["first"], numbers["last"], numbers["held_out"]
        self.misses, self._recent, self.best = numbers["misses"], numbers["recent"], held["best"]
        return int(held["step"])
