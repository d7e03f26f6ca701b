"""Octavo's own images at work: on a root filesystem that nobody writes, as a user without rights."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.images.containers import Container, Image, Pod, container, finished
from tests.servers.starting import ServerDidNotStart, free_port, wait_until

pytestmark = [pytest.mark.needs("buildah"), pytest.mark.timeout(900)]

_SECRETS = "/etc/octavo/secrets"
_GENERATOR = {
    "apiVersion": "octavo.dev/v1alpha1",
    "kind": "GeneratorService",
    "metadata": {"name": "tales"},
    "spec": {"task": "story", "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories", "quantization": "int8"}},
}
_PASSWORD = "of-the-stores"

_OF_WORKERS = (
    *("engines.sketch", "engines.batching", "engines.llamacpp", "engines.transformers"),
    *("handlers.drawing", "handlers.describing"),
)

Images = Callable[[str], Image]
Volumes = Callable[..., Path]
Secrets = Callable[..., Path]


def until(check: Callable[[], bool], *watched: Container, within_s: float = 60) -> None:
    """Fails with the logs when a container ends, or when the time is over."""
    try:
        wait_until(lambda: any(one.process.poll() is not None for one in watched) or check(), what="not yet", deadline_s=within_s)
    except ServerDidNotStart as error:
        raise AssertionError("\n".join([str(error), *(f"{one.id}: {one.log()}" for one in watched)])) from None
    for one in watched:
        assert one.process.poll() is None, one.log()


@pytest.fixture
def resources(work: Path) -> Path:
    file = work / "generators.json"
    file.write_text(json.dumps([_GENERATOR]))
    file.chmod(0o644)
    return file


def environment(**settings: str) -> dict[str, str]:
    return {"OCTAVO_GENERATORS": "tales", "OCTAVO_GENERATORS_FILE": "/etc/octavo/generators.json", **settings}


@pytest.mark.parametrize("name", ["service", "worker", "operator"])
def test_all_that_is_in_it_can_be_imported(name: str, image: Images, work: Path) -> None:
    program = (
        "import importlib, pkgutil, sys\n"
        "found = [m.name for m in pkgutil.iter_modules() if m.name.startswith('octavo_')]\n"
        "for top in found:\n"
        "    package = importlib.import_module(top)\n"
        "    for module in pkgutil.walk_packages(package.__path__, f'{top}.'):\n"
        # Alembic runs its files itself, and a main program would run.
        "        if '.migrations' in module.name or module.name.endswith('.__main__'): continue\n"
        # Only workers draw, describe and compute, and only they have what that needs.
        f"        if {name == 'service'} and any(part in module.name for part in {_OF_WORKERS}): continue\n"
        # The operator looks at no picture, and has no codecs.
        f"        if {name == 'operator'} and module.name == 'octavo_core.pictures.checking': continue\n"
        "        importlib.import_module(module.name)\n"
        "print(*found)\n"
    )
    status, log = finished(image(name), Pod(args=["-c", program]), work)
    assert status == 0, log
    expected = {"operator": {"octavo_core", "octavo_operator"}}.get(name, {"octavo_core", "octavo_jobs", "octavo_generation"})
    assert expected <= set(log.splitlines()[-1].split())


@pytest.mark.parametrize("name", ["service", "worker"])
def test_it_says_which_settings_it_lacks(name: str, image: Images, work: Path) -> None:
    status, log = finished(image(name), Pod(), work)
    assert status == 1
    assert "OCTAVO_GENERATORS_FILE" in json.loads(log.splitlines()[-1])["event"]


def test_the_operator_says_that_there_is_no_cluster(image: Images, work: Path) -> None:
    status, log = finished(image("operator"), Pod(), work)
    assert status == 1
    assert "cluster" in log.splitlines()[-1]


def test_the_service_is_alive_before_its_stores_are_and_ends_when_it_is_told_to(image: Images, resources: Path, work: Path) -> None:
    port = free_port()
    env = environment(
        OCTAVO_PORT=str(port),
        OCTAVO_DATABASE_URL=f"postgresql://octavo:x@127.0.0.1:{free_port()}/octavo",
        OCTAVO_REDIS_URL=f"redis://127.0.0.1:{free_port()}/0",
    )
    with container(image("service"), Pod(env=env, files={"/etc/octavo/generators.json": resources}), work) as running:
        until(lambda: httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=5).status_code == 200, running)
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 503
        running.signal(signal.SIGTERM)
        assert running.wait(30) == 0, running.log()


@contextlib.contextmanager
def stores(
    database: str, image: Images, volume: Volumes, secret: Secrets, work: Path
) -> Iterator[tuple[Mapping[str, str], list[Container]]]:
    """Redis and a database from our images. Yields what the other programs need to find them."""
    redis_port, port = free_port(), free_port()
    settings = secret("redis.conf", f"port {redis_port}\nrequirepass {_PASSWORD}\nsave ''\n")
    password = secret("password", _PASSWORD)
    redis_pod = Pod(args=["/etc/redis.conf"], files={"/etc/redis.conf": settings}, empty=("/tmp", "/data"), group=999)
    given: dict[str, Any] = {"files": {_SECRETS: password}, "group": 999}
    pod = {
        "postgresql": Pod(
            args=["-c", f"port={port}"],
            env={"POSTGRES_USER": "octavo", "POSTGRES_PASSWORD_FILE": _SECRETS},
            volumes={"/var/lib/postgresql/data": volume()},
            empty=("/tmp", "/run/postgresql"),
            **given,
        ),
        "mysql": Pod(
            args=[f"--port={port}"],
            env={"MYSQL_USER": "octavo", "MYSQL_DATABASE": "octavo", "MYSQL_PASSWORD_FILE": _SECRETS},
            volumes={"/var/lib/mysql": volume("data")},
            empty=("/tmp", "/run/mysqld"),
            **given,
        ),
    }[database]
    with container(image("redis"), redis_pod, work) as redis, container(image(database), pod, work) as store:
        found = {
            "OCTAVO_REDIS_URL": f"redis://:{_PASSWORD}@127.0.0.1:{redis_port}/0",
            "OCTAVO_DATABASE_URL": f"{database}://octavo:{_PASSWORD}@127.0.0.1:{port}/octavo",
        }
        yield found, [redis, store]


@pytest.mark.parametrize("database", ["postgresql", "mysql"])
def test_the_images_tell_a_story_together(
    database: str, image: Images, resources: Path, volume: Volumes, secret: Secrets, work: Path
) -> None:
    files = {"/etc/octavo/generators.json": resources}
    port = free_port()
    with stores(database, image, volume, secret, work) as (places, running):
        service_pod = Pod(env=environment(OCTAVO_PORT=str(port), **places), files=files)
        with (
            container(image("service"), service_pod, work) as service,
            container(image("worker"), Pod(env=environment(**places), files=files), work) as worker,
        ):
            url = f"http://127.0.0.1:{port}"
            until(lambda: httpx.get(f"{url}/health/ready", timeout=5).status_code == 200, service, worker, *running, within_s=120)
            answer = httpx.post(
                f"{url}/api/v1/generate",
                json={"prompt": "Luna found a lost kite", "audience": "children", "max_tokens": 40},
                headers={"Prefer": "wait=60"},
                timeout=90,
            )
            assert answer.status_code == 200, answer.text + worker.log()
            assert answer.json()["status"] == "succeeded"
            worker.signal(signal.SIGTERM)
            assert worker.wait(60) == 0, worker.log()
            service.signal(signal.SIGTERM)
            assert service.wait(60) == 0, service.log()
