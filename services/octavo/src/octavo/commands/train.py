"""`octavo train`: with a bar, and a report at the end."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from octavo.training import TrainingProgress, train_story


def run_story(out: Path, *, steps: int | None, seed: int, threads: int) -> None:
    console = Console(soft_wrap=True)
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
    with bar:
        task = bar.add_task("starting", total=None)

        def show(progress: TrainingProgress) -> None:
            loss = "" if progress.loss is None else f", loss {progress.loss:.3f}"
            bar.update(task, description=f"{progress.stage}{loss}", total=progress.steps or None, completed=progress.step)

        report = train_story(out, steps=steps, seed=seed, threads=threads, on_progress=show)
    console.print(
        f"trained {report.steps} steps on {report.stories} stories; loss {report.first_loss:.3f} → {report.last_loss:.3f} nats a token"
    )
    console.print(f"Hugging Face layout: {report.hugging_face}", markup=False)
    console.print(f"to serve it: engine {{name: ctranslate2, model: 'file://{report.model.resolve()}'}}", markup=False)
