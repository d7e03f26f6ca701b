"""A tiny training, twice, in the environment that has torch: it learns, it exports what the engine loads, it repeats itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from octavo_core.errors import Misconfigured
from octavo_generation.engines.ctranslate2 import CTranslate2Engine
from octavo_generation.engines.port import Sampling, TextRequest

_SCRIPT = """
import json, sys
from pathlib import Path
from octavo.training.story_training import Shape, train_story
seen = []
report = train_story(Path(sys.argv[1]), steps=30, seed=3, threads=1, on_progress=seen.append, shape=Shape(600, 32, 1, 2, 384))
losses = [p.loss for p in seen if p.stage == "train"]
print(json.dumps({"sha": report.weights_sha256, "first": report.first_loss, "last": report.last_loss, "losses": losses,
                  "stages": list(dict.fromkeys(p.stage for p in seen)), "model": str(report.model), "hf": str(report.hugging_face)}))
"""


def _train(out: Path) -> dict[str, object]:
    python = os.environ.get("OCTAVO_TRAIN_PYTHON") or (sys.executable if find_spec("torch") else ".venv-train/bin/python")
    done = subprocess.run([python, "-c", _SCRIPT, str(out)], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


@pytest.mark.needs("torch")
def test_training_learns_exports_and_repeats_itself(tmp_path: Path) -> None:
    first, second = _train(tmp_path / "one"), _train(tmp_path / "two")

    assert first["sha"] == second["sha"], "the same seed gives the same weights"
    assert isinstance(first["last"], float)
    assert isinstance(first["first"], float)
    assert first["last"] < first["first"] - 0.5
    assert first["stages"] == ["corpus", "vocabulary", "train", "export"]
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {file.name for file in Path(str(first["hf"])).iterdir()}

    engine = CTranslate2Engine(Path(str(first["model"])))
    engine.load(lambda _stage: None)
    told = engine.generate([TextRequest("Luna found a kite", Sampling(max_tokens=20, seed=1))], lambda _i, _t: None, lambda _i: False)
    assert told[0].text.startswith("Luna found a kite.")


def test_without_torch_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    from octavo.training import train_story

    with pytest.raises(Misconfigured, match=r"torch.*octavo\[train\]"):
        train_story(tmp_path, steps=1, on_progress=lambda _progress: None)
