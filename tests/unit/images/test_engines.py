"""The same build, said to Docker, to Podman and to Buildah."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.images.engines import Build, Buildah, Docker, Engine, Podman, engines

BUILD = Build(
    Path("/repo/images/Containerfile"),
    Path("/repo"),
    "localhost/octavo/worker:v1",
    "worker",
    {"BASE": "debian:trixie"},
    {"pip.conf": Path("/tmp/x/pip.conf")},
)
BUILDAH = Buildah(Path("/cache"), Path("/run/octavo"))
_OWN_STORE = ["buildah", "--root", "/cache/store", "--runroot", "/run/octavo"]
_WHAT = [
    "--file", "/repo/images/Containerfile", "--tag", "localhost/octavo/worker:v1", "--target", "worker",
    "--build-arg", "BASE=debian:trixie", "--secret", "id=pip.conf,src=/tmp/x/pip.conf", "/repo",
]  # fmt: skip


def test_docker_builds_with_buildkit_and_passes_proxies_by_name_alone() -> None:
    argv = Docker().build(BUILD)
    assert argv == [
        "docker", "build", "--progress=plain",
        "--build-arg", "HTTP_PROXY", "--build-arg", "HTTPS_PROXY", "--build-arg", "NO_PROXY", *_WHAT,
    ]  # fmt: skip


def test_podman_keeps_layers_and_does_not_look_elsewhere_for_the_base() -> None:
    assert Podman().build(BUILD) == ["podman", "build", "--layers", "--format", "docker", "--pull=never", *_WHAT]


def test_buildah_needs_no_runtime_and_keeps_to_its_own_store() -> None:
    argv = BUILDAH.build(BUILD)
    assert argv == [*_OWN_STORE, "bud", "--layers", "--format", "docker", "--isolation", "chroot", "--pull=never", *_WHAT]
    assert BUILDAH.clear() == [*_OWN_STORE, "rm", "--all"]


def test_a_build_without_a_stage_builds_the_last() -> None:
    argv = BUILDAH.build(Build(Path("/f"), Path("/c"), "localhost/octavo/base:x"))
    assert argv[-5:] == ["--file", "/f", "--tag", "localhost/octavo/base:x", "/c"]


@pytest.mark.parametrize(
    ("engine", "argv"),
    [
        (Docker(), ["docker", "save", "--output", "/out/.p", "localhost/octavo/worker:v1"]),
        (Podman(), ["podman", "save", "--quiet", "--format", "docker-archive", "--output", "/out/.p", "localhost/octavo/worker:v1"]),
        (BUILDAH, [*_OWN_STORE, "push", "--quiet", "localhost/octavo/worker:v1", "docker-archive:/out/.p:localhost/octavo/worker:v1"]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_every_engine_saves_a_docker_archive_that_carries_the_name(engine: Engine, argv: list[str]) -> None:
    assert engine.save("localhost/octavo/worker:v1", Path("/out/.p")) == argv


def test_a_daemon_is_asked_for_itself_and_not_for_its_client() -> None:
    assert Docker().answers() == ["docker", "version", "--format", "{{.Server.Version}}"]


def test_the_order_in_which_they_are_asked() -> None:
    assert [engine.name for engine in engines(Path("/cache"), Path("/run"))] == ["docker", "podman", "buildah"]
