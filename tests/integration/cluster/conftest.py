from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.cluster import archives
from scripts.cluster.layout import Cache
from scripts.cluster.node import image
from scripts.cluster.toolchain import ensure
from tests.servers.cluster import Cluster, running_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture(scope="session")
def probe_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of a program that serves, fetches, and keeps files."""
    ensure(("probe",), Cache.of())
    archive = tmp_path_factory.mktemp("images") / "probe.tar"
    archives.write(archive, name=image("probe"), program=Cache.of().program("probe"))
    return archive


@pytest.fixture(scope="session")
def probe(cluster: Cluster, probe_archive: Path) -> str:
    """The image's name, in the cluster."""
    cluster.load_images(probe_archive.parent)
    return image("probe")
