"""What is answered, around the views of the domain, and what lists are asked with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from octavo_admin.domain.log_lines import LogLine
from octavo_admin.domain.model import GeneratorView, JobEvent, JobState, JobView, ProcessView, ServiceView


def _within_reason(moment: datetime) -> datetime:
    """What can be told in any zone, and in milliseconds since the epoch."""
    if not 1970 <= moment.year <= 9998:
        raise ValueError("must be in the years from 1970 to 9998")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_reason)]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next_cursor` of the page before.")]
GeneratorName = Annotated[
    str | None,
    Query(
        max_length=127,
        pattern=r"^[a-z0-9]([-a-z0-9._/]*[a-z0-9])?$",
        description="A generator (in a cluster also namespace/name), or a lane of a service such as auth.mail.",
    ),
]
States = Annotated[list[JobState] | None, Query(description="Only jobs in these states.")]
UserOf = Annotated[str | None, Query(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$", description="Only jobs of this user.")]
AcceptedFrom = Annotated[Moment | None, Query(description="Accepted then or later.")]
AcceptedTo = Annotated[Moment | None, Query(description="Accepted before.")]


class Services(BaseModel):
    success: Literal[True] = True
    items: list[ServiceView]
    processes: list[ProcessView] = Field(description="What runs them: processes of a laptop, pods of a cluster.")


class Generators(BaseModel):
    success: Literal[True] = True
    items: list[GeneratorView]


class OneGenerator(BaseModel):
    success: Literal[True] = True
    generator: GeneratorView
    processes: list[ProcessView] = Field(description="What runs it.")


class Jobs(BaseModel):
    success: Literal[True] = True
    items: list[JobView]
    next_cursor: str | None
    missing: list[str] = Field(description="Whose jobs could not be asked for, and why.")


class OneJob(BaseModel):
    success: Literal[True] = True
    job: JobView


class JobInFull(OneJob):
    events: list[JobEvent] = Field(description="What is still kept of them, oldest first.")
    events_missing: str | None = Field(None, description="Why there are none, where they could not be read.")


class ReplayBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=500, description="How many at most, the newest first.")
    accepted_before: Moment | None = Field(None, description="Only those accepted before.")


class Replayed(BaseModel):
    success: Literal[True] = True
    replayed: int
    more: bool = Field(description="Whether there may be more of them.")


class Logs(BaseModel):
    success: Literal[True] = True
    items: list[LogLine]
    next_cursor: str | None
    searched_back_to: str | None = Field(description="Set where the search ended at its bound: what is older was not looked at.")


Anything = dict[str, Any]
