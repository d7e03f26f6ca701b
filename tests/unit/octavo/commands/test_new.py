"""`octavo new`."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo.commands.new import run
from octavo_core.errors import InvalidInput
from octavo_core.spec import load_resources


@pytest.mark.parametrize("task", ["story", "text"])
@pytest.mark.parametrize("name", ["mine", "a-b-1", "null", "true", "no", "y"])
def test_writes_what_loads(tmp_path: Path, task: str, name: str) -> None:
    file = tmp_path / "g.yaml"
    run(name, task, file)
    (resource,) = load_resources(file)
    assert (resource.name, resource.spec.task) == (name, task)


@pytest.mark.parametrize("name", ["Mine", "123", "1e3", "a/b", "../up", "a: b", "x\nkind: y", "x" * 70, "", "-a", "{}", "é"])
def test_a_name_that_is_none_writes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        run(name, "text", tmp_path / "g.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "g.yaml"
    file.write_text("mine")
    with pytest.raises(InvalidInput, match="is there already"):
        run("mine", "text", file)
    assert file.read_text() == "mine"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written"):
        run("mine", "text", tmp_path / "absent" / "g.yaml")


def test_a_task_that_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="story, text, image, image-description"):
        run("mine", "blog", tmp_path / "g.yaml")
