"""`python -m SERVICE migrate`, as the Job before an upgrade runs it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from octavo_core.errors import Unavailable
from octavo_jobs.migrating import migrate

TABLES = {
    "auth": {"octavo_auth_version"},
    "characters": {"octavo_jobs_version"},
    "stories": {"octavo_jobs_version"},
    "notifications": {"octavo_jobs_version", "octavo_notifications_version"},
}


def run(service: str, url: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OCTAVO_DATABASE_URL": url, "OCTAVO_HOME": str(home)}
    argv = [sys.executable, "-m", f"octavo_{service}", "migrate"]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("service", TABLES)
def test_the_schema_is_there_and_the_process_gone(service: str, tmp_path: Path) -> None:
    file = tmp_path / "one.db"
    done = run(service, f"sqlite:///{file}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with closing(sqlite3.connect(file)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names >= TABLES[service]
    assert not list(tmp_path.glob("*.key")), "nothing is made but the schema"


def test_a_database_that_cannot_be_is_said_without_its_password(tmp_path: Path) -> None:
    done = run("stories", "oracle://u:hush@h/d", tmp_path)
    assert done.returncode == 1
    assert "hush" not in done.stdout + done.stderr
    assert "oracle" in done.stdout + done.stderr


class _Away:
    """A store whose database comes at the third try."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        self.closed = False

    async def migrate(self) -> None:
        self.tries -= 1
        if self.tries > 0:
            raise Unavailable("the database does not answer")

    async def close(self) -> None:
        self.closed = True


async def test_a_database_that_is_away_is_waited_for_so_long_and_no_longer() -> None:
    late = _Away(2)
    await migrate([late])
    assert late.closed
    never = _Away(1_000)
    with pytest.raises(Unavailable):
        await migrate([never], within_s=0)
    assert never.closed
