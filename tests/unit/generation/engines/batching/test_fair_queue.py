"""Owners take turns, and each one's own come in order."""

from __future__ import annotations

import pytest

from octavo_generation.engines.batching.fair_queue import FairQueue


def test_owners_take_turns_and_keep_their_own_order() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        queue.put(item[0], item)

    assert len(queue) == 6
    assert queue.drain() == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert len(queue) == 0


def test_who_comes_later_is_behind_those_of_this_turn_only() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3"):
        queue.put("a", item)
    assert queue.take() == "a1"
    queue.put("b", "b1")
    assert [queue.take(), queue.take(), queue.take()] == ["a2", "b1", "a3"]


def test_what_left_is_not_taken() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put("a", "a1")
    queue.put("b", "b1")
    assert queue.remove("a", "a1")
    assert not queue.remove("a", "a1")
    assert queue.take() == "b1"
    with pytest.raises(IndexError):
        queue.take()
