"""One activator for all tests that do not end it, and the operator's table of routes, to which each test adds its own generators."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.servers.activator_process import Activator, activator_process, route
from tests.servers.jwks import Issuer, issuer
from tests.servers.starting import free_port

ORIGIN = "https://app.example.org"
_numbers = itertools.count(1)


@dataclass
class Table:
    """What the operator tells, whole, each time that something of it changes."""

    activator: Activator
    routes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, name: str, phase: str = "asleep", **more: Any) -> dict[str, Any]:
        """What the activator answered."""
        port = self.routes[name]["port"] if name in self.routes else free_port()
        self.routes[name] = route(name, port, phase, **more)
        return self.tell()

    def drop(self, name: str) -> None:
        self.routes.pop(name, None)
        self.tell()

    def tell(self) -> dict[str, Any]:
        return self.activator.tell(*self.routes.values())

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.routes[name]['port']}"


@dataclass
class Generator:
    """One generator in the table; its client reaches it where its callers do."""

    name: str
    table: Table
    client: httpx.Client = field(repr=False)

    def put(self, phase: str, **more: Any) -> None:
        answer = self.table.put(self.name, phase, **more)
        assert not [refused for refused in answer["refused"] if refused["name"] == self.name], answer

    @property
    def url(self) -> str:
        return self.table.url(self.name)

    def submit(self, prompt: str = "x", **headers: str) -> httpx.Response:
        return self.client.post("/api/v1/generate", json={"prompt": prompt}, headers=headers)

    def accepted(self, prompt: str = "x", **headers: str) -> str:
        answer = self.submit(prompt, **{"prefer": "respond-async", **headers})
        assert answer.status_code == 202, answer.text
        job: str = answer.json()["generation_id"]
        return job

    def job(self, job: str, **headers: str) -> dict[str, Any]:
        body: dict[str, Any] = self.client.get(f"/api/v1/generate/{job}", headers=headers).json()
        return body

    @property
    def waiting(self) -> dict[str, Any] | None:
        return next((item for item in self.table.activator.waiting() if item["name"] == self.name), None)


@pytest.fixture(scope="session")
def tokens() -> Iterator[Issuer]:
    with issuer() as started:
        yield started


@pytest.fixture(scope="session")
def activator(tmp_path_factory: pytest.TempPathFactory, tokens: Issuer) -> Iterator[Activator]:
    environment = {
        "OCTAVO_JWKS_URL": tokens.url,
        "OCTAVO_HOLD_SECONDS": "2",
        "OCTAVO_MAX_BODY_BYTES": "65536",
        "OCTAVO_MAX_LARGE_BYTES": str(20 * 1_048_576),
        "OCTAVO_CORS_ORIGINS": f'["{ORIGIN}"]',
    }
    with activator_process(tmp_path_factory.mktemp("activator"), environment) as made:
        made.start()
        yield made


@pytest.fixture(scope="session")
def table(activator: Activator) -> Table:
    return Table(activator)


@pytest.fixture
def asleep(table: Table) -> Iterator[Generator]:
    """A generator of the test's own, asleep."""
    name = f"gen-{next(_numbers)}"
    table.put(name)
    with httpx.Client(base_url=table.url(name), timeout=60, trust_env=False) as client:
        yield Generator(name, table, client)
    table.drop(name)
