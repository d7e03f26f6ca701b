"""What is in the images, and what must not be."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from scripts.images.machine import pip_settings, read_debian_sources
from scripts.images.targets import TARGETS
from tests.integration.images.containers import Image

pytestmark = [pytest.mark.needs("buildah"), pytest.mark.timeout(900)]

OWN = ["service", "worker", "operator"]
ALL = [target.name for target in TARGETS if target.by_default]
every = pytest.mark.parametrize("name", ALL)
Images = Callable[[str], Image]

# Put together here, so that no file of the repository names a registry.
_INDEXES = [".".join(host) for host in (("pypi", "org"), ("files", "python" + "hosted", "org"), ("registry-1", "docker", "io"))]
_SECRET = re.compile(r"password|passwd|secret|token|credential|api_?key", re.IGNORECASE)
_COMPILERS = {"cc", "gcc", "g++", "c++", "clang", "ld", "make", "cargo", "go", "uv"}


def _files(image: Image, *below: str) -> Iterator[Path]:
    for folder in below or ("",):
        for parent, _, names in os.walk(image.rootfs / folder):
            yield from (Path(parent) / name for name in names)


@every
def test_nobody_of_rank_runs_it(name: str, image: Images) -> None:
    config = image(name).config
    user, group = config["User"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    # A program that asks for its own name gets one.
    assert any(line.split(":")[2:4] == [user, group] for line in (image(name).rootfs / "etc/passwd").read_text().splitlines())


@every
def test_it_starts_a_program_and_no_shell_line(name: str, image: Images) -> None:
    config = image(name).config
    assert config["Entrypoint"]
    assert config["Cmd"]
    assert not {"/bin/sh", "sh", "bash", "-c"} & set(image(name).argv)
    assert config["StopSignal"] in {"SIGTERM", "SIGINT"}
    # A volume that nobody asked for would hide that one is missing.
    assert not config.get("Volumes")
    assert config["Labels"]["org.opencontainers.image.title"] == f"octavo/{name}"


@every
def test_it_keeps_no_secret_of_the_build(name: str, image: Images) -> None:
    built = image(name)
    assert [entry for entry in built.config["Env"] if _SECRET.search(entry)] == []
    assert [path for path in _files(built, "run/secrets", "build", "root/.cache", "etc/uv") if path.stat().st_size] == []
    assert not any((built.rootfs / place).exists() for place in ("etc/pip.conf", "root/.netrc", "root/.config", "root/.ssh"))


@every
def test_it_does_not_know_where_its_packages_came_from(name: str, image: Images) -> None:
    """Neither the indexes of the world nor the mirrors of this machine."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False, timeout=60).stdout
    addresses = [source.uri for source in read_debian_sources("bookworm")]
    addresses += [value for key, value in pip_settings(listed).items() if key.endswith("index-url")]
    hosts = {*_INDEXES, *(host for address in addresses if (host := urlsplit(address).hostname))}
    built = image(name)
    document = json.dumps(built.document)
    assert [host for host in hosts if host in document] == []
    for path in _files(built, "etc", "usr/local/etc", "var/lib/apt", "var/log", "var/cache"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            assert [host for host in hosts if host.encode() in content] == [], path.relative_to(built.rootfs)


@every
def test_it_carries_nothing_that_only_a_build_needs(name: str, image: Images) -> None:
    built = image(name)
    programs = {path.name for path in _files(built, "usr/bin", "usr/local/bin", "usr/sbin", "opt/octavo/env/bin")}
    assert programs & _COMPILERS == set()
    left = _files(
        built, "var/lib/apt/lists", "var/cache/apt/archives", "usr/share/doc", "usr/share/man", "usr/share/locale", "opt/octavo/cache"
    )
    assert [path for path in left if not path.is_symlink() and path.stat().st_size] == []


@every
def test_nobody_may_write_where_its_programs_are(name: str, image: Images) -> None:
    built = image(name)
    open_to_all = [
        str(path.relative_to(built.rootfs))
        for path in _files(built, "etc", "opt", "usr")
        if not path.is_symlink() and path.stat().st_mode & stat.S_IWOTH
    ]
    assert open_to_all == []
    user = int(built.config["User"].split(":")[0])
    owned = [str(path.relative_to(built.rootfs)) for path in _files(built, "etc", "opt", "usr") if path.lstat().st_uid == user]
    assert owned == []


@pytest.mark.parametrize("name", OWN)
def test_its_packages_are_compiled_and_come_without_their_tests(name: str, image: Images) -> None:
    """Nobody can write bytecode later, so what is not compiled now is compiled at every start."""
    built = image(name)
    code = built.rootfs / "opt/octavo/code"
    sources = list(code.rglob("*.py"))
    assert len(sources) > 20
    (tag,) = {path.name.split(".")[-2] for path in code.rglob("*.pyc")}
    assert [path for path in sources if not (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists()] == []
    assert [path for path in (built.rootfs / "opt/octavo").rglob("tests") if path.is_dir()] == []


def test_the_engines_are_in_the_worker_alone(image: Images) -> None:
    def packages(name: str) -> set[str]:
        return {path.name for path in (image(name).rootfs / "opt/octavo/env/lib").glob("python3*/site-packages/*")}

    assert {"ctranslate2", "tokenizers"} <= packages("worker")
    assert packages("service") & {"ctranslate2", "tokenizers", "numpy", "torch", "kopf"} == set()
    assert packages("operator") & {"ctranslate2", "tokenizers", "numpy", "torch", "sqlalchemy"} == set()
    assert {"asyncpg", "aiomysql", "opentelemetry"} <= packages("service") & packages("worker")
