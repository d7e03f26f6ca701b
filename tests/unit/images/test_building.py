"""The sequence, with an engine that is a shell script: it keeps its images in a list, and its archives say what they were made of."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from scripts.images.bases import own_base
from scripts.images.building import Options, build_images
from scripts.images.failures import ImagesFailure
from scripts.images.targets import Target

TARGETS = [Target("service", "images/Containerfile", ("services/core",)), Target("worker", "images/Containerfile", ("services/jobs",))]
_BUILDAH = """\
#!/bin/sh
shift 4
echo "$*" >> "$CALLS"
case "$1" in
  inspect)
    for image; do :; done
    case "$*" in *--format*) cksum < "$CALLS"; exit ;; esac
    grep -qxF "$image" "$IMAGES" ;;
  pull) for image; do :; done; [ -e "$REGISTRY" ] && echo "$image" >> "$IMAGES" ;;
  bud)
    if [ -e "$BROKEN" ]; then
      echo "the build broke here"
      exit 3
    fi
    echo "${TMPDIR}" > "$CALLS.tmpdir" ;;
  push) place=${4#docker-archive:}; echo "an archive of $3" > "${place%%:*}" ;;
esac
"""


@dataclass
class World:
    """A repository, a machine, and what was said."""

    root: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)

    def build(self, *, targets: list[Target] = TARGETS, **options: str | bool) -> list[str]:
        """The engine's calls in this run."""
        calls = Path(self.environment["CALLS"])
        calls.write_text("")
        given = Options(self.root, self.root / "cache", self.root / "state", **options)  # type: ignore[arg-type]
        build_images(targets, given, self.environment, self.said.append)
        return calls.read_text().splitlines()

    def builds(self, calls: list[str]) -> list[str]:
        return [call.split("--target ")[1].split()[0] for call in calls if call.startswith("bud")]

    def archive(self, name: str) -> Path:
        return self.root / f"build/images/{name}.tar"

    def record(self, name: str) -> Mapping[str, str]:
        found: Mapping[str, str] = json.loads((self.root / f"build/images/{name}.json").read_text())
        return found

    def set(self, name: str, on: bool) -> None:
        flag = Path(self.environment[name])
        flag.touch() if on else flag.unlink(missing_ok=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    programs, root = tmp_path / "bin", tmp_path / "repo"
    programs.mkdir()
    scripts = {
        "docker": "#!/bin/sh\necho 'cannot connect to the daemon' >&2\nexit 1\n",
        "podman": "#!/bin/sh\nexit 125\n",
        "buildah": _BUILDAH,
    }
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    files = {
        ".dockerignore": "*",
        "images/Containerfile": "ARG BASE=python:3.12-slim-bookworm\nFROM ${BASE} AS service\n",
        "images/base/Containerfile": "FROM scratch\n",
        "services/core/a.py": "a",
        "services/jobs/b.py": "b",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    flags = {name: str(tmp_path / name.lower()) for name in ("CALLS", "IMAGES", "REGISTRY", "BROKEN")}
    (tmp_path / "images").touch()
    (tmp_path / "registry").touch()
    return World(root, {**flags, "PATH": f"{programs}:{os.defpath}:/usr/bin:/bin"})


def test_the_first_run_makes_all_and_the_second_asks_nobody(world: World) -> None:
    assert world.builds(world.build()) == ["service", "worker"]
    assert world.archive("service").read_text() == "an archive of localhost/octavo/service:dev\n"
    assert world.record("worker")["image"] == "localhost/octavo/worker:dev"
    assert world.build() == []
    assert world.said[-1].startswith("worker: nothing to do")


def test_a_client_whose_daemon_does_not_answer_is_passed_over(world: World) -> None:
    world.build()
    assert world.record("service")["engine"] == "buildah"
    with pytest.raises(ImagesFailure, match=r"nothing here builds images \(asked docker\): start Docker or Podman, or install Buildah"):
        world.build(engine="docker", tag="other")


def test_only_what_was_edited_is_made_again(world: World) -> None:
    world.build()
    (world.root / "services/jobs/b.py").write_text("edited")
    assert world.builds(world.build()) == ["worker"]


def test_another_tag_and_a_lost_archive_are_reasons_too(world: World) -> None:
    world.build()
    assert world.builds(world.build(tag="v1")) == ["service", "worker"]
    world.archive("service").unlink()
    assert world.builds(world.build(tag="v1")) == ["service"]
    world.archive("worker").write_text("cut off")
    assert world.builds(world.build(tag="v1")) == ["worker"]


def test_a_broken_build_says_why_and_leaves_what_was_there(world: World) -> None:
    world.build()
    before = world.archive("service").read_bytes(), world.record("service")
    (world.root / "services/core/a.py").write_text("edited")
    world.set("BROKEN", True)
    with pytest.raises(ImagesFailure, match=r"buildah ended with status 3(.|\n)*service\.log(.|\n)*the build broke here"):
        world.build()
    assert (world.archive("service").read_bytes(), world.record("service")) == before
    assert [path.name for path in (world.root / "build/images").iterdir() if path.name.endswith(".partial")] == []
    world.set("BROKEN", False)
    assert world.builds(world.build()) == ["service"]


def test_what_failed_builds_leave_is_cleared_before_and_after(world: World) -> None:
    calls = world.build()
    clears = [index for index, call in enumerate(calls) if call == "rm --all"]
    first, *_, last = [index for index, call in enumerate(calls) if call.startswith("bud")]
    assert clears[0] < first
    assert last < clears[-1]


def test_the_base_is_pulled_once_and_then_taken_from_the_store(world: World) -> None:
    calls = world.build()
    assert sum(call.startswith("pull") for call in calls) == 1
    assert all("BASE=python:3.12-slim-bookworm" in call for call in calls if call.startswith("bud"))
    (world.root / "services/core/a.py").write_text("edited")
    assert not any(call.startswith("pull") for call in world.build())
    assert any(call.startswith("pull") for call in world.build(fresh_base=True))


def test_a_base_that_somebody_names_is_taken_or_refused(world: World) -> None:
    world.build(base="registry.example/python:3.13")
    assert world.record("service")["base"] == "registry.example/python:3.13"
    world.set("REGISTRY", False)
    with pytest.raises(ImagesFailure, match=r"the base elsewhere\.example/python:3 is not in the store of buildah and cannot be pulled"):
        world.build(base="elsewhere.example/python:3")


def test_without_a_registry_the_base_is_the_one_that_was_made_here(world: World, tmp_path: Path) -> None:
    world.set("REGISTRY", False)
    (tmp_path / "images").write_text(f"{own_base(world.root)}\n")
    world.build(mirror="http://mirror.example/debian")
    assert world.record("service")["base"] == own_base(world.root)
    # Another recipe makes another base: all that stands on the old one is made again.
    (world.root / "images/base/Containerfile").write_text("FROM scratch\nADD rootfs.tar /\n")
    (tmp_path / "images").write_text(f"{own_base(world.root)}\n")
    assert world.builds(world.build(mirror="http://mirror.example/debian")) == ["service", "worker"]


def test_package_sources_go_to_our_own_base_and_where_a_mirror_is_named(world: World, tmp_path: Path) -> None:
    calls = world.build()
    assert not any("id=apt.sources" in call for call in calls)
    calls = world.build(mirror="http://mirror.example/debian", tag="v1")
    assert all("id=apt.sources" in call for call in calls if call.startswith("bud"))


def test_no_setting_of_the_machine_outlives_the_build(world: World) -> None:
    world.build()
    used = Path((Path(world.environment["CALLS"]).parent / "calls.tmpdir").read_text().strip())
    assert used == world.root / "cache/tmp"
    assert list(used.iterdir()) == []


def test_the_image_that_a_new_one_replaces_is_removed(world: World) -> None:
    world.build()
    old = world.record("service")["image_id"]
    (world.root / "services/core/a.py").write_text("edited")
    assert f"rmi {old}" in world.build()


def test_a_record_that_cannot_be_read_costs_a_build(world: World) -> None:
    world.build()
    (world.root / "build/images/service.json").write_text("{")
    assert world.builds(world.build()) == ["service"]
