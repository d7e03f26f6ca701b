"""Azurite, Microsoft's own emulator of Azure Blob storage, from npm (`azurite/`), with a container for pictures."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import hmac
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import httpx
from tests.servers.starting import ServerDidNotStart, accepts_connections, free_port, running, wait_until

ACCOUNT = "devstoreaccount1"
CONTAINER = "pictures"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's well-known key; every Azurite has it."""
_FOLDER = Path(__file__).parent / "azurite"
_VERSION = "2021-08-06"


@dataclass
class Azurite:
    """To stop and start; what it held is gone then."""

    port: int
    folder: Path
    _stack: contextlib.ExitStack

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def start(self) -> None:
        node = shutil.which("node")
        assert node is not None
        program = _FOLDER / "node_modules/azurite/dist/src/blob/main.js"
        argv = [node, str(program), "--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--inMemoryPersistence"]
        options = ["--extentMemoryLimit", "256", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        self._stack.enter_context(running([*argv, *options], log=self.folder / "azurite.log"))
        wait_until(lambda: accepts_connections(self.port), what="Azurite does not answer")
        self.create_container(CONTAINER)

    def stop(self) -> None:
        self._stack.close()

    def create_container(self, name: str) -> None:
        """By the wire format itself, signed with the account's key: an SDK for one request is not needed."""
        date = formatdate(usegmt=True)
        signed = "\n".join(
            ["PUT", *[""] * 11, f"x-ms-date:{date}", f"x-ms-version:{_VERSION}", f"/{ACCOUNT}/{ACCOUNT}/{name}", "restype:container"]
        )
        signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)).decode()
        headers = {"x-ms-date": date, "x-ms-version": _VERSION, "authorization": f"SharedKey {ACCOUNT}:{signature}"}
        answer = httpx.put(f"{self.endpoint}/{name}", params={"restype": "container"}, headers=headers, trust_env=False)
        if answer.status_code not in (201, 409):
            raise ServerDidNotStart(f"Azurite made no container: {answer.status_code} {answer.text[:300]}")


@contextlib.contextmanager
def azurite_server(folder: Path) -> Iterator[Azurite]:
    install()
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        server = Azurite(free_port(), folder, stack)
        server.start()
        yield server


def install() -> None:
    """The locked packages, where they are not yet there. Several test processes may ask at once."""
    lock, installed = _FOLDER / "package-lock.json", _FOLDER / "node_modules/.package-lock.json"
    with (_FOLDER / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        installing = subprocess.run(command, cwd=_FOLDER, check=False, capture_output=True, text=True, timeout=600)
        if installing.returncode != 0:
            raise ServerDidNotStart(f"Azurite could not be installed:\n{installing.stderr[:1500]}")
