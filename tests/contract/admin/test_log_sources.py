"""The contract of a source of logs (octavo_admin.domain.ports.LogSource), on files, on the Kubernetes API and on Loki's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.admin import log_houses
from tests.contract.admin.log_houses import LogHouse

from octavo_admin.domain.log_lines import LogLine, LogQuery
from octavo_core.errors import InvalidInput

HOUSES = {"files": log_houses.files, "kubernetes": log_houses.kubernetes, "loki": log_houses.loki}
ALL = LogQuery()


@pytest.fixture(params=HOUSES)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogHouse]:
    async with HOUSES[request.param](tmp_path) as opened:
        yield opened


async def messages(house: LogHouse, query: LogQuery = ALL, limit: int = 50) -> list[str]:
    return [line.message for line in (await house.source.search(query, limit=limit, before=None)).lines]


async def test_an_empty_place_has_no_lines(house: LogHouse) -> None:
    page = await house.source.search(ALL, limit=5, before=None)
    assert (page.lines, page.next) == ((), None)


async def test_a_line_is_read_as_it_was_written_and_secrets_are_not(house: LogHouse) -> None:
    at = await house.write("api", "ñandú seen", level="warning", correlation_id="c-1", job="j-1", password="geheim")
    (line,) = (await house.source.search(ALL, limit=5, before=None)).lines
    assert (line.at, line.level, line.message, line.correlation_id) == (at, "warning", "ñandú seen", "c-1")
    assert line.service == "api"
    assert line.fields["job"] == "j-1"
    assert "geheim" not in repr(line)


async def test_what_is_no_record_is_a_line_with_a_time(house: LogHouse) -> None:
    await house.write_raw("worker", "Killed by the kernel at mysql://octavo:geheim@db/x", time.time_ns())
    (line,) = (await house.source.search(LogQuery(text="KERNEL"), limit=5, before=None)).lines
    assert line.message.startswith("Killed by the kernel")
    assert line.level == "info"
    assert line.at.endswith("Z")
    assert "geheim" not in line.message


async def test_each_filter_and_all_together(house: LogHouse) -> None:
    await house.write("api", "first", correlation_id="c-1")
    await house.write("worker", "second", level="error", correlation_id="c-1", generator="tale")
    middle = await house.write("api", "Third (50%) [a]", level="warning", correlation_id="c-10")
    await house.write("worker", "fourth", level="debug", generator="tale")
    assert await messages(house) == ["fourth", "Third (50%) [a]", "second", "first"]
    assert await messages(house, LogQuery(service="worker")) == ["fourth", "second"]
    assert await messages(house, LogQuery(service="tale")) == ["fourth", "second"]
    assert await messages(house, LogQuery(level="warning")) == ["Third (50%) [a]", "second"]
    assert await messages(house, LogQuery(correlation_id="c-1")) == ["second", "first"]
    assert await messages(house, LogQuery(text="third (50%) [A]")) == ["Third (50%) [a]"]
    assert await messages(house, LogQuery(text=".*")) == []
    assert await messages(house, LogQuery(since=middle)) == ["fourth", "Third (50%) [a]"]
    assert await messages(house, LogQuery(until=middle)) == ["second", "first"]
    assert await messages(house, LogQuery(service="worker", level="error", correlation_id="c-1", text="SEC")) == ["second"]


async def test_pages_go_back_without_gap_or_repeat_while_lines_are_written(house: LogHouse) -> None:
    for number in range(11):
        await house.write(("api", "worker")[number % 2], f"line {number}")
    seen: list[LogLine] = []
    before = None
    while True:
        page = await house.source.search(ALL, limit=3, before=before)
        seen += page.lines
        assert len(page.lines) <= 3
        await house.write("api", "newer")
        if page.next is None:
            break
        before = page.next
    assert [line.message for line in seen] == [f"line {number}" for number in range(10, -1, -1)]
    assert [line.position for line in seen] == sorted({line.position for line in seen}, reverse=True)


async def test_a_place_that_was_never_given_out_is_refused(house: LogHouse) -> None:
    await house.write("api", "a line")
    with pytest.raises(InvalidInput):
        await house.source.search(ALL, limit=3, before="../../etc/passwd")


async def test_what_follows_comes_as_it_is_written_and_nothing_else(house: LogHouse) -> None:
    await house.write("api", "long ago", level="error", correlation_id="c-0")
    async with house.source.follow(LogQuery(level="warning", text="Wolf")) as lines, asyncio.timeout(30):
        writing = asyncio.create_task(_write_some(house))
        found = [(await anext(lines)).message for _ in range(3)]
        await writing
    assert found == ["a wolf 0", "a wolf 1", "a wolf 2"]


async def _write_some(house: LogHouse) -> None:
    for number in range(3):
        await house.write("worker", f"a wolf {number}", level="error")
        await house.write("worker", f"a quiet wolf {number}")
        await house.write("worker", f"a sheep {number}", level="error")


async def test_who_leaves_is_not_waited_for(house: LogHouse) -> None:
    for _ in range(3):
        async with asyncio.timeout(20), house.source.follow(ALL):
            await house.write("api", "nobody reads this")
    assert await messages(house, limit=10) == ["nobody reads this"] * 3
