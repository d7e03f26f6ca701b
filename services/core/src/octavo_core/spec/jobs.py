"""`spec.jobs`: how durable, how patient and how persistent the jobs of this generator are."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.rule import Rule
from octavo_core.spec.tasks import Mode


class Retry(Model):
    """How long to wait before the next attempt: doubled with each, with jitter, between the two bounds."""

    base_seconds: float = Field(
        1, ge=0, le=3600, description="Wait before the second attempt, in seconds; each further wait is twice as long."
    )
    max_seconds: float = Field(60, ge=0, le=86400, description="The longest wait between two attempts, in seconds.")

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            name="retry base within max",
            cel="self.baseSeconds <= self.maxSeconds",
            message="retry.baseSeconds may not exceed retry.maxSeconds; lower one or raise the other",
            check=lambda retry: retry.base_seconds <= retry.max_seconds,
            reads=("baseSeconds", "maxSeconds"),
            at="baseSeconds",
        ),
    )


class Jobs(Model):
    """The contract of every job: it is never lost, and its result is never written twice."""

    max_attempts: int = Field(
        3, ge=1, le=20, description="How often a job is tried before it becomes a dead letter, which an admin can replay. 1 never retries."
    )
    timeout_seconds: int = Field(
        300, ge=1, le=86400, description="How long one attempt may run, in seconds, before it is stopped and counts as failed."
    )
    lease_seconds: int = Field(
        10,
        ge=2,
        le=600,
        description="For how long a worker owns a job between two signs of life, in seconds. A job whose worker died runs again within"
        " this time plus two seconds; shorter means more writes.",
    )
    retention_days: int = Field(7, ge=1, le=3650, description="How many days an ended job and its result are kept.")
    default_mode: Mode | None = Field(
        None,
        description="What a caller gets who does not ask for either. wait: the response is held until the job ends. async: 202 at once,"
        " with the job's id. Left out, the task decides: wait for story, image and translation, async for the others.",
    )
    max_queued: int = Field(
        10000,
        ge=1,
        le=1_000_000,
        description="How many jobs may wait in the queue; above it, new ones are refused with 429 and Retry-After.",
    )
    retry: Retry = Field(
        default_factory=Retry, json_schema_extra={"default": {}}, description="How long a failed job waits before its next attempt."
    )
