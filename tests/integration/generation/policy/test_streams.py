"""Text as it comes: heard once, from one provider, and void when its stream breaks."""

from __future__ import annotations

from decimal import Decimal

import pytest
from aiohttp import web
from tests.integration.generation.policy.house import CENT_A_TOKEN, HELLO, Caller, House, Server, chat_at

from octavo_core.clock import ManualClock
from octavo_core.errors import ProviderUnavailable
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.spending import Spend


def breaks_after(server: Server, *pieces: str) -> None:
    async def behaviour(request: web.Request) -> web.StreamResponse:
        return await server.stream(request, pieces, None)

    server.behaviour = behaviour


async def test_the_pieces_are_the_answer(house: House) -> None:
    first = await house.server("first")
    caller = Caller()
    done = await house.policy(chat_at(first)).chat(HELLO, caller.call, caller.hear)
    assert caller.heard == ["from first ", "to ", "you"]
    assert done.answer.text == "from first to you"


async def test_a_stream_that_breaks_is_void_and_the_next_begins_anew(house: House) -> None:
    first, second, third = await house.server("first"), await house.server("second"), await house.server("third")
    breaks_after(first, "Once ")
    second.fails(503)
    caller = Caller()
    done = await house.policy(chat_at(first), chat_at(second), chat_at(third)).chat(HELLO, caller.call, caller.hear)
    assert caller.heard == ["Once ", "[first broke]", "from third ", "to ", "you"]
    assert done.answer.text == "from third to you"
    assert [tried.name for tried in done.tried] == ["first", "second"]


async def test_a_stream_that_broke_before_any_text_is_not_announced(house: House) -> None:
    first, second = await house.server("first"), await house.server("second")
    breaks_after(first)
    caller = Caller()
    await house.policy(chat_at(first), chat_at(second)).chat(HELLO, caller.call, caller.hear)
    assert caller.heard == ["from second ", "to ", "you"]


async def test_the_last_stream_that_breaks_fails_the_call(house: House) -> None:
    first = await house.server("first")
    breaks_after(first, "Once ", "upon ")
    caller = Caller()
    with pytest.raises(ProviderUnavailable):
        await house.policy(chat_at(first)).chat(HELLO, caller.call, caller.hear)
    assert caller.heard == ["Once ", "upon ", "[first broke]"]


async def test_a_stream_that_broke_is_paid_in_full_and_an_upstream_that_never_began_is_not(
    house: House, ledger: SqlSpendLedger, clock: ManualClock
) -> None:
    first, second = await house.server("first"), await house.server("second")
    breaks_after(first, "Once ")
    second.fails(503)
    caller = Caller()
    policy = house.policy(chat_at(first, price=CENT_A_TOKEN), chat_at(second, price=CENT_A_TOKEN), ledger=ledger, clock=clock, usdPerDay=1)
    with pytest.raises(ProviderUnavailable):
        await policy.chat(HELLO, caller.call, caller.hear)
    totals = (await ledger.totals("house", clock.now_ms()))["day"]
    assert totals.spent.usd == Decimal("0.1"), "ten tokens at a cent, the most it may have written"
    assert totals.held == Spend()
