"""What makes an image stale, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.images.building import PROGRAMS
from scripts.images.failures import ImagesFailure
from scripts.images.inputs import default_base, inputs_digest
from scripts.images.targets import TARGETS, Target, chosen

TARGET = Target("service", "images/Containerfile", ("requirements/service.lock", "services/core"))
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (
        ".dockerignore",
        "images/Containerfile",
        "requirements/service.lock",
        "services/core/pyproject.toml",
        "services/core/src/a.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def digest(root: Path, target: Target = TARGET, *, image: str = "localhost/octavo/service:dev", base: str = "default") -> str:
    return inputs_digest(root, target, image=image, base=base)


@pytest.mark.parametrize(
    "edited",
    [".dockerignore", "images/Containerfile", "requirements/service.lock", "services/core/pyproject.toml", "services/core/src/a.py"],
)
def test_an_edit_of_anything_in_the_image_changes_the_digest(root: Path, edited: str) -> None:
    before = digest(root)
    (root / edited).write_text("edited")
    assert digest(root) != before


def test_so_does_a_new_file_a_renamed_and_a_removed_one(root: Path) -> None:
    source = root / "services/core/src"
    seen = [digest(root)]
    (source / "b.py").write_text("b")
    seen.append(digest(root))
    (source / "b.py").rename(source / "c.py")
    seen.append(digest(root))
    (source / "a.py").unlink()
    seen.append(digest(root))
    assert len(set(seen)) == 4


def test_so_do_the_tag_and_the_base(root: Path) -> None:
    assert len({digest(root), digest(root, image="localhost/octavo/service:v1"), digest(root, base="debian:trixie")}) == 3


def test_what_never_reaches_the_build_changes_nothing(root: Path) -> None:
    before = digest(root)
    for name in ("services/core/src/__pycache__/a.cpython-311.pyc", "services/core/.venv/lib.py", "services/core/tests/t.py", "README.md"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("anything")
    assert digest(root) == before


def test_content_cannot_move_from_one_file_to_the_next_unseen(root: Path) -> None:
    source = root / "services/core/src"
    (source / "b.py").write_text("xy")
    (source / "a.py").write_text("")
    before = digest(root)
    (source / "b.py").write_text("y")
    (source / "a.py").write_text("x")
    assert digest(root) != before


def test_a_missing_input_is_named(root: Path) -> None:
    (root / "requirements/service.lock").unlink()
    with pytest.raises(ImagesFailure, match=r"requirements/service\.lock is not there.*task lock"):
        digest(root)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_input_of_every_image_is_in_this_repository(target: Target) -> None:
    assert digest(REPOSITORY, target) == digest(REPOSITORY, target)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_image_is_a_stage_whose_copies_are_its_inputs(target: Target) -> None:
    """A stage that copies what is not among the inputs would not be built again when that changes."""
    stages: dict[str, list[str]] = {}
    parents: dict[str, set[str]] = {}
    name = ""
    for line in (REPOSITORY / target.containerfile).read_text().splitlines():
        words = line.split()
        if words[:1] == ["FROM"]:
            name = words[3]
            stages[name], parents[name] = [], {words[1]}
        elif words[:1] == ["COPY"]:
            source = next((word for word in words if word.startswith("--from=")), None)
            if source is not None:
                parents[name].add(source.removeprefix("--from="))
            else:
                stages[name] += [word for word in words[1:-1] if not word.startswith("--")]
    reached, waiting = set(), [target.name]
    while waiting:
        stage = waiting.pop()
        if stage in stages and stage not in reached:
            reached.add(stage)
            waiting += parents[stage]
    copied = {path for stage in reached for path in stages[stage]}
    assert target.name in reached
    if target.program is not None:
        # Built here, from what is an input in its place.
        copied = copied - {f"{PROGRAMS}/{target.program}"} | {f"scripts/cluster/go/{target.program}"}
    assert copied == set(target.inputs)


def test_the_base_is_read_from_the_containerfile() -> None:
    assert default_base("# text\nARG BASE=python:3.12-slim-bookworm\nFROM ${BASE}\n") == "python:3.12-slim-bookworm"
    with pytest.raises(ImagesFailure, match="ARG BASE"):
        default_base("FROM scratch\n")


def test_without_names_the_light_images_are_meant() -> None:
    assert [target.name for target in chosen([])] == ["service", "worker", "operator", "redis", "postgresql", "mysql", "mongodb"]
    assert [target.name for target in chosen(["worker-torch", "redis"])] == ["redis", "worker-torch"]


def test_a_misspelt_name_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(ImagesFailure, match=r"no image worker-torsh\. Did you mean worker-torch\? There are service, "):
        chosen(["worker-torsh"])
    with pytest.raises(ImagesFailure, match=r"no image xyzzy\. There are service, "):
        chosen(["xyzzy"])
