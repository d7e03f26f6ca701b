"""Tails: bounds, the slow reader, the source that ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from octavo.runner.log_files import LogKeeper
from octavo_admin.adapters.log_files import LogFiles
from octavo_admin.domain import tailing
from octavo_admin.domain.log_lines import LogLine, LogQuery, read_line
from octavo_admin.domain.tailing import TailEnd, Tails
from octavo_core.errors import Throttled


@pytest.fixture
def keeper(tmp_path: Path) -> LogKeeper:
    return LogKeeper(tmp_path)


async def test_a_slow_reader_gets_what_waited_and_a_notice(tmp_path: Path, keeper: LogKeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailing, "WAITING_MAX", 5)
    async with Tails(LogFiles(tmp_path), at_once=1).open(LogQuery()) as tail, asyncio.timeout(20):
        for number in range(50):
            keeper("api", f"line {number}")
        while not tail.ended:
            await asyncio.sleep(0.01)
        got = [await tail.get(5) for _ in range(6)]
    assert [line.message for line in got[:5] if isinstance(line, LogLine)] == [f"line {number}" for number in range(5)]
    assert isinstance(got[5], TailEnd)
    assert got[5].reason == "lagged"


async def test_only_so_many_at_once_and_a_place_is_free_again(tmp_path: Path) -> None:
    tails = Tails(LogFiles(tmp_path), at_once=1)
    async with tails.open(LogQuery()):
        with pytest.raises(Throttled):
            async with tails.open(LogQuery()):
                pass
    async with tails.open(LogQuery()) as tail:
        assert await tail.get(0.01) is None


async def test_a_source_that_fails_ends_the_tail_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "000001.jsonl").mkdir()
    async with Tails(LogFiles(tmp_path / "000001.jsonl" / "x"), at_once=1).open(LogQuery()) as tail:
        assert await tail.get(0.3) is None
        (tmp_path / "000001.jsonl" / "x").mkdir()
        (tmp_path / "000001.jsonl" / "x" / "000001.jsonl").mkdir()
        end = await tail.get(10)
    assert isinstance(end, TailEnd)
    assert end.reason == "source_ended"


def test_lines_that_are_read_have_what_they_say() -> None:
    line = read_line('{"event":"x","level":"WARN","timestamp":"2026-11-28T13:00:00.1+00:00","n":1}', position="1", source="api")
    assert (line.at, line.level, line.service, line.fields) == ("2026-11-28T13:00:00.1Z", "warn", "api", {"n": 1})
    assert LogQuery(level="warning").holds_for(line)
    assert not LogQuery(level="error").holds_for(line)
    assert not LogQuery(correlation_id="c").holds_for(line)
    assert read_line("[1]", position="1", source="api", at="t").message == "[1]"
