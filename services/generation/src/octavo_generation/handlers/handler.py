"""What does a generator's jobs: one call is one attempt of one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # `octavo plan` asks this package too, and should not pay for a database's and Redis' libraries.
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job


class GeneratorHandler(Protocol):
    async def __call__(self, job: Job, context: JobContext) -> str:
        """The result as JSON (`outcome`). Any number of calls at once."""
        ...

    async def close(self) -> None: ...
