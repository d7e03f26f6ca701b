"""How a job becomes a call of the policy, and what of the call the job's followers hear."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from octavo_generation.policy.calls import Call

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job


def call_of(job: Job, context: JobContext, *, user: str | None = None) -> Call:
    def restarted(name: str) -> None:
        context.progress(f"{name} broke off; the text begins again", restarted=True)

    return Call(
        generator=job.queue,
        job=job.id,
        attempt=job.attempt,
        user=user or opaque_user(job),
        is_ended=lambda: context.is_ended,
        progress=context.progress,
        restarted=restarted,
    )


def opaque_user(job: Job) -> str:
    """The same for the same user, and nobody's name or address."""
    return hashlib.sha256(f"{job.queue}\0{job.owner}".encode()).hexdigest()[:32]
