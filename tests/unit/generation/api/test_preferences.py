"""The `Prefer` header, as a table."""

from __future__ import annotations

import pytest

from octavo_generation.api.preferences import Preference, read_preference


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        (None, 60),
        ("", 60),
        ("wait=5", 5),
        ("Wait = 5", 5),
        ("wait=0", 0),
        ("wait=301", 300),
        ("wait=999999", 300),
        ("wait=9999999", 60),
        ("wait=-1", 60),
        ("wait=1.5", 60),
        ("wait", 60),
        ("handling=lenient, wait=7", 7),
        ("wait=7, wait=9", 7),
        ("respond-async", 0),
        ("RESPOND-ASYNC", 0),
        ("respond-async, wait=10", 0),
    ],
)
def test_how_long_a_caller_waits_where_waiting_is_the_default(header: str | None, wait_s: int) -> None:
    assert read_preference(header, "wait").wait_s == wait_s


@pytest.mark.parametrize(("header", "wait_s"), [(None, 0), ("wait=5", 5), ("nonsense", 0), ("respond-async", 0)])
def test_how_long_a_caller_waits_where_it_is_not(header: str | None, wait_s: int) -> None:
    assert read_preference(header, "async").wait_s == wait_s


def test_what_was_applied_is_told() -> None:
    assert read_preference("wait=5", "async") == Preference(5, "wait=5")
    assert read_preference("respond-async", "wait") == Preference(0, "respond-async")
    assert read_preference(None, "wait").applied == "wait=60"
