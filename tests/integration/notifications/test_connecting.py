"""Who gets in, who does not, and what a stranger can do to the port."""

from __future__ import annotations

import time

import aiohttp
import jwt
import pytest
import socketio
from tests.integration.notifications.conftest import Build, Listen
from tests.integration.notifications.house import Ear, House
from tests.unit.jobs.making import eventually

pytestmark = pytest.mark.needs("redis")


async def refusal(house: House, token: object, **auth: object) -> dict[str, object]:
    ear = Ear(house.url)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await ear.client.connect(house.url, auth={"token": token, **auth}, transports=["websocket"], wait_timeout=20)
    await ear.close()
    (told,) = ear.refused
    assert told["data"]["success"] is False
    said: dict[str, object] = told["data"]
    return said


async def test_a_token_opens_the_users_room(house: House, listen: Listen) -> None:
    ear = await listen(house, house.token("ana"))
    ready = await ear.until("ready")
    assert ready["user"] == "ana"
    assert ready["room"] == "user:ana"
    assert ready["lastEventId"] == "0-0"
    assert ready["expiresAt"].endswith("Z")


async def test_forged_tokens_are_refused(house: House) -> None:
    hostile = {
        "none": jwt.encode({"sub": "ana", "iss": "octavo", "aud": "octavo", "exp": time.time() + 600}, "", algorithm="none"),
        "expired": house.token("ana", exp=int(time.time()) - 120),
        "other audience": house.token("ana", aud="elsewhere"),
        "other issuer": house.token("ana", iss="elsewhere"),
        "hmac": jwt.encode(
            {"sub": "ana", "iss": "octavo", "aud": "octavo", "exp": time.time() + 600},
            "k" * 32,
            algorithm="HS256",
            headers={"kid": "test-key"},
        ),
        "absent": None,
        "rubbish": "x.y.z",
    }
    for name, token in hostile.items():
        assert (await refusal(house, token))["error"] == "unauthenticated", name
    for wrong in ({"token": 7}, {"token": house.token("ana"), "lastEventId": "'; DROP"}, {"token": house.token("ana"), "scope": "all"}):
        assert (await refusal(house, **wrong))["error"] == "validation_failed", wrong  # type: ignore[arg-type]


async def test_everyone_is_one_user_without_accounts(build: Build, listen: Listen) -> None:
    house = await build(with_tokens=False)
    ear = await listen(house)
    await house.speaker.say("anonymous", 1)
    assert await ear.until_count(1) == [1]


async def test_connections_are_bounded(build: Build, listen: Listen) -> None:
    house = await build(socket_clients=3, socket_clients_per_user=2)
    await listen(house, house.token("ana"))
    await listen(house, house.token("ana"))
    assert (await refusal(house, house.token("ana")))["error"] == "too_many_requests"
    await eventually(lambda: _has_room(house) or None, what="the refused connection does not go")
    await listen(house, house.token("bo"))
    answer = await house.http.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
    assert answer.status_code == 503
    assert answer.json()["error"] == "unavailable"


def _has_room(house: House) -> bool:
    sockets = house.service.parts._sockets
    assert sockets is not None
    return len(sockets._server.eio.sockets) < 3


async def test_a_polling_handshake_answers(house: House) -> None:
    answer = await house.http.get("/socket.io/", params={"EIO": "4", "transport": "polling"})
    assert answer.status_code == 200
    assert answer.text.startswith("0{")


async def test_polling_serves_too(house: House, listen: Listen) -> None:
    ear = await listen(house, house.token("ana"), transports=["polling"])
    await house.speaker.say("ana", 1, 2)
    assert await ear.until_count(2) == [1, 2]


async def test_pages_of_other_origins_need_leave(build: Build) -> None:
    house = await build(cors_origins=["https://studio.example"])
    query = {"EIO": "4", "transport": "polling"}
    allowed = await house.http.get("/socket.io/", params=query, headers={"origin": "https://studio.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://studio.example"
    assert (await house.http.get("/socket.io/", params=query, headers={"origin": "https://evil.example"})).status_code == 400


@pytest.mark.parametrize(
    "frame",
    [
        "4" + "2" + "[" * 2000,
        '451-["x",{"_placeholder":true,"num":0}]',
        '42{"a":1}',
        "42[{}]",
        "x",
        "4/other,",
        "49999",
        "42" + "a" * 60_000,
    ],
    ids=["deep", "binary", "object", "no name", "unknown", "namespace", "unknown packet", "large"],
)
async def test_what_is_no_packet_harms_nobody_else(house: House, listen: Listen, frame: str) -> None:
    ear = await listen(house, house.token("ana"))
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{house.url}/socket.io/?EIO=4&transport=websocket") as line:
        await line.receive_str()
        await line.send_str('40{"token":"' + house.token("eve") + '"}')
        assert (await line.receive_str()).startswith("40{")
        await line.send_str(frame)
        await line.send_str('42["connect",{},{"token":""}]')
        await line.send_str('42["disconnect","me"]')
    await house.speaker.say("ana", 5)
    assert await ear.until_count(1) == [5]
    await eventually(lambda: len(_clients(house)) == 1 or None, what="the other one is still there")


def _clients(house: House) -> dict[str, object]:
    sockets = house.service.parts._sockets
    assert sockets is not None
    return sockets._clients  # type: ignore[return-value]
