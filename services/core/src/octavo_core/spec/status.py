"""`status`: what the operator last saw. One write a settle; nobody else writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.scalars import Loose, ProviderName

ConditionType = Literal["Ready", "Progressing", "Sleeping", "Degraded"]


class Condition(Model):
    """One thing that is true, false or not known, and since when. The message names the root cause, copied from the child that fails."""

    type: ConditionType = Field(
        description="Ready: it answers. Progressing: a change is under way. Sleeping: no worker stands, a request wakes it. Degraded:"
        " something of it fails; where Ready is True it still answers."
    )
    status: Literal["True", "False", "Unknown"] = Field(description="Whether the condition holds.")
    reason: str = Field(
        min_length=1,
        max_length=128,
        pattern="^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        description="One word for machines: why it holds or not, such as ImagePullBackOff.",
    )
    message: str = Field("", max_length=4096, description="The same for people, with the object that fails and what it said.")
    last_transition_time: str | None = Field(
        None, max_length=64, description="When `status` last changed, as RFC 3339 in UTC.", json_schema_extra={"format": "date-time"}
    )
    observed_generation: int | None = Field(None, ge=0, description="metadata.generation that this condition speaks of.")


class ApiStatus(Model):
    """The API pods."""

    ready: int = Field(0, ge=0, description="Pods that answer.")
    desired: int = Field(0, ge=0, description="Pods that should.")


class WorkersStatus(Model):
    """The worker pods."""

    ready: int = Field(0, ge=0, description="Pods that take jobs.")
    desired: int = Field(0, ge=0, description="Pods that should, by the work that waits.")
    selector: str | None = Field(None, max_length=1024, description="Label selector of the worker pods, for kubectl scale and autoscalers.")


class QueueStatus(Model):
    """The work, counted in the database."""

    queued: int = Field(0, ge=0, description="Jobs that wait for a worker.")
    running: int = Field(0, ge=0, description="Jobs that a worker has.")
    delayed: int = Field(0, ge=0, description="Jobs that wait for the time of their next attempt.")
    oldest_seconds: float = Field(0, ge=0, description="How long the oldest waiting job has waited, in seconds.")


class CostStatus(Model):
    """Spending."""

    usd_today: float = Field(0, ge=0, description="US dollars spent at providers since midnight UTC.")


class Status(Model):
    """What the operator saw when it last looked."""

    observed_generation: int | None = Field(
        None, ge=0, description="metadata.generation that this status speaks of; smaller means: not looked yet."
    )
    conditions: Annotated[tuple[Condition, ...], Loose] = Field(
        (),
        max_length=16,
        description="Ready, Progressing, Sleeping and Degraded, each with a reason and a message that names the root cause.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    url: str | None = Field(None, max_length=512, description="Where the generator is reached.")
    model: str | None = Field(
        None, max_length=512, description="What answers: the engine's model, or the provider and model of first preference."
    )
    api: ApiStatus | None = Field(None, description="The API pods.")
    workers: WorkersStatus | None = Field(None, description="The worker pods.")
    samples: Annotated[tuple[ProviderName, ...], Loose] | None = Field(
        None,
        max_length=64,
        description="Providers whose key is not there, in whose stead the fake providers answer with samples; left out where none is.",
    )
    queue: QueueStatus | None = Field(None, description="The work that waits and runs.")
    cost: CostStatus | None = Field(None, description="What was spent.")

    def condition(self, kind: ConditionType) -> Condition | None:
        """The condition of that type, None where the operator has not said it yet."""
        return next((condition for condition in self.conditions if condition.type == kind), None)
