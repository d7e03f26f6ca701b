"""Trains `builtin://tiny-stories` anew and puts it where it ships: `python scripts/models/train_tiny_stories.py [--steps N] [--seed N]`.

Needs the environment of requirements/train.lock. Leaves the Hugging Face layout in `story_model/`, which git ignores.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import asdict
from pathlib import Path

from octavo.training import train_story
from octavo.training.story_evaluation import evaluate_story

SHIPPED = Path(__file__).parents[2] / "services/generation/src/octavo_generation/engines/builtin/tiny_stories"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--steps", type=int)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--out", type=Path, default=Path("build/tiny-stories"))
    chosen = options.parse_args()
    report = train_story(
        chosen.out,
        steps=chosen.steps,
        seed=chosen.seed,
        threads=chosen.threads,
        on_progress=lambda p: print(f"{p.stage} {p.step}/{p.steps}" + (f" loss {p.loss:.3f}" if p.loss is not None else ""), flush=True),
    )
    print(json.dumps(asdict(evaluate_story(report.model)), indent=2))
    shutil.rmtree(SHIPPED, ignore_errors=True)
    shutil.copytree(report.model, SHIPPED)
    shutil.rmtree("story_model", ignore_errors=True)
    shutil.copytree(report.hugging_face, "story_model")


if __name__ == "__main__":
    main()
