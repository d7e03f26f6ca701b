from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pymysql
from tests.servers.starting import find_program, free_port, hand_over, running, wait_until

_USER = "mysql"


def available() -> bool:
    return find_program("mariadbd", "/usr/sbin") is not None and find_program("mariadb-install-db", "/usr/bin") is not None


@contextlib.contextmanager
def mariadb_server(folder: Path) -> Iterator[str]:
    """The server's URL without a database's name."""
    program, install = find_program("mariadbd", "/usr/sbin"), find_program("mariadb-install-db", "/usr/bin")
    assert program is not None
    assert install is not None
    hand_over(folder, _USER)
    data, port = folder / "data", free_port()
    user = _USER if os.geteuid() == 0 else None
    subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
        user=user,
    )
    argv = [
        program, "--no-defaults", f"--datadir={data}", f"--socket={data}/s.sock", f"--port={port}", "--bind-address=127.0.0.1",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--skip-name-resolve", "--max-connections=200",
    ]  # fmt: skip
    # Nobody reads the data again.
    with running(argv, log=folder / "mariadb.log", user=user, end=signal.SIGKILL):
        wait_until(lambda: _create_user(port, data), what="MariaDB does not answer", deadline_s=60)
        yield f"mysql://octavo:octavo@127.0.0.1:{port}"


def _create_user(port: int, data: Path) -> bool:
    with pymysql.connect(unix_socket=f"{data}/s.sock", user="root") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER IF NOT EXISTS octavo@'127.0.0.1' IDENTIFIED BY 'octavo'")
        cursor.execute("GRANT ALL ON *.* TO octavo@'127.0.0.1'")
    return True
