"""Where things are in `.octavo/`, and which worker processes a set of resources needs. Pure, but for making folders."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService
from octavo_generation.providers.registry import is_fake

_SOCKET_PATH_MAX = 100
"""Linux takes 107 bytes for a Unix socket's path."""


def base_url(host: str, port: int) -> str:
    """Where a server that listens on `host` is reached from this machine."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared with, not bound to
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def free_port() -> int:
    """On the loopback; somebody else may take it before it is listened on, which the one who listens then says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one laptop installation: `jobs.db`, `logs/`, and `run/` for what lives only while the platform runs."""

    path: Path

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def generators_file(self) -> Path:
        return self.run / "generators.json"

    @property
    def processes_file(self) -> Path:
        return self.run / "processes.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def redis_socket(self) -> Path:
        socket = self.run / "redis.sock"
        if len(str(socket)) <= _SOCKET_PATH_MAX:
            return socket
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"octavo-{name}" / "redis.sock"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.redis_socket}"

    def prepare(self) -> None:
        """Raises `Misconfigured` when the folder cannot be made or written."""
        for folder in (self.path, self.run, self.redis_socket.parent):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise Misconfigured(f"the data folder {folder} cannot be made ({error.strerror}); set OCTAVO_HOME to another") from None
            if folder.stat().st_uid != os.geteuid() or not os.access(folder, os.W_OK | os.X_OK):
                raise Misconfigured(f"the data folder {folder} is not yours to write to; set OCTAVO_HOME to another")


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """A worker process to have: its name, the generators it serves, and when it sleeps."""

    name: str
    generators: tuple[str, ...]
    always: bool
    """Some generator wants `workers.min` of at least one."""
    idle_s: float
    samples: tuple[str, ...]
    """Providers, as `generator/provider`, whose key is not here: the fake server answers in their stead."""
    fingerprint: str
    """Changes when a resource of it does; then the process is drained and started afresh."""


def plan_workers(resources: Sequence[GeneratorService], environment: Mapping[str, str]) -> list[WorkerPlan]:
    """One process for each generator that runs a model, so that models come and go apart; one for all that call providers. The
    environment tells which providers' keys are here."""
    engines = [resource for resource in resources if resource.spec.engine is not None]
    providers = [resource for resource in resources if resource.spec.providers is not None]
    plans = [_plan(resource.name, [resource], environment) for resource in engines]
    if providers:
        plans.append(_plan("providers", providers, environment))
    return plans


def _plan(name: str, resources: Sequence[GeneratorService], environment: Mapping[str, str]) -> WorkerPlan:
    texts = sorted(resource.model_dump_json(by_alias=True) for resource in resources)
    return WorkerPlan(
        name=name,
        generators=tuple(resource.name for resource in resources),
        always=any(resource.spec.workers.min > 0 for resource in resources),
        idle_s=max(resource.spec.workers.scaling.idle_seconds for resource in resources),
        samples=tuple(
            f"{resource.name}/{provider.name}"
            for resource in resources
            for provider in resource.spec.providers or ()
            if is_fake(provider, environment)
        ),
        fingerprint=hashlib.sha256("\n".join(texts).encode()).hexdigest(),
    )
