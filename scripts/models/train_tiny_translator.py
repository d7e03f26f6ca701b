"""Trains `builtin://tiny-translator` anew and puts it where it ships: `python scripts/models/train_tiny_translator.py`.

Needs the environment of requirements/train.lock. Killed and started again, it goes on.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from octavo.training.translator_training import train_translator

SHIPPED = Path(__file__).parents[2] / "services/generation/src/octavo_generation/engines/builtin/tiny_translator"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--steps", type=int)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--out", type=Path, default=Path("build/tiny-translator"))
    chosen = options.parse_args()
    report = train_translator(
        chosen.out,
        steps=chosen.steps,
        seed=chosen.seed,
        threads=chosen.threads,
        checkpoint_every=50,
        on_progress=lambda p: print(f"{p.stage} {p.step}/{p.steps} loss {p.loss} held out {p.held_out}", flush=True),
    )
    print(report)
    shutil.rmtree(SHIPPED, ignore_errors=True)
    shutil.copytree(report.model, SHIPPED)


if __name__ == "__main__":
    main()
