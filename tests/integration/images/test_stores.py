"""The images of Redis, PostgreSQL, MariaDB and FerretDB, run as a namespace that enforces "restricted" would run them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymongo
import pymysql
import pytest
import redis
from tests.integration.images.containers import Container, Image, Pod, container, finished
from tests.servers.starting import ServerDidNotStart, free_port, wait_until

pytestmark = [pytest.mark.needs("buildah"), pytest.mark.timeout(900)]

# What breaks scripts that quote badly, and the SQL that they write.
PASSWORD = """it's "a\\ long` $(one) %s_"""
DATABASE = 'sto"ries-1'
USER = "octavo-user"
_SECRET = "/etc/octavo/password"


@dataclass(frozen=True)
class Store:
    """One database, the variables and paths that it shares with its official image, and how to talk to it."""

    name: str
    data: str
    sockets: str
    begun: str
    """Appears in the volume when the first initialisation has begun."""
    env: Mapping[str, str]
    port: Callable[[int], list[str]]
    stop: signal.Signals
    recovers: str
    """Stands in the log of a start after an end that was no orderly one."""
    query: Callable[..., list[Any]]
    """Raises when the connection is refused."""

    def pod(self, port: int, volume: Path, password: Path | None, **changes: Any) -> Pod:
        given: dict[str, Any] = {
            "args": self.port(port),
            "env": self.env,
            "volumes": {self.data: volume},
            "files": {} if password is None else {_SECRET: password},
            "empty": ("/tmp", self.sockets),
            "group": 999,
        }
        return Pod(**{**given, **changes})


def _postgresql(port: int, sql: str, password: str = PASSWORD) -> list[Any]:
    with psycopg.connect(host="127.0.0.1", port=port, user=USER, password=password, dbname=DATABASE, connect_timeout=5) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def _mysql(port: int, sql: str, password: str = PASSWORD, user: str = USER) -> list[Any]:
    with (
        pymysql.connect(host="127.0.0.1", port=port, user=user, password=password, database=DATABASE, connect_timeout=5) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
        rows = list(cursor.fetchall())
        connection.commit()
        return rows


POSTGRESQL = Store(
    "postgresql",
    data="/var/lib/postgresql/data",
    sockets="/run/postgresql",
    begun="pgdata.initialising",
    env={"POSTGRES_USER": USER, "POSTGRES_DB": DATABASE, "POSTGRES_PASSWORD_FILE": _SECRET},
    port=lambda port: ["-c", f"port={port}"],
    stop=signal.SIGINT,
    recovers="not properly shut down",
    query=_postgresql,
)
MYSQL = Store(
    "mysql",
    data="/var/lib/mysql",
    sockets="/run/mysqld",
    begun=".initialising",
    env={"MARIADB_USER": USER, "MARIADB_DATABASE": DATABASE, "MARIADB_PASSWORD_FILE": _SECRET, "MARIADB_ROOT_PASSWORD_FILE": _SECRET},
    port=lambda port: [f"--port={port}"],
    stop=signal.SIGTERM,
    recovers="crash recovery",
    query=_mysql,
)
databases = pytest.mark.parametrize("store", [POSTGRESQL, MYSQL], ids=lambda store: store.name)

Images = Callable[[str], Image]
Volumes = Callable[..., Path]
Secrets = Callable[..., Path]


def answers(store: Store, port: int, running: Container) -> None:
    until(lambda: store.query(port, "SELECT 1") is not None, running)


def until(check: Callable[[], bool], running: Container) -> None:
    try:
        wait_until(lambda: running.process.poll() is not None or check(), what="no answer", deadline_s=60)
    except ServerDidNotStart as error:
        raise AssertionError(f"{error}; the log says:\n{running.log()}") from None
    assert running.process.poll() is None, running.log()


@databases
def test_a_database_takes_the_password_from_its_file_and_no_other(
    store: Store, image: Images, volume: Volumes, secret: Secrets, work: Path
) -> None:
    port = free_port()
    with container(image(store.name), store.pod(port, volume(), secret("password", PASSWORD + "\n")), work) as running:
        answers(store, port, running)
        store.query(port, "CREATE TABLE told (line text)")
        with pytest.raises((psycopg.OperationalError, pymysql.err.OperationalError)):
            store.query(port, "SELECT 1", password="")
        with pytest.raises((psycopg.OperationalError, pymysql.err.OperationalError)):
            store.query(port, "SELECT 1", password=PASSWORD + "x")
        assert PASSWORD not in running.log()
        assert PASSWORD.encode() not in _seen_by_others(running)


@databases
def test_what_was_written_is_there_after_a_kill_and_after_a_stop(
    store: Store, image: Images, volume: Volumes, secret: Secrets, work: Path
) -> None:
    pod = store.pod(port := free_port(), volume(), secret("password", PASSWORD))
    with container(image(store.name), pod, work) as running:
        answers(store, port, running)
        store.query(port, "CREATE TABLE told (line text)")
        store.query(port, "INSERT INTO told VALUES ('once')")
        running.kill()
    with container(image(store.name), pod, work) as running:
        answers(store, port, running)
        assert store.recovers in running.log()
        assert [tuple(row) for row in store.query(port, "SELECT line FROM told")] == [("once",)]
        running.signal(store.stop)
        assert running.wait() == 0, running.log()
    # The password is not asked for again: a Secret that is gone does not keep a database from its data.
    with container(image(store.name), store.pod(port, pod.volumes[store.data], None), work) as running:
        answers(store, port, running)
        assert store.recovers not in running.log()
        assert [tuple(row) for row in store.query(port, "SELECT line FROM told")] == [("once",)]


@databases
def test_no_kill_during_the_first_start_leaves_half_a_database(
    store: Store, image: Images, volume: Volumes, secret: Secrets, work: Path
) -> None:
    """Killed again and again, each time a little later, on the same volume; then left alone."""
    pod = store.pod(port := free_port(), data := volume(), secret("password", PASSWORD))
    kills = 0
    for files in (1, 20, 60, 120, 200, 300, 500, 700, 900):
        with container(image(store.name), pod, work) as running:
            wait_until(
                lambda files=files, running=running: (  # type: ignore[misc]
                    sum(len(names) for _, _, names in os.walk(data / store.begun)) >= files or not _initialising(data, store, running)
                ),
                what=f"the initialisation does not begin: {running.log()}",
                deadline_s=90,
            )
            kills += (data / store.begun).exists()
            running.kill()
    assert kills >= 2
    with container(image(store.name), pod, work) as running:
        answers(store, port, running)
        store.query(port, "CREATE TABLE told (line text)")
    assert not (data / store.begun).exists()


def _initialising(data: Path, store: Store, running: Container) -> bool:
    """False once the database stands where it will be served from."""
    done = data / ("pgdata/PG_VERSION" if store is POSTGRESQL else "mysql")
    return running.process.poll() is None and not done.exists()


def test_mysql_goes_on_where_a_kill_cut_the_move_off(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    pod = MYSQL.pod(port := free_port(), data := volume(), secret("password", PASSWORD))
    with container(image("mysql"), pod, work) as running:
        answers(MYSQL, port, running)
        MYSQL.query(port, "CREATE TABLE told (line text)")
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
    # As between two moves: every other entry is still below.
    made = data / ".initialised"
    subprocess.run(["install", "-d", "-o", "999", "-g", "999", str(made)], check=True, timeout=10)
    for entry in sorted(path for path in data.iterdir() if path != made)[::2]:
        entry.rename(made / entry.name)
    with container(image("mysql"), pod, work) as running:
        answers(MYSQL, port, running)
        assert MYSQL.query(port, "SELECT * FROM told") == []
    assert not made.exists()


@databases
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"files": {}}, "cannot read"),
        ({"volumes": {}}, "cannot write"),
    ],
    ids=["password file", "volume"],
)
def test_a_database_says_what_it_lacks(
    store: Store, changes: Mapping[str, Any], said: str, image: Images, volume: Volumes, secret: Secrets, work: Path
) -> None:
    pod = store.pod(free_port(), volume(), secret("password", PASSWORD), **changes)
    status, log = finished(image(store.name), pod, work)
    assert status == 1
    assert said in log.splitlines()[-1]


@databases
def test_a_database_does_not_begin_without_a_password(store: Store, image: Images, volume: Volumes, work: Path) -> None:
    env = {name: value for name, value in store.env.items() if "PASSWORD" not in name}
    status, log = finished(image(store.name), store.pod(free_port(), volume(), None, env=env), work)
    assert status == 1
    assert "no password for the user octavo-user" in log


@databases
def test_a_database_does_not_touch_what_is_not_its_own(store: Store, image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    data = volume()
    foreign = data / ("pgdata/letter" if store is POSTGRESQL else "letter")
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("kept")
    status, log = finished(image(store.name), store.pod(free_port(), data, secret("password", PASSWORD)), work)
    assert status == 1
    assert "holds no database" in log
    assert foreign.read_text() == "kept"


def test_postgresql_runs_under_a_number_that_has_no_name(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    pod = POSTGRESQL.pod(port := free_port(), volume(), secret("password", PASSWORD), user=4711)
    with container(image("postgresql"), pod, work) as running:
        answers(POSTGRESQL, port, running)


def test_postgresql_says_that_its_folder_must_not_be_the_mount(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    env = {**POSTGRESQL.env, "PGDATA": "/var/lib/postgresql/data"}
    status, log = finished(image("postgresql"), POSTGRESQL.pod(free_port(), volume(), secret("password", PASSWORD), env=env), work)
    assert status == 1
    assert "PGDATA" in log or "/var/lib/postgresql" in log


def test_postgresql_starts_after_the_platform_gave_the_group_its_rights(
    image: Images, volume: Volumes, secret: Secrets, work: Path
) -> None:
    """As the kubelet does to a volume that it mounts with an fsGroup."""
    pod = POSTGRESQL.pod(port := free_port(), data := volume(), secret("password", PASSWORD))
    with container(image("postgresql"), pod, work) as running:
        answers(POSTGRESQL, port, running)
        running.signal(signal.SIGINT)
        assert running.wait() == 0
    subprocess.run(["chmod", "-R", "g+rwX", str(data)], check=True, timeout=10)
    with container(image("postgresql"), pod, work) as running:
        answers(POSTGRESQL, port, running)


def test_postgresql_takes_the_owner_through_its_socket(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    """`kubectl exec`, and the operator when the password in the Secret has changed."""
    pod = POSTGRESQL.pod(port := free_port(), volume(), secret("password", PASSWORD))
    with container(image("postgresql"), pod, work) as running:
        answers(POSTGRESQL, port, running)
        sql = f"ALTER USER \"{USER}\" PASSWORD 'another'"
        done = running.run(
            "psql", "--no-password", f"--port={port}", "--host=/var/run/postgresql", f"--username={USER}", f"--dbname={DATABASE}", "-c", sql
        )
        assert done.returncode == 0, done.stderr
        assert POSTGRESQL.query(port, "SELECT 1", password="another") == [(1,)]
        assert running.run("pg_isready", "--quiet", "--host=127.0.0.1", f"--port={port}").returncode == 0


def test_mysql_knows_the_names_of_the_mysql_image_too(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    env = {name.replace("MARIADB", "MYSQL"): value for name, value in MYSQL.env.items()} | {"MYSQL_ROOT_HOST": "localhost"}
    pod = MYSQL.pod(port := free_port(), volume(), secret("password", PASSWORD), env=env)
    with container(image("mysql"), pod, work) as running:
        answers(MYSQL, port, running)
        with pytest.raises(pymysql.err.OperationalError):
            MYSQL.query(port, "SELECT 1", user="root")
        ping = running.run("mariadb-admin", f"--user={USER}", "--host=127.0.0.1", f"--port={port}", f"--password={PASSWORD}", "ping")
        assert ping.returncode == 0, ping.stdout + ping.stderr


def test_mysql_root_may_come_from_afar_with_its_password(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    pod = MYSQL.pod(port := free_port(), volume(), secret("password", PASSWORD))
    with container(image("mysql"), pod, work) as running:
        answers(MYSQL, port, running)
        assert MYSQL.query(port, "SELECT CURRENT_USER()", user="root") == [("root@%",)]


def test_mysql_runs_what_it_is_told_to_at_each_start(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    """The operator's way to a password that has changed."""
    data, told = volume(), secret("told.sql", f"ALTER USER IF EXISTS '{USER}'@'%' IDENTIFIED BY 'another';\n")
    pod = MYSQL.pod(port := free_port(), data, secret("password", PASSWORD), args=[f"--port={port}", "--init-file=/told.sql"])
    with container(image("mysql"), Pod(**{**vars(pod), "files": {**pod.files, "/told.sql": told}}), work) as running:
        wait_until(lambda: _mysql(port, "SELECT 1", password="another") is not None, what=f"no answer: {running.log()}", deadline_s=90)


def test_redis_asks_for_the_password_of_its_file(image: Images, volume: Volumes, secret: Secrets, work: Path) -> None:
    port = free_port()
    settings = secret("redis.conf", f'port {port}\ndir /data\nappendonly yes\nrequirepass "pass word"\n')
    pod = Pod(args=["redis-server", "/etc/redis.conf"], volumes={"/data": volume()}, files={"/etc/redis.conf": settings}, group=999)
    with container(image("redis"), pod, work) as running:
        client = redis.Redis(port=port, password="pass word", socket_timeout=5)
        wait_until(lambda: bool(client.ping()), what=f"Redis does not answer: {running.log()}")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port, socket_timeout=5).ping()
        client.set("told", "once")
        assert b"pass word" not in _seen_by_others(running)
        client.close()
        running.kill()
    with container(image("redis"), Pod(**{**vars(pod), "args": ["/etc/redis.conf"]}), work) as running:
        client = redis.Redis(port=port, password="pass word", socket_timeout=5)
        wait_until(lambda: client.get("told") == b"once", what=f"Redis lost what it had: {running.log()}")
        client.close()
        running.signal(signal.SIGTERM)
        assert running.wait() == 0


def _seen_by_others(running: Container) -> bytes:
    """Arguments and environment of the container's first process, as the node's other users and its tools see them."""
    process = Path(f"/proc/{running.pid}")
    return (process / "cmdline").read_bytes() + (process / "environ").read_bytes()


def test_documents_are_there_after_a_kill_and_after_a_stop(image: Images, volume: Volumes, work: Path) -> None:
    port = free_port()
    pod = Pod(args=["mongod", f"--port={port}"], volumes={"/data/db": volume()}, empty=("/tmp",), group=999)

    def documents() -> Any:
        return pymongo.MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}/characters", serverSelectionTimeoutMS=500)

    def is_there() -> bool:
        with documents() as client:
            return bool(client.admin.command("ping"))

    for count, end in enumerate((signal.SIGKILL, signal.SIGTERM, signal.SIGTERM)):
        with container(image("mongodb"), pod, work) as running:
            until(is_there, running)
            with documents() as client:
                assert client.characters.people.count_documents({}) == count
                client.characters.people.insert_one({"name": "Mar"})
            running.signal(end)
            running.wait(30)


def test_documents_are_not_kept_where_accounts_are_asked_for(image: Images, volume: Volumes, work: Path) -> None:
    pod = Pod(env={"MONGO_INITDB_ROOT_USERNAME": "octavo"}, volumes={"/data/db": volume()}, empty=("/tmp",), group=999)
    code, said = finished(image("mongodb"), pod, work)
    assert code == 1
    assert "there are no accounts here" in said
