"""What does a generator's jobs: one call is one attempt of one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    # `octavo plan` asks this package too, and should not pay for a database's and Redis' libraries.
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job


class GeneratorHandler(Protocol):
    async def __call__(self, job: Job, context: JobContext) -> str:
        """The result as JSON (`outcome`). Any number of calls at once."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class ModelHandler(Protocol):
    """A handler whose model runs in this very process."""

    @property
    def room(self) -> int | None:
        """How many jobs at once it has use for; None as long as nothing but the resource's own bound is known."""
        ...

    async def prepare(self) -> None:
        """Returns once the model is loaded and has made a token; does nothing when it is. Raises what loading raises."""
        ...
