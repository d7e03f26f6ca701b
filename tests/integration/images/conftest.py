"""The images as they are exported: brought up to date, and unpacked once for all tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.images import containers
from tests.integration.images.containers import Image

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Image]]:
    """The image of a name. It is built when it is not there or not of today's sources."""
    missing = containers.available()
    if missing is not None:
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("images")
    # Users without rights must be able to walk down to the root filesystems.
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    unpacked: dict[str, Image] = {}

    def get(name: str) -> Image:
        if name not in unpacked:
            built = subprocess.run(
                [sys.executable, "-m", "scripts.images", name], cwd=ROOT, capture_output=True, text=True, check=False, timeout=900
            )
            assert built.returncode == 0, built.stdout + built.stderr
            unpacked[name] = containers.unpack(ROOT / f"build/images/{name}.tar", folder)
        return unpacked[name]

    yield get
    subprocess.run(["rm", "-rf", *(str(image.rootfs) for image in unpacked.values())], check=False, timeout=120)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder that a container's user can walk to."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    return tmp_path


@pytest.fixture
def volume(work: Path) -> Callable[[str], Path]:
    """An empty volume as the kubelet mounts it: of root, and of the pod's group, which may write."""

    def make(name: str = "volume", group: int = 999) -> Path:
        folder = work / name
        folder.mkdir()
        subprocess.run(["chown", f"0:{group}", str(folder)], check=True, timeout=10)
        folder.chmod(0o2775)
        return folder

    return make


@pytest.fixture
def secret(work: Path) -> Callable[[str, str], Path]:
    """A file as a Secret's key is mounted: readable by the pod's group, and with the line end that people leave there."""

    def make(name: str, content: str, group: int = 999) -> Path:
        file = work / name
        file.write_text(content)
        subprocess.run(["chown", f"0:{group}", str(file)], check=True, timeout=10)
        file.chmod(0o440)
        return file

    return make
