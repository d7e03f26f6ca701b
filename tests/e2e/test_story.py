"""From `kubectl apply` to a story in real pods, and back to nothing, with each kind of managed database."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import yaml
from tests.e2e.conftest import Generators
from tests.e2e.house import ROOT, Generator, example, wait

pytestmark = [pytest.mark.needs("cluster", "images"), pytest.mark.timeout(420)]


def write_story(generator: Generator) -> Any:
    answer = generator.generate("Luna found a kite", audience="children")
    if answer["status"] != "succeeded":
        path = f"/api/v1/generate/{answer['generation_id']}"
        wait(lambda: generator.call("GET", path).json()["status"] == "succeeded", what="the story", tell=generator.account, deadline_s=120)
        answer = generator.call("GET", path).json()
    return answer["result"]["text"]


def test_tiny_stories_from_apply_to_nothing(generators: Generators) -> None:
    generator = generators("tiny-stories")
    generator.kubectl("apply", "-f", str(ROOT / "examples" / "tiny-stories.yaml"))
    generator.kubectl("wait", "--for=condition=Ready", "gen/tiny-stories", "--timeout=120s", timeout_s=130)
    assert "Luna" in write_story(generator)
    shown = generator.kubectl("get", "gen")
    assert "True" in shown, shown
    assert "builtin://tiny-stories" in shown, shown
    generator.delete()
    wait(lambda: not generator.left(), what="nothing is left", tell=lambda: str(generator.left()), deadline_s=60)


def test_the_same_on_mysql(generators: Generators) -> None:
    generator = generators("tiny-stories")
    generator.apply({**example("tiny-stories"), "database": {"managed": {"type": "mysql"}}})
    generator.wait_ready(180)
    assert "Luna" in write_story(generator)
    generator.delete()
    wait(lambda: not generator.left(), what="nothing is left", tell=lambda: str(generator.left()), deadline_s=60)


def test_a_kept_database_has_the_old_jobs_when_its_generator_comes_again(generators: Generators) -> None:
    generator = generators("keeper")
    spec = {**example("tiny-stories"), "database": {"managed": {"onDelete": "retain"}}}
    generator.apply(spec)
    generator.wait_ready()
    before = generator.generate("Luna found a kite", audience="children", prefer="respond-async")["generation_id"]
    wait(lambda: generator.states()[before] == "succeeded", what="the job ends", tell=generator.account, deadline_s=120)
    generator.delete()
    wait(lambda: all(name.startswith("persistentvolumeclaim/") for name in generator.left()), what="only the claim is left")
    assert generator.left(), "the claim was to be kept"
    generator.apply(spec)
    generator.wait_ready()
    assert generator.states()[before] == "succeeded"
    generator.delete()
    generator.kubectl("delete", "pvc", "-l", f"app.kubernetes.io/instance={generator.name}")


def test_the_plan_is_what_is_applied(generators: Generators) -> None:
    generator = generators("tiny-stories")
    generator.kubectl("apply", "-f", str(ROOT / "examples" / "tiny-stories.yaml"))
    generator.wait_ready()
    command = [sys.executable, "-m", "octavo", "plan", str(ROOT / "examples" / "tiny-stories.yaml"), "-o", "yaml"]
    planned = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    objects = [document for document in yaml.safe_load_all(planned) if document]
    assert len(objects) >= 8
    for manifest in objects:
        found = generator.read(f"{manifest['kind']} {manifest['metadata']['name']}")
        assert found["metadata"]["labels"].items() >= manifest["metadata"]["labels"].items()
