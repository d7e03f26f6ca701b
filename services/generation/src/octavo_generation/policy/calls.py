"""What goes into and comes out of the policy: for whom a call is made, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from octavo_core.errors import BudgetSpent, OctavoError
from octavo_generation.providers.port import OnStage, Usage

Answer = TypeVar("Answer")


def _unheard(_provider: str) -> None:
    """For callers who do not stream."""


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of one job. `user` is the opaque id that goes to the upstream."""

    generator: str
    job: str
    attempt: int
    user: str | None
    is_ended: Callable[[], bool]
    """Whether nobody wants the result any more; no call is made then."""
    progress: OnStage
    restarted: Callable[[str], None] = _unheard
    """The text heard so far is void: this provider's stream broke, and the text begins again with another's."""
    fallback: bool = False
    """Whether others are asked, too, when the one that a person asked for by name fails."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A provider that did not give the answer. `error` is the machine's word: the error's code, circuit_open or no_room."""

    name: str
    error: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "error": self.error, "message": self.message}


@dataclass(frozen=True, slots=True)
class Done(Generic[Answer]):
    """`cost_usd` is by the price table, None where nobody knows the price; what a call that lost against a quicker one cost is in the
    ledger and the metrics only."""

    answer: Answer
    provider: str
    model: str
    tried: tuple[Tried, ...]
    cost_usd: Decimal | None
    usage: Usage


class PassedOver(Exception):
    """The provider did not give the answer, and the next may."""

    def __init__(self, name: str, error: OctavoError, word: str | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.tried = Tried(name, word or error.code, error.message)


def most_helpful(passed: Sequence[PassedOver]) -> OctavoError:
    """What the job fails with when nobody answered: a failure that may pass is worth another attempt of the job, whatever the others
    said; a budget opens again some day; of refusals the last one. Its message names the others."""
    lasting = [one for one in passed if not one.error.retryable]
    passing = [one for one in passed if one.error.retryable]
    chosen = next(iter(passing), None) or next((one for one in lasting if isinstance(one.error, BudgetSpent)), None) or lasting[-1]
    others = [one.tried.message for one in passed if one is not chosen]
    message = f"{chosen.error.message}; tried as well: {'; '.join(others)}" if others else chosen.error.message
    # One that does not say when it is back may be back at any time.
    waits = [one.error.retry_after for one in passing] or [chosen.error.retry_after]
    return _retold(chosen.error, message, None if None in waits else min(wait for wait in waits if wait is not None))


def _retold(error: OctavoError, message: str, retry_after: float | None) -> OctavoError:
    """The same error in other words; `copy` cannot do it, for an exception is made anew from its arguments."""
    told = type(error).__new__(type(error), message)
    told.__dict__.update(error.__dict__, message=message, retry_after=retry_after)
    return told


def tried_of(passed: Sequence[PassedOver]) -> tuple[Tried, ...]:
    return tuple(one.tried for one in passed)


def announce(name: str, call: Call, passed: Sequence[PassedOver]) -> None:
    """Says why somebody else is asked; of the first one there is nothing to say."""
    if passed:
        call.progress(f"asking {name}, after {passed[-1].tried.name} failed", None)
