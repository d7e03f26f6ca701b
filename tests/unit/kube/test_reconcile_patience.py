"""What is kept back because it is most often over before anyone reads it, and for how long at most."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from octavo_core.spec import Condition, Status
from octavo_operator import reconcile
from octavo_operator.reconcile import Notes, Reconciler
from octavo_operator.resource import Key, Pod
from octavo_operator.settings import OperatorSettings

KEY = Key("kept", "tale")


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return datetime(2026, 1, 1, 0, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reconcile, "time", clock)
    return clock


@pytest.fixture
def reconciler() -> Reconciler:
    nothing = cast(Any, None)
    return Reconciler(nothing, nothing, nothing, nothing, nothing, nothing, OperatorSettings(), nothing)


def status(*, ready: bool = False, moving: bool = False, failing: bool = False) -> Status:
    def condition(kind: Any, holds: bool) -> Condition:
        return Condition(type=kind, status="True" if holds else "False", reason="Reason")

    return Status(conditions=(condition("Ready", ready), condition("Progressing", moving), condition("Degraded", failing)))


def test_what_is_settled_is_told_at_once(clock: Clock, reconciler: Reconciler) -> None:
    assert reconciler._hold_back(KEY, None, status(ready=True), Notes()) == 0


def test_a_start_is_told_of_when_it_takes_longer_and_then_more_rarely(clock: Clock, reconciler: Reconciler) -> None:
    notes, told = Notes(), []
    for _ in range(600):
        if reconciler._hold_back(KEY, status(moving=True), status(moving=True), notes) <= 0:
            told.append(clock.now)
            notes.on_its_way_since, notes.told = clock.now, notes.told + 1
        clock.now += 0.1
    pauses = [round(after - before) for before, after in zip([1_000.0, *told], told, strict=False)]
    assert pauses[:3] == [3, 9, 27]


def test_that_it_is_ready_is_told_soon_though_something_still_moves(clock: Clock, reconciler: Reconciler) -> None:
    notes = Notes(told=3)
    assert reconciler._hold_back(KEY, status(moving=True), status(ready=True, moving=True), notes) == pytest.approx(3)


def test_a_failure_is_told_within_seconds_also_in_a_crowd(clock: Clock, reconciler: Reconciler) -> None:
    for number in range(5_000):
        reconciler._hold_back(Key("kept", f"other-{number}"), None, status(moving=True), Notes())
    notes = Notes()
    wait = reconciler._hold_back(KEY, None, status(failing=True), notes)
    assert 3 <= wait <= 15
    clock.now += wait
    assert reconciler._hold_back(KEY, None, status(failing=True), notes) <= 0


@pytest.mark.parametrize(("others", "wait_s"), [(8, 3), (99, 30), (199, 60), (999, 300), (5_000, 600)])
def test_in_a_crowd_the_mere_news_of_a_start_waits_as_long_as_the_crowd_needs(
    clock: Clock, reconciler: Reconciler, others: int, wait_s: float
) -> None:
    for number in range(others):
        reconciler._hold_back(Key("kept", f"other-{number}"), None, status(moving=True), Notes())
    assert reconciler._hold_back(KEY, None, status(moving=True), Notes()) == pytest.approx(wait_s)


def test_who_settles_leaves_the_crowd(clock: Clock, reconciler: Reconciler) -> None:
    for number in range(5_000):
        key = Key("kept", f"other-{number}")
        reconciler._hold_back(key, None, status(moving=True), Notes())
        reconciler._hold_back(key, None, status(ready=True), Notes())
    assert reconciler._hold_back(KEY, None, status(moving=True), Notes()) == pytest.approx(3)


def pod(age_s: float, unschedulable: str) -> Pod:
    made = datetime(2026, 1, 1, 0, 1, tzinfo=UTC) - timedelta(seconds=age_s)
    return Pod("p", "db", "Pending", False, False, made.strftime("%Y-%m-%dT%H:%M:%SZ"), None, unschedulable)


def test_a_pod_gets_time_to_find_its_node(clock: Clock, reconciler: Reconciler) -> None:
    young, old, placed = pod(5, "no volume yet"), pod(60, "no node is large enough"), pod(1, "")
    given = reconcile._given_time([young, old, placed], reconciler._placing_s)
    assert [found.unschedulable for found in given] == ["", "no node is large enough", ""]
    assert reconcile._until_placed([young, old, placed], reconciler._placing_s) == pytest.approx(15)
    assert reconcile._until_placed([old, placed], reconciler._placing_s) is None


@pytest.mark.parametrize(("others", "placing_s"), [(0, 20), (50, 20), (1_000, 300), (5_000, 600)])
def test_in_a_crowd_a_pod_gets_the_time_that_the_crowd_needs(clock: Clock, reconciler: Reconciler, others: int, placing_s: float) -> None:
    for number in range(others):
        reconciler._hold_back(Key("kept", f"other-{number}"), None, status(moving=True), Notes())
    late = pod(placing_s + 1, "no node is large enough")
    early = pod(placing_s - 1, "no node is large enough")
    given = reconcile._given_time([early, late], reconciler._placing_s)
    assert [found.unschedulable for found in given] == ["", "no node is large enough"]
