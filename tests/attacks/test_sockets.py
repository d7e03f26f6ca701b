"""Rooms of others, over the socket: by a forged token, by a job's id, by asking to be let into a room."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
import socketio
from tests.attacks.house import EVIL, House, Person

pytestmark = pytest.mark.needs("redis")


async def refused(house: House, auth: dict[str, Any]) -> None:
    client = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(house.platform.base, auth=auth, transports=["websocket"], wait_timeout=20)
    await client.disconnect()


async def test_a_room_opens_to_no_other_token(house: House, eve: Person, bo: Person) -> None:
    since = house.mark()
    stolen = f"{eve.token.rpartition('.')[0]}.{bo.token.rpartition('.')[2]}"
    for auth in ({}, {"token": None}, {"token": "rubbish"}, {"token": stolen}, {"token": eve.refresh}, {"token": {"$ne": ""}}):
        await refused(house, auth)
    assert [record["error"] for record in house.lines(since) if record.get("event") == "a connection was refused"]


async def test_another_s_events_are_not_heard(house: House, eve: Person, bo: Person) -> None:
    since, heard = house.mark(), []
    ready = asyncio.Event()
    client = socketio.AsyncClient(reconnection=False)
    client.on("*", lambda event, *data: heard.append((event, data)))
    client.on("ready", lambda *_: ready.set())
    # A place in a stream is no key to it: it is the caller's own stream that is read.
    await client.connect(house.platform.base, auth={"token": eve.token, "lastEventId": "0-0", "user": bo.id}, transports=["websocket"])
    try:
        async with asyncio.timeout(30):
            await ready.wait()
            said = await client.call("subscribe", {"job": bo.ids["tales/generation_id"]}, timeout=20)
            assert (said["success"], said["error"]) == (False, "not_found")
            for room in (f"user:{bo.id}", {"$ne": ""}, "*"):
                assert (await client.call("subscribe", {"job": room}, timeout=20))["success"] is False
            assert (await client.call("authenticate", {"token": bo.token}, timeout=20))["error"] == "forbidden"
            for name in ("join", "enter_room", "room", "user"):
                await client.emit(name, {"room": f"user:{bo.id}", "user": bo.id})
            body = {"prompt": "A kite"}
            headers = {"authorization": f"Bearer {bo.token}", "prefer": "wait=30"}
            done = await asyncio.to_thread(house.client.post, "/generators/tales/api/v1/generate", json=body, headers=headers)
            assert done.status_code == 200
            # Whoever hears their own answer would have heard what came before it.
            assert (await client.call("subscribe", {"job": "nobody-s"}, timeout=20))["success"] is False
    finally:
        await client.disconnect()
    assert bo.id not in str(heard)
    assert bo.word not in str(heard)
    refusals = [record for record in house.lines(since) if record.get("event") == "a subscription was refused"]
    assert {record["user"] for record in refusals} == {eve.id}


async def test_a_page_of_elsewhere_opens_no_socket(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        for url in ("/socket.io/?EIO=4&transport=polling", "/socket.io/?EIO=4&transport=websocket"):
            async with session.get(f"{house.platform.base}{url}", headers={"origin": EVIL}) as answer:
                assert answer.status == 400
                assert "access-control-allow-origin" not in answer.headers
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{house.platform.base}/socket.io/?EIO=4&transport=websocket", headers={"origin": EVIL})
