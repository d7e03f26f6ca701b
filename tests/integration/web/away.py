"""The pages and what stands behind them, each as a process of its own, as a cluster has them; each can be killed and started apart."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
from tests.servers.fake_providers import fake_providers
from tests.servers.front_door import by_prefix, front_door
from tests.servers.generator_process import GeneratorProcesses, Process, generator_processes
from tests.servers.generators import provider, text_generator
from tests.servers.people import PASSWORD, register
from tests.servers.people_processes import Served
from tests.servers.starting import accepts_connections, free_port, wait_until
from tests.servers.tcp_gate import TcpGate, tcp_gate

EMAIL = "mar.away@example.org"
SLOW = "One two three four five six seven eight nine ten."


@dataclass
class Town:
    base: str
    """Where people come in."""
    auth: Served
    notifications: Served
    web: Served
    generator: GeneratorProcesses
    redis: TcpGate
    database: Path
    """The generator's: SQLite."""

    def visiting(self) -> httpx.Client:
        """A browser without scripts."""
        return httpx.Client(base_url=self.base, timeout=60, trust_env=False, headers={"origin": self.base, "accept": "text/html"})

    def whole(self) -> None:
        """All of it runs and answers."""
        # One that stands open is left so: to open it cuts off who is in it.
        if not self._redis_is_reached():
            self.redis.open()
        for one in (self.auth, self.notifications, self.web):
            if one.process.has_ended:
                one.process.start()
        for process in (self.generator.api, self.generator.worker):
            if process.has_ended:
                process.start()
        for one in (self.auth, self.notifications, self.web):
            one.until_ready()
        self.generator.until_ready()

    def _redis_is_reached(self) -> bool:
        with contextlib.suppress(OSError):
            return accepts_connections(httpx.URL(self.redis.url).port or 0)
        return False


@contextlib.contextmanager
def town(folder: Path, redis_url: str) -> Iterator[Town]:
    """Ready, with one account. The services' Redis stands behind a door."""
    names = ("auth", "notifications", "web")
    ports = {name: free_port() for name in names}
    at = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    keys = f"{at['auth']}/.well-known/jwks.json"
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(tcp_gate(redis_url))
        fakes = stack.enter_context(fake_providers())
        fakes.script({"match": {"prompt_contains": "slowly"}, "text": SLOW, "stream": {"delay_s": 0.3}})
        document = text_generator(
            "writer", "", providers=[provider(fakes.base_url("openai-compatible"))], auth={"mode": "jwt", "audience": "octavo"}
        )
        generator = stack.enter_context(
            generator_processes(
                document,
                folder / "writer",
                database_url=f"sqlite:///{folder}/writer.db",
                redis_url=redis.url,
                environment={"OCTAVO_JWKS_URL": keys},
            )
        )
        told = {
            "OCTAVO_HOST": "127.0.0.1",
            "OCTAVO_REDIS_URL": redis.url,
            "OCTAVO_JWKS_URL": keys,
            "OCTAVO_DRAIN_SECONDS": "1",
            "OCTAVO_PASSWORD_MEMORY_KIB": "8192",
            "OCTAVO_PASSWORD_PASSES": "1",
            "OCTAVO_THROTTLE_SCALE": "1000",
            "OCTAVO_AUTH_URL": at["auth"],
            "OCTAVO_NOTIFICATIONS_URL": at["notifications"],
            "OCTAVO_GENERATOR_URLS": orjson.dumps({"writer": generator.url}).decode(),
            "OCTAVO_CALL_SECONDS": "5",
            # Whose word on a caller is believed: the door's, and that of the pages.
            "OCTAVO_TRUSTED_PROXIES": '["127.0.0.1"]',
        }
        served = {
            name: Served(
                name,
                ports[name],
                Process(
                    [sys.executable, "-m", f"octavo_{name}"],
                    {**told, "OCTAVO_PORT": str(ports[name]), "OCTAVO_HOME": str(folder / name)},
                    folder / f"{name}.log",
                ),
            )
            for name in names
        }
        for name, one in served.items():
            (folder / name).mkdir()
            stack.callback(one.process.close)
            one.process.start()
        generator.start()
        for one in served.values():
            one.until_ready()
        leads = {
            "/": at["web"],
            "/api/auth": at["auth"],
            "/.well-known/jwks.json": at["auth"],
            "/api/notifications": at["notifications"],
            "/socket.io": at["notifications"],
            "/generators/writer": generator.url,
        }
        base = stack.enter_context(front_door(by_prefix(leads)))
        with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
            register(client, "Mar", EMAIL)
        yield Town(base, served["auth"], served["notifications"], served["web"], generator, redis, folder / "writer.db")


def log_in(client: httpx.Client) -> None:
    answer = client.post("/login", data={"username": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    # Pages that were started while accounts were away have no keys yet, and ask for them every second.
    wait_until(lambda: client.get("/studio").status_code == 200, what="the pages let nobody in")
