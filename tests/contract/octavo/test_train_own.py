"""Models of one's own: two hundred small texts become a generator that is served, and a training that was killed goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.servers.platform import platform
from tests.servers.starting import wait_until

from octavo.training.own_texts import read_aligned, read_texts
from octavo_core.errors import InvalidInput
from octavo_generation.engines.port import TextRequest
from octavo_generation.engines.translating.engine import TranslationEngine, direction

_PYTHON = os.environ.get("OCTAVO_TRAIN_PYTHON") or (sys.executable if find_spec("torch") else ".venv-train/bin/python")
_ANIMALS = ("fox", "owl", "bear", "cat", "hen", "toad", "goat", "mole", "wolf", "duck")
_DEEDS = ("found a key", "lost a hat", "saw the moon", "baked a cake", "sang a song")
_PLACES = ("by the river", "in the wood", "near the mill", "on the hill")


def _command(*words: object) -> list[str]:
    return [_PYTHON, "-m", "octavo", "train", *map(str, words)]


def _finish(argv: Sequence[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    return done.stdout


@pytest.fixture
def tales(tmp_path: Path) -> Path:
    folder = tmp_path / "tales"
    folder.mkdir()
    stories = [(animal, deed, place) for animal in _ANIMALS for deed in _DEEDS for place in _PLACES]
    assert len(stories) == 200
    for number, (animal, deed, place) in enumerate(stories):
        (folder / f"{number}.txt").write_text(f"The {animal} {deed} {place}. Then the {animal} went home and slept.\n")
    return folder


@pytest.mark.needs("torch", "redis")
@pytest.mark.timeout(400)
def test_a_folder_of_texts_becomes_a_served_generator_though_the_training_is_killed(tales: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    train = _command("story", "--data", tales, "--name", "tales", "--out", out, "--size", "tiny", "--steps", 120)
    killed = subprocess.Popen(train, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_until(lambda: (out / "checkpoint.pt").exists() or killed.poll() is not None, what="there is no checkpoint", deadline_s=150)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(10) == -signal.SIGKILL
    assert not (out / "tales").exists()

    said = _finish(train)
    assert "200 texts" in said
    assert "of them before" in said, "it began anew"
    assert not (out / "checkpoint.pt").exists()
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {file.name for file in (out / "story_model").iterdir()}

    with platform(out / "tales.yaml", home=tmp_path / "home") as running:
        request = urllib.request.Request(
            f"{running.base}/generators/tales/api/v1/generate",
            data=json.dumps({"prompt": "The fox found", "seed": 1, "max_tokens": 30}).encode(),
            headers={"content-type": "application/json", "prefer": "wait=60"},
        )
        with urllib.request.urlopen(request, timeout=90) as answer:
            told = json.loads(answer.read())
    assert told["status"] == "succeeded", told
    assert any(word in told["result"]["text"] for word in ("river", "wood", "mill", "hill", "home", "key", "the")), told


@pytest.mark.needs("torch")
@pytest.mark.timeout(300)
def test_a_training_that_was_killed_ends_where_it_would_have_ended(tmp_path: Path) -> None:
    script = """
import sys, json
from pathlib import Path
from octavo.training import fitting
from octavo.training.own_translator import train_own_translator
data, out, stop = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def watch(progress):
    if progress.stage == "train" and progress.step == stop:
        sys.stdout.flush(); import os; os._exit(9)
report = train_own_translator(data, out, name="mine", size="tiny", steps=60, seed=1, checkpoint_every=10, on_progress=watch)
print(json.dumps({"sha": json.loads((report.model / "model.json").read_text())["weights_sha256"], "resumed": report.fit.resumed_at,
                  "first": report.fit.first_loss, "best": report.fit.held_out, "model": str(report.model)}))
"""
    data = tmp_path / "pairs"
    data.mkdir()
    rows = [(f"Der {b} ist {a}.", f"The {c} is {d}.") for a, d in (("rot", "red"), ("alt", "old"), ("groß", "big")) for b, c in _GERMAN]
    (data / "one.tsv").write_text("de\ten\n" + "".join(f"{first}\t{second}\n" for first, second in rows), encoding="utf-8")

    def run(out: Path, stop: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_PYTHON, "-c", script, str(data), str(out), str(stop)], capture_output=True, text=True, timeout=150, check=False
        )

    whole = run(tmp_path / "whole", -1)
    assert whole.returncode == 0, whole.stderr[-2000:]
    assert run(tmp_path / "killed", 40).returncode == 9
    again = run(tmp_path / "killed", -1)
    assert again.returncode == 0, again.stderr[-2000:]
    first, second = (json.loads(done.stdout.strip().splitlines()[-1]) for done in (whole, again))
    assert (first["resumed"], second["resumed"]) == (0, 30)
    assert first["sha"] == second["sha"]
    assert second["best"] < second["first"]

    engine = TranslationEngine(Path(second["model"]))
    profile = engine.load(lambda _stage: None)
    assert set(profile.languages) == {"deu_Latn", "eng_Latn"}
    asked = TextRequest("Der Hund ist rot.", language=direction("deu_Latn", "eng_Latn"))
    (said,) = engine.generate([asked], lambda _i, _t: None, lambda _i: False)
    assert said.text


_GERMAN = (("Hund", "dog"), ("Bär", "bear"), ("Fuchs", "fox"), ("Mond", "moon"), ("Berg", "hill"), ("Tisch", "table"), ("Hut", "hat"))


def test_what_is_wrong_with_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is no folder"):
        read_texts(tmp_path / "none")
    with pytest.raises(InvalidInput, match="holds no text"):
        read_texts(tmp_path)
    (tmp_path / "bad.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InvalidInput, match=r"bad\.txt.*no UTF-8"):
        read_texts(tmp_path)
    (tmp_path / "bad.txt").unlink()
    (tmp_path / "a.en.txt").write_text("one\ntwo\n")
    (tmp_path / "a.es.txt").write_text("uno\n")
    with pytest.raises(InvalidInput, match=r"2 lines and a\.es\.txt has 1"):
        read_aligned(tmp_path)
    (tmp_path / "a.es.txt").write_text("uno\ndos\n")
    assert read_aligned(tmp_path)[0].lines == (("one", "uno"), ("two", "dos"))
    (tmp_path / "b.tsv").write_text("en\tes\none\n")
    with pytest.raises(InvalidInput, match=r"b\.tsv, line 2"):
        read_aligned(tmp_path)
