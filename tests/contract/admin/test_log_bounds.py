"""What each source of logs does at its own bounds."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from tests.contract.admin import log_houses
from tests.servers.kube_logs import KubeLogs
from tests.servers.local_app import serving
from tests.servers.loki import Loki

from octavo.runner import log_files
from octavo.runner.log_files import LogKeeper
from octavo_admin.adapters import loki as loki_adapter
from octavo_admin.adapters.calling import Calls
from octavo_admin.adapters.kubernetes.api import KubeApi, Reach
from octavo_admin.adapters.kubernetes.logs import KubernetesLogs
from octavo_admin.adapters.log_files import LogFiles, numbers_in
from octavo_admin.adapters.loki import LokiLogs
from octavo_admin.domain.log_lines import LogQuery
from octavo_core.errors import Misconfigured, Unavailable
from octavo_core.ids import generate_uuid


async def test_files_are_bounded_private_and_read_across(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "FILE_BYTES", 2_000)
    monkeypatch.setattr(log_files, "FILES", 3)
    keeper = LogKeeper(tmp_path / "logs")
    source = LogFiles(tmp_path / "logs")
    async with source.follow(LogQuery(text="number 9")) as lines:
        for number in range(100):
            keeper("api", f'{{"event": "number {number}", "level": "info"}}')
        followed = [(await anext(lines)).message for _ in range(10)]
    assert followed == [f"number {number}" for number in range(90, 100)]
    numbers = numbers_in(tmp_path / "logs")
    assert len(numbers) == 3
    for file in (tmp_path / "logs").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.stat().st_size <= 2_000
    kept = (await source.search(LogQuery(), limit=500, before=None)).lines
    assert [line.message for line in kept] == [f"number {n}" for n in range(99, 99 - len(kept), -1)]
    keeper.close()
    again = LogKeeper(tmp_path / "logs")
    again("api", "after a restart")
    assert numbers_in(tmp_path / "logs")[-1] == numbers[-1] + 1
    again.close()


async def test_a_line_of_any_length_and_kind_stays_a_line(tmp_path: Path) -> None:
    keeper = LogKeeper(tmp_path)
    for line in ("", "{", "[1]", r'{"event": "\ud800"}', "x" * 300_000, '{"event": "' + "y" * 300_000 + '", "level": "error"}'):
        keeper("worker", line)
    keeper.close()
    lines = (await LogFiles(tmp_path).search(LogQuery(), limit=50, before=None)).lines
    assert len(lines) == 6
    assert all(len(line.message) < 5_000 for line in lines)
    assert lines[0].level == "error"


def test_a_folder_that_cannot_be_written_costs_lines_and_no_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("no folder")
    keeper = LogKeeper(tmp_path / "logs")
    keeper("api", "one")
    keeper("api", "two")
    keeper.close()
    assert capsys.readouterr().err.count("logs are not kept") == 1


async def test_a_person_is_taken_out_while_lines_are_written(tmp_path: Path) -> None:
    keeper, source, person = LogKeeper(tmp_path), LogFiles(tmp_path), generate_uuid()
    for number in range(3):
        keeper("api", f'{{"event": "line {number} of {person}", "user": "{person}"}}')
    async with source.follow(LogQuery()) as lines:
        assert await source.erase(person) == 6
        keeper("api", '{"event": "line 3"}')
        assert (await anext(lines)).message == "line 3"
    keeper.close()
    kept = (await source.search(LogQuery(), limit=9, before=None)).lines
    assert [line.message[:6] for line in kept] == ["line 3", "line 2", "line 1", "line 0"]
    assert person not in repr(kept)
    assert await source.erase(person) == 0


async def test_a_search_of_pods_says_how_far_back_it_looked(tmp_path: Path) -> None:
    async with log_houses.kubernetes(tmp_path) as house:
        for number in range(250):
            await house.write("api", f"line {number}")
        page = await house.source.search(LogQuery(text="line 2"), limit=500, before=None)
    assert "line 20" not in [line.message for line in page.lines], "older than the newest 200"
    assert page.searched_back_to is not None
    assert page.lines[-1].position > page.searched_back_to


async def test_a_cluster_that_refuses_or_is_away(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")
    async with serving(KubeLogs().app) as url:
        api = KubeApi(Reach(url, tmp_path / "token", None))
        with pytest.raises(Unavailable, match="Unauthorized"):
            await KubernetesLogs(api, namespaces=[], selector="", newest=100).search(LogQuery(), limit=1, before=None)
        await api.close()
    away = KubeApi(Reach("http://127.0.0.1:9", tmp_path / "token", None))
    with pytest.raises(Unavailable):
        await KubernetesLogs(away, namespaces=["a"], selector="", newest=100).search(LogQuery(), limit=1, before=None)
    await away.close()
    with pytest.raises(Misconfigured):
        await KubeApi(Reach("http://127.0.0.1:9", tmp_path / "nowhere", None)).get("/api")
    with pytest.raises(Misconfigured):
        Reach.in_cluster(None, tmp_path, tmp_path, {})


async def test_loki_is_read_in_batches_whatever_stands_at_their_borders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loki_adapter, "BATCH", 4)
    server, calls = Loki(), Calls()
    begin = 1_795_860_000_000_000_000
    for number in range(20):
        # Three lines to a moment, so that batches end within one.
        await server.write({"app": "a"}, begin + number // 3, f"line {number}")
    async with serving(server.app) as url:
        source = LokiLogs(url, selector='{app="a"}', calls=calls, tenant="octavo")
        query = LogQuery(since="2026-11-28T00:00:00.000Z", until="2026-11-29T00:00:00.000Z")
        seen: list[str] = []
        before = None
        while True:
            page = await source.search(query, limit=3, before=before)
            seen += [line.message for line in page.lines]
            if page.next is None:
                break
            before = page.next
        assert seen == [f"line {number}" for number in range(19, -1, -1)]
        monkeypatch.setattr(loki_adapter, "MAX_BATCHES", 2)
        bounded = await source.search(LogQuery(level="error", since=query.since, until=query.until), limit=3, before=None)
        assert (bounded.lines, bounded.searched_back_to is not None, bounded.next is not None) == ((), True, True)
        with pytest.raises(Unavailable):
            await LokiLogs(url, selector='{app="a"}', calls=calls, tenant="another").search(LogQuery(), limit=1, before=None)
    with pytest.raises(Unavailable):
        await LokiLogs("http://127.0.0.1:9", selector="{}", calls=calls).search(LogQuery(), limit=1, before=None)
    await calls.close()
