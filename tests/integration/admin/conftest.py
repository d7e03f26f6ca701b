"""One platform for all tests of this folder, with an admin and a person on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.journeys.people import account
from tests.servers.generators import text_generator, write_generators
from tests.servers.platform import Platform, platform
from tests.servers.upstream import Upstream, upstream

ROOT = "root@example.org"


@dataclass(frozen=True)
class Someone:
    id: str
    client: httpx.Client
    """Sends their token."""
    token: str


@dataclass(frozen=True)
class House:
    platform: Platform
    client: httpx.Client
    """Sends no token."""
    admin: Someone
    ana: Someone
    failing: Upstream

    def generate(self, who: Someone, generator: str, correlation_id: str, prefer: str = "respond-async") -> dict[str, Any]:
        headers = {"prefer": prefer, "x-correlation-id": correlation_id}
        answer = who.client.post(f"/generators/{generator}/api/v1/generate", json={"prompt": "A secret wish"}, headers=headers)
        body: dict[str, Any] = answer.json()
        return body


def open_client(base: str, token: str | None = None) -> httpx.Client:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx.Client(base_url=base, timeout=60, trust_env=False, headers=headers)


def join(client: httpx.Client, name: str, email: str) -> Someone:
    said = account(client, name, email)
    return Someone(said.user, open_client(str(client.base_url), said.token), said.token)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("admin")
    with upstream() as answering, upstream(latency_s=120) as held, upstream() as failing:
        # A refusal that no attempt mends.
        failing.fail_next = [(400, {}, {"error": {"message": "no such model"}})] * 1_000
        file = write_generators(
            folder / "generators.yaml",
            text_generator("text", answering.url, limits={"budget": {"tokensPerDay": 1_000_000}}),
            text_generator("slow", held.url),
            text_generator("failing", failing.url, jobs={"maxAttempts": 1}),
        )
        with (
            platform(file, home=folder / "home", environment={"OCTAVO_ADMIN_EMAIL": ROOT}) as running,
            open_client(running.base) as client,
        ):
            admin, ana = join(client, "Root", ROOT), join(client, "Ana", "ana@example.org")
            yield House(running, client, admin, ana, failing)
            held.released.set()
            admin.client.close()
            ana.client.close()
