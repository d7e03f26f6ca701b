"""How API and worker begin in a cluster: before their stores are there, all at once, and with what is wrong in their last line."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pymysql
import pytest
from tests.servers import postgresql
from tests.servers.answers import assert_problem
from tests.servers.generator_process import GeneratorProcesses, generator_processes
from tests.servers.generators import text_generator
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port, wait_until
from tests.servers.upstream import upstream

from octavo_core.clock import SystemClock
from octavo_jobs.store import open_store

PASSWORD = "s3cr3t-never-to-be-seen"


@pytest.fixture
def missing_redis_url() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


@contextlib.contextmanager
def processes_on(folder: Path, database_url: str, redis_url: str, **environment: str) -> Iterator[GeneratorProcesses]:
    with (
        upstream() as answering,
        generator_processes(
            text_generator("early", answering.url),
            folder,
            database_url=database_url,
            redis_url=redis_url,
            environment={"OCTAVO_START_SECONDS": "3", **environment},
        ) as processes,
    ):
        yield processes


def each_gives_up(processes: GeneratorProcesses, line: str) -> None:
    for process in (processes.api, processes.worker):
        process.start()
    for process in (processes.api, processes.worker):
        assert process.wait(60) == 1
        assert process.last_line["event"] == line
        assert process.last_line["level"] == "error"
        assert PASSWORD not in process.log
        assert "Traceback" not in process.log


@pytest.mark.needs("redis")
def test_they_wait_for_stores_that_come_late(tmp_path: Path, own_redis: RedisServer) -> None:
    own_redis.stop()
    metrics = free_port()
    settings = {"OCTAVO_START_SECONDS": "60", "OCTAVO_METRICS_PORT": str(metrics)}
    with processes_on(tmp_path, f"sqlite:///{tmp_path}/jobs.db", own_redis.url, **settings) as processes:
        processes.api.start()
        processes.worker.start()
        name = f"redis at 127.0.0.1:{own_redis.port}"
        for process in (processes.api, processes.worker):
            wait_until(lambda process=process: f"waiting for {name}" in process.log, what="it does not say so")  # type: ignore[misc]

        with httpx.Client(base_url=processes.url, timeout=10, trust_env=False) as client:
            assert client.get("/health/live").status_code == 200
            unready = client.get("/health/ready")
            assert unready.status_code == 503
            assert unready.json()["dependencies"]["process"]["status"] == "unhealthy"
            assert unready.json()["dependencies"]["redis"]["status"] == "unhealthy"
            assert unready.json()["dependencies"]["database"]["status"] == "healthy"
            refused = client.post("/api/v1/generate", json={"prompt": "x"})
            assert name in assert_problem(refused, 503)["message"]
            assert refused.headers["retry-after"] == "2"
            with httpx.Client(base_url=f"http://127.0.0.1:{metrics}", trust_env=False) as worker:
                assert worker.get("/health/live").status_code == 200
                assert worker.get("/health/ready").status_code == 503

                own_redis.start()
                processes.until_ready()
                wait_until(lambda: worker.get("/health/ready").status_code == 200, what="the worker is not ready")
                assert "octavo_jobs_ended_total" in worker.get("/metrics").text
            assert client.post("/api/v1/generate", json={"prompt": "x"}, headers={"prefer": "wait=20"}).status_code == 200


@pytest.mark.needs("redis")
def test_a_stop_while_they_wait_is_heard(tmp_path: Path, missing_redis_url: str) -> None:
    settings = {"OCTAVO_START_SECONDS": "60"}
    with processes_on(tmp_path, f"sqlite:///{tmp_path}/jobs.db", missing_redis_url, **settings) as processes:
        for process in (processes.api, processes.worker):
            process.start()
        for process in (processes.api, processes.worker):
            wait_until(lambda process=process: "waiting for redis" in process.log, what="it does not wait")  # type: ignore[misc]
            process.terminate()
            assert process.wait(15) == 0


def test_no_redis(tmp_path: Path) -> None:
    port = free_port()
    with processes_on(tmp_path, f"sqlite:///{tmp_path}/jobs.db", f"redis://:{PASSWORD}@127.0.0.1:{port}/0") as processes:
        each_gives_up(processes, f"cannot reach redis at 127.0.0.1:{port}: connection refused")


@pytest.mark.needs("redis")
def test_a_password_that_redis_does_not_take(tmp_path: Path, redis_server: RedisServer) -> None:
    url = f"redis://nobody:{PASSWORD}@127.0.0.1:{redis_server.port}/0"
    with processes_on(tmp_path, f"sqlite:///{tmp_path}/jobs.db", url) as processes:
        each_gives_up(
            processes, f"cannot reach redis at 127.0.0.1:{redis_server.port}: invalid username-password pair or user is disabled."
        )


@pytest.mark.needs("redis")
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_no_database(tmp_path: Path, redis_server: RedisServer, scheme: str) -> None:
    port = free_port()
    with processes_on(tmp_path, f"{scheme}://octavo:{PASSWORD}@127.0.0.1:{port}/jobs", redis_server.url) as processes:
        each_gives_up(processes, f"cannot reach {scheme} at 127.0.0.1:{port}: connection refused")


def test_all_that_is_missing_stands_in_the_line(tmp_path: Path) -> None:
    db, redis = free_port(), free_port()
    with processes_on(tmp_path, f"postgresql://octavo:{PASSWORD}@127.0.0.1:{db}/jobs", f"redis://127.0.0.1:{redis}/0") as processes:
        processes.api.start()
        assert processes.api.wait(60) == 1
        line = processes.api.last_line["event"]
        assert f"cannot reach postgresql at 127.0.0.1:{db}: connection refused" in line
        assert f"cannot reach redis at 127.0.0.1:{redis}: connection refused" in line


@pytest.mark.needs("redis")
def test_a_host_that_nobody_knows(tmp_path: Path, redis_server: RedisServer) -> None:
    with processes_on(tmp_path, f"postgresql://octavo:{PASSWORD}@early-db.invalid:5432/jobs", redis_server.url) as processes:
        processes.api.start()
        assert processes.api.wait(60) == 1
        line = processes.api.last_line["event"]
        assert line.startswith("cannot reach postgresql at early-db.invalid:5432: the name cannot be resolved")


@pytest.fixture(scope="module")
def strict_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a PostgreSQL that asks for passwords."""
    folder = tmp_path_factory.mktemp("strict")
    with postgresql.postgresql_server(folder) as url:
        wait_until(lambda: on_postgresql(url, "SELECT 1") is None, what="PostgreSQL is not up")
        on_postgresql(url, "ALTER ROLE octavo PASSWORD 'right'")
        (folder / "data" / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        on_postgresql(url, "SELECT pg_reload_conf()")
        port = urlsplit(url).port
        assert port is not None
        yield port


@pytest.mark.needs("redis", "postgresql")
@pytest.mark.parametrize(
    ("who", "database", "cause"),
    [
        (f"octavo:{PASSWORD}", "postgres", 'password authentication failed for user "octavo"'),
        (f"stranger:{PASSWORD}", "postgres", 'password authentication failed for user "stranger"'),
        ("octavo:right", "absent", 'database "absent" does not exist'),
    ],
)
def test_a_login_that_postgresql_does_not_take(
    tmp_path: Path, redis_server: RedisServer, strict_postgresql: int, who: str, database: str, cause: str
) -> None:
    url = f"postgresql://{who}@127.0.0.1:{strict_postgresql}/{database}"
    with processes_on(tmp_path, url, redis_server.url) as processes:
        each_gives_up(processes, f"cannot reach postgresql at 127.0.0.1:{strict_postgresql}: {cause}")


@pytest.mark.needs("redis", "mariadb")
@pytest.mark.parametrize(
    ("who", "cause"),
    [
        (f"octavo:{PASSWORD}", "Access denied for user 'octavo'@'127.0.0.1' (using password: YES)"),
        ("octavo:octavo", "Unknown database 'absent'"),
    ],
)
def test_a_login_that_mysql_does_not_take(tmp_path: Path, redis_server: RedisServer, mariadb_url: str, who: str, cause: str) -> None:
    port = urlsplit(mariadb_url).port
    with processes_on(tmp_path, f"mysql://{who}@127.0.0.1:{port}/absent", redis_server.url) as processes:
        each_gives_up(processes, f"cannot reach mysql at 127.0.0.1:{port}: {cause}")


@pytest.fixture(
    params=[pytest.param("postgresql", marks=pytest.mark.needs("postgresql")), pytest.param("mariadb", marks=pytest.mark.needs("mariadb"))]
)
def database_server(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def new_database(server: str) -> str:
    """The URL of a new, empty database."""
    name = f"start_{uuid.uuid4().hex[:12]}"
    if server.startswith("postgresql"):
        # It takes connections a moment before it takes statements.
        wait_until(lambda: on_postgresql(server, "SELECT 1") is None, what="PostgreSQL is not up")
        on_postgresql(server, f"CREATE DATABASE {name}")
    else:
        on_mysql(server, f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.mark.needs("redis")
def test_all_pods_of_a_generator_start_at_once_on_an_empty_database(
    tmp_path: Path, redis_server: RedisServer, database_server: str
) -> None:
    url = new_database(database_server)
    settings = {"OCTAVO_START_SECONDS": "60"}
    with (
        processes_on(tmp_path / "first", url, redis_server.url, **settings) as first,
        processes_on(tmp_path / "second", url, redis_server.url, **settings) as second,
    ):
        for process in (first.api, second.api, first.worker, second.worker):
            process.start()
        for processes in (first, second):
            processes.until_ready()
            answer = httpx.post(
                f"{processes.url}/api/v1/generate", json={"prompt": "x"}, headers={"prefer": "wait=20"}, timeout=30, trust_env=False
            )
            assert answer.json()["status"] == "succeeded"
        for process in (first.api, second.api, first.worker, second.worker):
            assert '"level":"error"' not in process.log
            assert '"level":"warning"' not in process.log


_MIGRATE = """
import asyncio, sys
import alembic.config, alembic.runtime.environment, alembic.script, sqlalchemy.ext.asyncio
from octavo_core.clock import SystemClock
from octavo_jobs.store import open_store

async def main():
    print("ready", flush=True)
    for url in sys.stdin:
        store = open_store(url.strip(), SystemClock())
        try:
            await store.migrate()
            print("migrated", flush=True)
        except Exception as error:
            print(repr(error), flush=True)
        await store.close()

asyncio.run(main())
"""


def test_four_processes_that_meet_at_the_schema(database_server: str) -> None:
    """Many times over: they have imported everything, so that they arrive within a millisecond."""
    processes = [
        subprocess.Popen([sys.executable, "-c", _MIGRATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    try:
        assert [told(process) for process in processes] == ["ready"] * 4
        for _ in range(10):
            url = new_database(database_server)
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(f"{url}\n")
                process.stdin.flush()
            assert [told(process) for process in processes] == ["migrated"] * 4
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.needs("mariadb")
@pytest.mark.parametrize("left", ["CREATE TABLE octavo_jobs_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)", "jobs"])
async def test_a_migration_that_was_killed_in_the_middle_is_taken_up(mariadb_url: str, left: str) -> None:
    """MySQL commits each statement about a table by itself, so a part of them may be there."""
    url = new_database(mariadb_url)
    store = open_store(url, SystemClock())
    if left == "jobs":
        await store.migrate()
        on_mysql(url, "DROP TABLE octavo_jobs_version", "DROP INDEX ix_jobs_ring_due ON jobs", "DROP INDEX ix_jobs_expires_at ON jobs")
    else:
        on_mysql(url, left)
    await store.migrate()
    await store.ping()
    await store.close()
    assert len(on_mysql(url, "SHOW INDEX FROM jobs WHERE Seq_in_index = 1")) == 8


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def on_postgresql(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(f"{url}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        runner.run(run())


def on_mysql(url: str, *statements: str) -> list[tuple[object, ...]]:
    """What the last one answered."""
    parsed = urlsplit(url)
    database = parsed.path.strip("/") or None
    with (
        pymysql.connect(host="127.0.0.1", port=parsed.port or 0, user="octavo", password="octavo", database=database) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())
