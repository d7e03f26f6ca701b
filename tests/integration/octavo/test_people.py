"""A person's whole way on a laptop."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import redis
from tests.journeys.people import Way, from_a_stranger_to_nobody, needles
from tests.servers.platform import Platform, platform

from octavo_documents.pictures.keeping import folder_of

EXAMPLES = Path(__file__).parents[3] / "examples"

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("node")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("people") / "home"
    with platform(EXAMPLES / "tiny-stories.yaml", EXAMPLES / "images.yaml", home=home) as started:
        yield started


async def test_from_a_stranger_to_nobody(running: Platform) -> None:
    (server,) = running.children("redis")
    socket = next(part for part in " ".join(server.cmdline()).split() if part.startswith("unixsocket:")).removeprefix("unixsocket:")
    with httpx.Client(base_url=running.base, timeout=60, trust_env=False) as client:
        way = Way(
            client,
            socket_io=running.base,
            traces=lambda user: traces(running.home, socket, user),
            stores=frozenset({"auth.db", "jobs.db", "documents.db", "Redis", "pictures"}),
            draws=True,
        )
        await from_a_stranger_to_nobody(way)


def traces(home: Path, socket: str, user: str) -> list[str]:
    """In any table of any database, in Redis, in the logs, in the name of any file."""
    found, hers = [], needles(user)
    for file in home.rglob("*.db"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    text = " ".join(str(value) for value in row)
                    found += [f"{file.name} {table}: {needle}" for needle in hers if needle in text]
    found += [str(file) for file in home.rglob("*") if user in str(file)]
    found += [f"logs {file.name}: {needle}" for file in home.glob("logs/*") for needle in hers if needle in file.read_text("utf-8")]
    found += [f"pictures {file}" for file in home.rglob("*") if file.is_file() and folder_of(user) in str(file)]
    with closing(redis.Redis(unix_socket_path=socket, decode_responses=True)) as kept:
        for key in kept.scan_iter(count=1_000):
            value = kept.xrange(key) if kept.type(key) == "stream" else kept.dump(key)
            found += [f"Redis {key}: {needle}" for needle in hers if needle in f"{key} {value}"]
    return found
