"""Which Kubernetes Events a change of status deserves: those that somebody who was not looking wants to find later.

Pure. An Event marks a crossing: something began to fail, failed otherwise, came back, fell asleep, woke up. A first start that goes
well makes none, nor does a rollout, nor a second look at the same failure: `Progressing` and the conditions' times tell of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from octavo_core.spec import Condition, Status
from octavo_core.spec.status import ConditionType
from octavo_operator.status import NOT_READY, STARTING, words_of_samples
from octavo_operator.words import one_line

_MAX_MESSAGE = 1_000
"""The API server refuses an Event whose message is longer than 1,024 bytes."""


@dataclass(frozen=True, slots=True)
class EventNote:
    """One Event about a GeneratorService: reason, whether it is good or bad, and the words."""

    reason: str
    type: Literal["Normal", "Warning"]
    message: str


def transitions(before: Status | None, after: Status) -> tuple[EventNote, ...]:
    """The Events for going from the status that stood to the one that is written now; mostly none."""
    notes: list[EventNote] = []
    was, now = _of(before, "Ready"), _of(after, "Ready")
    failed, fails = _of(before, "Degraded"), _of(after, "Degraded")
    was_ready, was_failing = _holds(was), _holds(failed) or _failed(was)
    if _failed(now) and (now is not None) and (was is None or was_ready or was.reason != now.reason):
        notes.append(_note("Warning", now))
    elif (
        _holds(fails) and fails is not None and not _failed(now) and (failed is None or not _holds(failed) or failed.reason != fails.reason)
    ):
        notes.append(_note("Warning", fails))
    elif _holds(now) and not _holds(fails) and (was_failing or _lost(was, before)):
        notes.append(EventNote("Recovered", "Normal", "nothing fails any more; requests are accepted and worked on"))
    elif was_ready and now is not None and now.status == "False":
        notes.append(_note("Warning", now))
    slept, sleeps = _of(before, "Sleeping"), _of(after, "Sleeping")
    if (
        was_ready
        and slept is not None
        and sleeps is not None
        and slept.reason != sleeps.reason
        and "Unknown" not in (slept.status, sleeps.status)
    ):
        notes.append(_note("Normal", sleeps))
    return (*notes, *_of_samples(before, after))


def _of_samples(before: Status | None, after: Status) -> tuple[EventNote, ...]:
    given, give = (before.samples if before is not None else None) or (), after.samples or ()
    if give and give != given:
        return (EventNote("SamplesGiven", "Warning", words_of_samples(give)),)
    if given and not give:
        return (EventNote("SamplesEnded", "Normal", "every provider has its key; no samples are given any more"),)
    return ()


def _of(status: Status | None, kind: ConditionType) -> Condition | None:
    return None if status is None else status.condition(kind)


def _holds(condition: Condition | None) -> bool:
    return condition is not None and condition.status == "True"


def _failed(ready: Condition | None) -> bool:
    """Not ready because something fails, and not only because it has not come up yet."""
    return ready is not None and ready.status == "False" and ready.reason not in (STARTING, NOT_READY)


def _lost(ready: Condition | None, before: Status | None) -> bool:
    """Whether it had been ready before and was lost without a cause that could be named."""
    return before is not None and ready is not None and ready.reason == NOT_READY


def _note(kind: Literal["Normal", "Warning"], condition: Condition) -> EventNote:
    message = one_line(condition.message, _MAX_MESSAGE)
    while len(message.encode()) > _MAX_MESSAGE:
        message = message[: len(message) * 3 // 4] + "…"
    return EventNote(condition.reason, kind, message)
