"""Identifiers that sort and are safe to write; times as every body has them."""

from __future__ import annotations

import re
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_core.clock import ManualClock, SystemClock, to_iso, utc_now
from octavo_core.ids import correlation_id, generate_prefixed_id, generate_uuid


def test_ids_are_uuids_of_version_seven_that_sort_by_time() -> None:
    ids = [generate_uuid() for _ in range(1_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1_000
    assert {uuid.UUID(one).version for one in ids} == {7}
    assert all(one == one.lower() and len(one) == 36 for one in ids)


def test_an_id_carries_its_moment() -> None:
    before = time.time_ns() // 1_000_000
    stamp = int(generate_uuid().replace("-", "")[:12], 16)
    assert before - 1 <= stamp <= time.time_ns() // 1_000_000 + 1


def test_a_prefix_names_the_kind() -> None:
    assert re.fullmatch(r"proj_[0-9a-f]{32}", generate_prefixed_id("proj"))


@pytest.mark.parametrize("offered", ["a", "req-1.2:3/4+5=6@host_7", "x" * 128])
def test_a_harmless_correlation_id_is_kept(offered: str) -> None:
    assert correlation_id(offered) == offered


@pytest.mark.parametrize("offered", [None, "", "x" * 129, "a b", "a\r\nset-cookie: b", "a\n", "ñ", '{"$where":1}', "\x00"])
def test_any_other_is_replaced(offered: str | None) -> None:
    replaced = correlation_id(offered)
    assert replaced != offered
    assert uuid.UUID(replaced).version == 7


@given(st.text(max_size=200))
def test_whatever_is_offered_what_comes_out_is_safe_in_a_header_and_a_log_line(offered: str) -> None:
    assert re.fullmatch(r"[!-~]{1,128}", correlation_id(offered))


def test_times_are_written_in_utc_with_milliseconds() -> None:
    assert to_iso(1_767_225_600_007) == "2026-01-01T00:00:00.007Z"
    assert to_iso(0) == "1970-01-01T00:00:00.000Z"
    assert utc_now().utcoffset() is not None


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(1_000)
    assert (clock.now_ms(), clock.now_ms()) == (1_000, 1_000)
    clock.advance(0.25)
    assert clock.now_ms() == 1_250


def test_the_system_clock_is_the_wall_clock() -> None:
    assert abs(SystemClock().now_ms() - time.time() * 1000) < 1_000
