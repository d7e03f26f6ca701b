"""`octavo train`: with a bar, and a report at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from octavo.training import TrainingProgress, train_story
from octavo.training.own_story import OwnReport, train_own_story
from octavo.training.own_translator import train_own_translator
from octavo.training.translator_training import train_translator

Report = TypeVar("Report")


def run_story(out: Path, *, steps: int | None, seed: int, threads: int) -> None:
    console = Console(soft_wrap=True)
    report = _watched(console, lambda show: train_story(out, steps=steps, seed=seed, threads=threads, on_progress=show))
    console.print(
        f"trained {report.steps} steps on {report.stories} stories; loss {report.first_loss:.3f} → {report.last_loss:.3f} nats a token"
    )
    _tell_of(console, report.hugging_face, report.model)


def run_own_story(
    data: Path, out: Path | None, *, name: str, size: str, start: Path | None, steps: int | None, seed: int, threads: int
) -> None:
    console, folder = Console(soft_wrap=True), out or Path("build") / name
    report = _watched(
        console,
        lambda show: train_own_story(
            data, folder, name=name, size=size, start=start, steps=steps, seed=seed, threads=threads, on_progress=show
        ),
    )
    _tell_of_own(console, report, "texts")


def run_translator(out: Path | None, *, steps: int | None, seed: int, threads: int) -> None:
    console, folder = Console(soft_wrap=True), out or Path("build/translator")
    report = _watched(console, lambda show: train_translator(folder, steps=steps, seed=seed, threads=threads, on_progress=show))
    console.print(
        f"trained {report.fit.steps} steps; {report.words} words of {', '.join(report.languages)}; loss {report.fit.last_loss:.3f}"
    )
    _tell_of(console, report.hugging_face, report.model)


def run_own_translator(data: Path, out: Path | None, *, name: str, size: str, steps: int | None, seed: int, threads: int) -> None:
    console, folder = Console(soft_wrap=True), out or Path("build") / name
    report = _watched(
        console,
        lambda show: train_own_translator(data, folder, name=name, size=size, steps=steps, seed=seed, threads=threads, on_progress=show),
    )
    _tell_of_own(console, report, "pairs, each way")


def _watched(console: Console, train: Callable[[Callable[[TrainingProgress], None]], Report]) -> Report:
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
    with bar:
        task = bar.add_task("starting", total=None)

        def show(progress: TrainingProgress) -> None:
            loss = "" if progress.loss is None else f", loss {progress.loss:.3f}"
            held_out = "" if progress.held_out is None else f", on held-out texts {progress.held_out:.3f}"
            bar.update(task, description=f"{progress.stage}{loss}{held_out}", total=progress.steps or None, completed=progress.step)

        return train(show)


def _tell_of(console: Console, hugging_face: Path, model: Path) -> None:
    console.print(f"Hugging Face layout: {hugging_face}", markup=False)
    console.print(f"to serve it: engine {{name: ctranslate2, model: 'file://{model.resolve()}'}}", markup=False)


def _tell_of_own(console: Console, report: OwnReport, what: str) -> None:
    fit = report.fit
    began = f", the first {fit.resumed_at} of them before" if fit.resumed_at else ""
    why = "; it stopped early, as the held-out texts got no better" if fit.stopped_early else ""
    console.print(f"{report.texts} {what}, {report.held_out} of them held out; {fit.steps} steps{began}{why}", markup=False)
    console.print(f"loss on held-out texts, best: {fit.held_out:.3f} nats a token" if fit.held_out is not None else "", markup=False)
    console.print(f"Hugging Face layout: {report.hugging_face}", markup=False)
    console.print(f"to serve it: octavo up -f {report.resource}", markup=False)
