"""The sums that acceptances are measured against."""

from __future__ import annotations

from dataclasses import replace

from octavo_activator.held import HeldJob, HeldState
from octavo_activator.routes import Key
from octavo_activator.statements import Count
from octavo_activator.tally import Tally
from octavo_core.identity import ANONYMOUS

A, B = Key("default", "a"), Key("default", "b")


def job(key: Key = A, at: int = 1_000, size: int = 10) -> HeldJob:
    return HeldJob("id", key, ANONYMOUS, b"x" * size, "c", at)


def test_jobs_come_and_go() -> None:
    tally = Tally()
    first, second = job(at=1_000), job(at=2_000)
    tally.add([first, second, job(B)])
    assert (tally.rows, tally.bytes) == (3, 30)
    assert (tally.of(A).waiting, tally.of(A).since_ms) == (2, 1_000)
    tally.remove(first)
    tally.remove(second)
    assert tally.of(A).waiting == 0
    assert [key for key, _ in tally.waiting()] == [B]
    assert (tally.rows, tally.bytes) == (1, 10)


def test_what_ended_is_kept_and_does_not_wait() -> None:
    tally = Tally()
    held = job()
    tally.add([held])
    tally.end(replace(held, state=HeldState.CANCELLED))
    assert list(tally.waiting()) == []
    assert tally.of(A).since_ms is None
    assert tally.of(A).rows == 1
    tally.remove(replace(held, state=HeldState.CANCELLED))
    assert tally.of(A).rows == 0
    assert tally.rows == 0


def test_the_sums_of_an_earlier_process() -> None:
    tally = Tally()
    tally.load([Count(A, held=2, all=3, bytes=300, oldest_at=5), Count(B, held=0, all=1, bytes=1, oldest_at=None)])
    assert (tally.rows, tally.bytes) == (4, 301)
    assert [(key, held.waiting, held.since_ms) for key, held in tally.waiting()] == [(A, 2, 5)]
    assert tally.is_due(A, 0)
    assert tally.is_due(B, 0)


def test_when_there_is_something_to_hand_over() -> None:
    tally = Tally()
    assert not tally.is_due(A, 10**15)
    tally.add([job()])
    assert tally.is_due(A, 0)
    tally.of(A).due_at_ms = None
    assert not tally.is_due(A, 10**15)
    tally.due_now(A)
    assert tally.is_due(A, 0)
    tally.due_now(B)
