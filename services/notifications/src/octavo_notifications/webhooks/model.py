"""A webhook, a delivery, and the rules about both that need no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

DELIVERED_TYPES = ("job.accepted", "job.started", "job.succeeded", "job.failed", "job.cancelled")
"""Transitions, which come once each; progress and tokens are for those who listen."""
GONE = 410
"""The endpoint says that it wants no more (Standard Webhooks)."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """`events` are types. `secret` and `former_secret` are sealed; the former one signs too until `former_until` (ms). `since` is the
    id of the last event that came before the webhook."""

    id: str
    owner: str
    url: str
    description: str
    events: tuple[str, ...]
    enabled: bool
    disabled_reason: str | None
    failing_since: int | None
    secret: str
    former_secret: str | None
    former_until: int | None
    since: str
    created_at: int
    updated_at: int

    @property
    def of_jobs(self) -> bool:
        """It stands for the addresses that its owner's jobs name themselves: a secret to sign with, and a log. It has no address, and is
        told of no other event."""
        return not self.url

    def wants(self, type_: str, event_id: str) -> bool:
        return self.enabled and type_ in self.events and order(event_id) > order(self.since)


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"
    """The webhook was deleted or disabled before it was delivered."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `attempts` counts calls, `runs` how often it was started: once, and once for each replay. `status`,
    `error` and `took_ms` are of the last call."""

    id: str
    webhook: str
    owner: str
    event: str
    type: str
    job: str
    body: str
    state: DeliveryState
    runs: int
    attempts: int
    status: int | None
    error: str | None
    took_ms: int | None
    created_at: int
    attempted_at: int | None
    url: str | None = None
    """Where it goes, when that is not the webhook's own address."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """`version` is the job's, so that a transition that is published twice is delivered once."""

    webhook: str
    owner: str
    event: str
    type: str
    job: str
    version: int
    body: str
    url: str | None = None

    @property
    def once(self) -> str:
        return hashlib.sha256(f"{self.webhook}\n{self.job}\n{self.version}\n{self.type}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a call ended. `status` None: no answer. `last`: none follows unless it succeeded."""

    delivery: str
    ok: bool
    status: int | None
    error: str | None
    took_ms: int
    last: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` None: there was none, and `error` says why. `retry_after_s` is what the endpoint asked for."""

    status: int | None
    error: str | None
    took_ms: int
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def order(event_id: str) -> tuple[int, int]:
    """Event ids as the stream sorts them."""
    milliseconds, _, sequence = event_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def is_to_be_disabled(failing_since: int | None, now: int, after_days: float) -> bool:
    return failing_since is not None and now - failing_since > after_days * 86_400_000
