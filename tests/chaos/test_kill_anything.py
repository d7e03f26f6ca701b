"""Everything is killed at random while jobs run, Redis with its data; every accepted job ends exactly once all the same.

That nothing ends twice and no result is overwritten is not asked of the code under test: a trigger in the database itself writes
down each change of a job's state and each change of a result after the end.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
import yaml
from tests.servers.platform import Platform, platform
from tests.servers.starting import wait_until
from tests.servers.upstream import Upstream, upstream

from octavo_core.clock import SystemClock
from octavo_jobs.store import open_store

JOBS = int(os.environ.get("OCTAVO_CHAOS_JOBS", "500"))
SEED = int(os.environ.get("OCTAVO_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
KINDS = ("worker", "api", "redis")
LEAST_KILLS_OF_A_KIND = 3

pytestmark = [pytest.mark.needs("redis"), pytest.mark.timeout(300 + JOBS)]

_ENDS = "('succeeded', 'failed', 'cancelled')"
_WITNESS = """
CREATE TABLE witness (job TEXT, was TEXT, became TEXT, attempt INTEGER, result_changed INTEGER);
CREATE TRIGGER witness_updates AFTER UPDATE ON jobs
WHEN OLD.state <> NEW.state OR OLD.result IS NOT NEW.result
BEGIN
  INSERT INTO witness VALUES (NEW.id, OLD.state, NEW.state, NEW.attempt, OLD.result IS NOT NEW.result AND OLD.result IS NOT NULL);
END;
CREATE TRIGGER witness_deletes AFTER DELETE ON jobs
BEGIN
  INSERT INTO witness VALUES (OLD.id, OLD.state, 'deleted', OLD.attempt, 0);
END;
"""


@pytest.fixture
def provider() -> Iterator[Upstream]:
    with upstream(latency_s=0.02) as server:
        yield server


@pytest.fixture
def chaotic(tmp_path: Path, provider: Upstream) -> Iterator[Platform]:
    resource = {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": "chaos"},
        "spec": {
            "task": "text",
            "providers": [{"name": "up", "type": "openai-compatible", "model": "m", "baseUrl": provider.url}],
            # Kills come every second: nothing may be given up only for being killed often.
            "jobs": {"leaseSeconds": 2, "maxAttempts": 20, "maxQueued": 100_000, "retry": {"baseSeconds": 0.1, "maxSeconds": 1}},
            "workers": {"concurrency": 32},
        },
    }
    file = tmp_path / "chaos.yaml"
    file.write_text(yaml.safe_dump(resource))
    home = tmp_path / "home"
    _install_witness(home / "jobs.db")
    with platform(file, home=home) as running:
        yield running


def _install_witness(path: Path) -> None:
    async def migrate() -> None:
        store = open_store(f"sqlite:///{path}", SystemClock())
        await store.migrate()
        await store.close()

    asyncio.run(migrate())
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_WITNESS)


async def test_every_accepted_job_ends_exactly_once(chaotic: Platform) -> None:
    print(f"\nchaos: {JOBS} jobs, OCTAVO_CHAOS_SEED={SEED}")  # noqa: T201 - how to repeat a failure
    chance = random.Random(SEED)
    kills: Counter[str] = Counter()
    submitting = asyncio.create_task(_submit_all(chaotic))
    accepted: dict[str, str] = {}
    while not submitting.done() or any(kills[kind] < LEAST_KILLS_OF_A_KIND for kind in KINDS):
        await asyncio.wait([submitting], timeout=chance.uniform(0.3, 1.5))
        kind = chance.choice(KINDS)
        # Rounds end with the rarest kinds, so that each has had its share.
        kind = min(KINDS, key=lambda name: kills[name]) if submitting.done() else kind
        kills[kind] += chaotic.kill(kind)
        if submitting.done():
            # Killed before it lives it would be no kill.
            await asyncio.to_thread(wait_until, lambda kind=kind: bool(chaotic.children(kind)), what=f"no {kind} comes back", deadline_s=60)
    accepted = await submitting
    ended = await asyncio.to_thread(_wait_until_all_ended, chaotic.home / "jobs.db", 120 + JOBS / 20)
    print(f"chaos: kills {dict(kills)}, states {dict(ended)}")  # noqa: T201

    assert len(accepted) == JOBS
    assert len(set(accepted.values())) == JOBS
    with closing(sqlite3.connect(chaotic.home / "jobs.db")) as connection:
        rows = dict(connection.execute("SELECT id, state FROM jobs").fetchall())
        ends = Counter(job for (job,) in connection.execute(f"SELECT job FROM witness WHERE became IN {_ENDS} AND was <> became"))
        left_the_end = connection.execute(f"SELECT * FROM witness WHERE was IN {_ENDS}").fetchall()
        overwritten = connection.execute("SELECT * FROM witness WHERE result_changed").fetchall()
    assert set(rows) == set(accepted.values()), "lost or invented jobs"
    assert set(rows.values()) == {"succeeded"}
    assert set(ends.values()) == {1}, "a job ended twice, or never"
    assert len(ends) == JOBS
    assert left_the_end == []
    assert overwritten == []


async def _submit_all(platform: Platform) -> dict[str, str]:
    """Keys to job ids. A request that broke off is sent again with its key, as a careful client does."""
    accepted: dict[str, str] = {}
    numbers = iter(range(JOBS))

    async def submit_some(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            key = f"k{number}"
            while key not in accepted:
                try:
                    async with session.post(
                        f"{platform.base}/generators/chaos/api/v1/generate",
                        json={"prompt": f"number {number}"},
                        headers={"prefer": "respond-async", "idempotency-key": key},
                    ) as answer:
                        if answer.status == 202 or answer.status == 200:
                            accepted[key] = (await answer.json())["generation_id"]
                        else:
                            assert answer.status in (429, 503), await answer.text()
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.to_thread(wait_until, platform.is_ready, what="the platform does not come back", deadline_s=60)

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        await asyncio.gather(*(submit_some(session) for _ in range(16)))
    return accepted


def _wait_until_all_ended(path: Path, deadline_s: float) -> Counter[str]:
    states: Counter[str] = Counter()

    def all_ended() -> bool:
        nonlocal states
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            states = Counter(dict(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()))
        return not states["queued"] and not states["running"]

    wait_until(all_ended, what="there are jobs that do not end", deadline_s=deadline_s)
    return states
