"""What the activator reads from its environment."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from octavo_core.settings import CommonSettings
from octavo_core.spec.tasks import PICTURE_BODY_BYTES

_PORTS = re.compile(r"(\d{1,5})-(\d{1,5})")


class ActivatorSettings(CommonSettings):
    host: str = Field("0.0.0.0", description="Address to listen on, for the operator and for callers.")  # noqa: S104 - it is a pod
    port: int = Field(8080, ge=1, le=65_535, description="Port on which the operator talks to the activator; health and metrics too.")
    activator_token: SecretStr = Field(min_length=16, description="Token that the operator and the activator share.")
    addresses: list[str] = Field(
        default_factory=list,
        description="IPs at which callers reach it, told to the operator; JSON list. Empty: those of its host name, as in a pod.",
    )
    ports: str = Field("20000-29999", description="Ports that the operator may have it listen on, one for each generator.")
    jwks_url: str | None = Field(None, description="Public keys that tokens are checked with; needed where a generator asks for tokens.")
    issuer: str = Field("octavo", description="Issuer that tokens must name.")
    max_held_jobs: int = Field(100_000, ge=1, description="How many jobs of all generators are held at most; beyond it 429.")
    max_held_per_generator: int = Field(10_000, ge=1, description="The same for one generator; its jobs.maxQueued may make it less.")
    max_held_bytes: int = Field(512 * 1_048_576, ge=1_048_576, description="How large their bodies may be together; beyond it 429.")
    max_large_bytes: int = Field(
        64 * 1_048_576,
        ge=PICTURE_BODY_BYTES,
        description="How large the bodies in memory may be together that are larger than OCTAVO_MAX_BODY_BYTES, as those with pictures"
        " are; beyond it 503.",
    )
    max_held_requests: int = Field(2_000, ge=1, description="How many requests and streams may wait for a start at once; beyond it 503.")
    hold_seconds: float = Field(25.0, ge=0, le=300, description="How long a request that is no job waits for the generator's start.")
    keep_days: float = Field(7.0, gt=0, le=365, description="After so long a job whose generator did not start has failed.")
    handover_concurrency: int = Field(16, ge=1, le=256, description="How many jobs are handed to one generator at once.")
    linger_seconds: float = Field(5.0, ge=0, description="How long it still takes requests after SIGTERM, while open ones end.")
    drain_seconds: float = Field(5.0, ge=0, description="How long open requests may still take after that.")

    @field_validator("ports")
    @classmethod
    def _is_a_range(cls, value: str) -> str:
        match = _PORTS.fullmatch(value)
        if match is None or not 1 <= int(match[1]) <= int(match[2]) <= 65_535:
            raise ValueError("must be a range such as 20000-29999")
        return value

    @property
    def port_range(self) -> range:
        first, _, last = self.ports.partition("-")
        return range(int(first), int(last) + 1)

    @property
    def database_file(self) -> Path:
        return self.home / "activator.db"

    @property
    def lock_file(self) -> Path:
        return self.home / "activator.lock"
