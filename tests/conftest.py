"""Servers for all tests, and the rule about what is missing: a visible skip on a laptop, a failure where everything is required."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from scripts.cluster.layout import Cache
from tests.servers import cluster, mariadb, mongodb, postgresql, redis

# How fast an example runs says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile("octavo", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("octavo")

REQUIRE_ALL = os.environ.get("OCTAVO_REQUIRE") == "all"


def _training_python() -> bool:
    named = os.environ.get("OCTAVO_TRAIN_PYTHON")
    return importlib.util.find_spec("torch") is not None or Path(named or ".venv-train/bin/python").exists()


_AVAILABLE: dict[str, tuple[Callable[[], bool], str]] = {
    "redis": (redis.available, "install redis-server"),
    "postgresql": (postgresql.available, "install postgresql"),
    "mariadb": (mariadb.available, "install mariadb-server"),
    "mongodb": (mongodb.available, "run `./task servers:build`"),
    "torch": (_training_python, "run `./task train:setup`"),
    "control-plane": (cluster.control_plane_available, "run `./task cluster:build`"),
    "helm": (lambda: (Cache.of().bin / "helm").exists(), "run `./task cluster:build`"),
    "cluster": (cluster.cluster_available, "run `./task cluster:build`, as root"),
    "host-cluster": (cluster.host_cluster_available, "be root, install what `.ci/run` lists, and run `./task cluster:build`"),
    "images": (lambda: Path("build/images/service.tar").exists(), "run `./task images`"),
    "buildah": (lambda: shutil.which("buildah") is not None, "install buildah"),
    "chromium": (lambda: shutil.which("chromium") is not None, "install chromium"),
    "node": (lambda: shutil.which("node") is not None and shutil.which("npm") is not None, "install nodejs and npm"),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for what in mark.args:
            check, remedy = _AVAILABLE[what]
            if not check():
                pytest.skip(f"{what} is not here: {remedy}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped where OCTAVO_REQUIRE=all allows none: {report.longrepr}"


@pytest.fixture(scope="session")
def redis_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.RedisServer]:
    with redis.redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(redis_session: redis.RedisServer) -> redis.RedisServer:
    """The session's Redis, empty."""
    redis_session.wipe()
    return redis_session


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[redis.RedisServer]:
    """A Redis of the test's own, to stop and start."""
    with redis.redis_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql.postgresql_server(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture(scope="session")
def mongodb_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mongodb.MongoServer]:
    with mongodb.mongodb_server(tmp_path_factory.mktemp("mongodb")) as server:
        yield server


@pytest.fixture
def own_mongodb(tmp_path: Path) -> Iterator[mongodb.MongoServer]:
    """A MongoDB of the test's own, to stop and start."""
    with mongodb.mongodb_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mariadb.mariadb_server(tmp_path_factory.mktemp("mariadb")) as url:
        yield url
