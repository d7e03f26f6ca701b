"""Parts of scripts are kept, once each, until their time has come; on every database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from octavo_core.clock import ManualClock
from octavo_generation.scripts.drafts import Drafts, KeptPart
from octavo_generation.store import GenerationStore

JOB, OTHER = (f"0193a6f0-0000-7000-8000-00000000000{n}" for n in (1, 2))
PART = KeptPart(0, 3, 285, True, "INT. COCINA - DÍA\n\nLlueve. 🌧", '{"provider":"openai"}')


async def keep(drafts: Drafts, part: KeptPart, clock: ManualClock, *, job: str = JOB, owner: str = "ana", days: int = 7) -> KeptPart:
    return await drafts.keep(job, owner, part, expires_at=clock.now_ms() + days * 86_400_000)


async def test_parts_come_back_as_they_were_in_their_order(store: GenerationStore, clock: ManualClock) -> None:
    drafts = Drafts(store)
    parts = [replace(PART, number=number, scene=number) for number in range(12)]
    for part in reversed(parts):
        await keep(drafts, part, clock)
    assert await drafts.read(JOB) == parts
    assert await drafts.read(OTHER) == []


async def test_what_stands_behind_a_gap_does_not_count(store: GenerationStore, clock: ManualClock) -> None:
    drafts = Drafts(store)
    for number in (0, 1, 3):
        await keep(drafts, replace(PART, number=number), clock)
    assert [part.number for part in await drafts.read(JOB)] == [0, 1]


async def test_of_two_attempts_the_first_one_counts_for_both(store: GenerationStore, clock: ManualClock) -> None:
    drafts = Drafts(store)
    texts = [f"text {n}" for n in range(6)]
    kept = await asyncio.gather(*(keep(drafts, replace(PART, text=text), clock) for text in texts))
    assert len({part.text for part in kept}) == 1
    assert await drafts.read(JOB) == [kept[0]]


async def test_they_go_when_their_time_has_come(store: GenerationStore, clock: ManualClock) -> None:
    drafts = Drafts(store)
    await keep(drafts, PART, clock, days=1)
    await keep(drafts, PART, clock, job=OTHER, days=3)
    assert await drafts.prune() == 0
    clock.advance(2 * 86_400)
    assert await drafts.prune() == 1
    assert (await drafts.read(JOB), len(await drafts.read(OTHER))) == ([], 1)


async def test_they_go_with_their_owner(store: GenerationStore, clock: ManualClock) -> None:
    drafts = Drafts(store)
    await keep(drafts, PART, clock)
    await keep(drafts, PART, clock, job=OTHER, owner="eva")
    for _ in range(2):
        await drafts.forget("ana")
    assert (await drafts.read(JOB), len(await drafts.read(OTHER))) == ([], 1)
