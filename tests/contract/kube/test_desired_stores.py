"""The files that managed servers read are read by real ones, whatever stands in a password; and a new password is taken over."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pymysql
import pytest
import redis
from tests.servers.starting import accepts_connections, find_program, free_port, hand_over, running, wait_until
from tests.unit.kube.desired_cases import PASSWORDS, situation
from tests.unit.kube.desired_making import DATABASE, SECRET, Objects, story

from octavo_operator.desired.credentials import DATABASE_SQL, REDIS_CONF
from octavo_operator.names import DATABASE_URL_KEY, REDIS_URL_KEY

HARD = ["plain", "with space", "'; DROP USER octavo; --", 'a"b\\c\\n%40@:/?#', "ñ€\U0001f600", "$(id) `id` \\x41"]
MYSQL = {"managed": {"type": "mysql"}}


def files(password: str, **spec: Any) -> dict[str, str]:
    at = situation(passwords=replace(PASSWORDS, redis=password, database=password))
    data = Objects(story(**spec), at).get("Secret", SECRET)["data"]
    return {key: b64decode(value).decode() for key, value in data.items()}


def here(url: str, port: int) -> str:
    """The URL of the pod, with this machine in its place."""
    parsed = urlsplit(url)
    user = parsed.netloc.rpartition("@")[0]
    return urlunsplit(parsed._replace(netloc=f"{user}@127.0.0.1:{port}"))


@pytest.mark.needs("redis")
@pytest.mark.parametrize("password", HARD)
@pytest.mark.parametrize("storage", [None, "1Gi"])
def test_redis_takes_its_configuration(tmp_path: Path, password: str, storage: str | None) -> None:
    found = files(password, redis={"managed": {"storage": storage}})
    conf, port = tmp_path / "redis.conf", free_port()
    assert "dir /data\n" in found[REDIS_CONF]
    conf.write_text(found[REDIS_CONF].replace("dir /data\n", f"dir {tmp_path}\n"))
    with running(["redis-server", str(conf), "--port", str(port)], log=tmp_path / "log"):
        wait_until(lambda: accepts_connections(port), what="redis does not answer")
        client = redis.Redis.from_url(here(found[REDIS_URL_KEY], port), socket_timeout=5)
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "volatile-ttl"
        assert client.config_get("appendonly")["appendonly"] == ("no" if storage is None else "yes")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port, password="wrong", socket_timeout=5).ping()


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path, Path]]:
    """Port, folder of the socket and log of a server as the image makes it: passwords over TCP, trust over the socket."""
    folder = tmp_path_factory.mktemp("postgresql")
    initdb, postgres = (find_program(name, "/usr/lib/postgresql/*/bin") for name in ("initdb", "postgres"))
    assert initdb
    assert postgres
    hand_over(folder, "postgres")
    data, port, password = folder / "data", free_port(), folder / "first"
    password.write_text("the first password\n")
    password.chmod(0o644)
    argv = [initdb, "-D", str(data), "-U", "octavo", f"--pwfile={password}", "--auth-local=trust", "--auth-host=scram-sha-256"]
    subprocess.run(argv, check=True, capture_output=True, user="postgres")
    options = ["-c", "fsync=off", "-c", f"unix_socket_directories={folder}", "-c", "log_statement=all"]
    with running([postgres, "-D", str(data), "-p", str(port), *options], log=folder / "log", user="postgres"):
        wait_until(lambda: psql(port, folder, "--command=SELECT 1", "--dbname=postgres").returncode == 0, what="PostgreSQL does not answer")
        assert psql(port, folder, "--command=CREATE DATABASE octavo", "--dbname=postgres").returncode == 0
        yield port, folder, folder / "log"


def psql(port: int, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = ["psql", "--no-psqlrc", "--no-password", f"--host={folder}", f"--port={port}", "--username=octavo", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("password", HARD)
async def test_postgresql_is_told_its_password_and_writes_it_nowhere(
    postgresql: tuple[int, Path, Path], tmp_path: Path, password: str
) -> None:
    port, folder, log = postgresql
    found = files(password)
    file = tmp_path / "database.sql"
    file.write_text(found[DATABASE_SQL])
    # what the container does after its start, on this machine's socket
    script = Objects(story()).container(DATABASE)["lifecycle"]["postStart"]["exec"]["command"][2]
    script = script.replace("/etc/octavo/credentials/database.sql", str(file)).replace("/var/run/postgresql", f"{folder} --port={port}")
    script = script.replace("--host=127.0.0.1", f"--host=127.0.0.1 --port={port}")
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    connection = await asyncpg.connect(here(found[DATABASE_URL_KEY], port))
    assert await connection.fetchval("SELECT current_user") == "octavo"
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(here(files("another")[DATABASE_URL_KEY], port))
    text = log.read_text()
    assert "ALTER USER" not in text
    assert password not in text


@pytest.fixture(scope="module")
def mariadb_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which nobody is called octavo yet, as at the first start."""
    folder = tmp_path_factory.mktemp("mariadb")
    install = find_program("mariadb-install-db", "/usr/bin")
    assert install
    hand_over(folder, "mysql")
    argv = [install, "--no-defaults", f"--datadir={folder}/data", "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(argv, check=True, capture_output=True, user="mysql")
    return folder


@pytest.mark.needs("mariadb")
@pytest.mark.parametrize("password", [None, *(password for password in HARD if password.isascii())])
def test_mysql_takes_its_password_at_every_start(mariadb_files: Path, password: str | None) -> None:
    """None is the first start: the user is not there yet, and that is no error. (The drivers send ASCII passwords only.)"""
    program, port = find_program("mariadbd", "/usr/sbin"), free_port()
    assert program
    found = files(password or "first", database=MYSQL)
    file = mariadb_files / "database.sql"
    file.write_text(found[DATABASE_SQL])
    (init, most) = Objects(story(database=MYSQL)).container(DATABASE)["args"]
    arguments = [init.replace("/etc/octavo/credentials/database.sql", str(file)), most]
    socket = mariadb_files / "s.sock"
    folder = ["--no-defaults", f"--datadir={mariadb_files}/data", f"--socket={socket}", f"--port={port}", "--bind-address=127.0.0.1"]

    def answers() -> bool:
        pymysql.connect(unix_socket=str(socket), user="root").close()
        return True

    with running([program, *folder, *arguments, "--skip-name-resolve"], log=mariadb_files / "log", user="mysql"):
        wait_until(answers, what="MariaDB does not answer", deadline_s=60)
        if password is None:
            with pymysql.connect(unix_socket=str(socket), user="root") as root, root.cursor() as cursor:
                cursor.execute("CREATE DATABASE octavo")
                cursor.execute("CREATE USER octavo@'%' IDENTIFIED BY 'at first'")
                cursor.execute("GRANT ALL ON octavo.* TO octavo@'%'")
        else:
            pymysql.connect(host="127.0.0.1", port=port, user="octavo", password=password, database="octavo").close()
            with pytest.raises(pymysql.err.OperationalError):
                pymysql.connect(host="127.0.0.1", port=port, user="octavo", password="another")
            # the URL says the same
            assert urlsplit(here(found[DATABASE_URL_KEY], port)).username == "octavo"
