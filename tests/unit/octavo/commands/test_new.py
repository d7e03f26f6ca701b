"""`octavo new`."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo.commands.new import run, run_from_env
from octavo_core.errors import InvalidInput, Misconfigured
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
    with pytest.raises(InvalidInput, match="story, text, translation, image, image-description"):
        run("mine", "blog", tmp_path / "g.yaml")


def test_the_env_file_of_an_image_generator_service_becomes_a_generator(tmp_path: Path) -> None:
    env, file = tmp_path / ".env", tmp_path / "g.yaml"
    env.write_text("FLUX_API_KEY=geheim-flux\nDEFAULT_PROVIDER=flux_schnell\nBLOCKED_WORDS=one, two words\nMAX_IMAGES_PER_REQUEST=2\n")
    run_from_env("images", env, file)
    assert "geheim" not in file.read_text()
    (resource,) = load_resources(file)
    spec = resource.spec
    assert [(p.name, p.credentials.env if p.credentials else None) for p in spec.providers or ()] == [("flux_schnell", "FLUX_API_KEY")]
    assert spec.images is not None
    assert spec.images.max_per_request == 2
    assert spec.moderation.enabled, "as the service's README has it where it is left out"
    assert spec.moderation.blocked_words == ("one", "two words")


def test_an_env_file_without_any_key_gives_both_providers(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=INFO\n")
    run_from_env("images", tmp_path / ".env", tmp_path / "g.yaml")
    (resource,) = load_resources(tmp_path / "g.yaml")
    assert [provider.name for provider in resource.spec.providers or ()] == ["dalle3", "flux_schnell"]


def test_a_bad_line_of_an_env_file_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STORAGE_BACKEND=geheim-tape\n")
    with pytest.raises(Misconfigured, match="STORAGE_BACKEND") as caught:
        run_from_env("images", tmp_path / ".env", tmp_path / "g.yaml")
    assert "geheim" not in caught.value.message
    assert not (tmp_path / "g.yaml").exists()


def test_an_env_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        run_from_env("images", tmp_path / "absent", tmp_path / "g.yaml")
