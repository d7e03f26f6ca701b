"""Messages that leave: by SMTP and by WhatsApp's Cloud API; and the outbox of a laptop."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
from tests.integration.auth.house import DEADLINE_S, PASSWORD, House, assert_problem, open_house, settings_for
from tests.servers.json_http import Answer, Asked, json_server
from tests.servers.redis import RedisServer
from tests.servers.smtp import mail_server


async def _first(found: list[Any]) -> Any:
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if found:
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError("nothing arrived")


async def test_codes_arrive_by_mail_also_when_the_server_wants_them_later(tmp_path: Path, redis_server: RedisServer) -> None:
    with mail_server() as server:
        server.refusals.append("451 later")
        settings = settings_for(
            tmp_path, redis_server.url, mail="smtp", smtp_port=server.port, smtp_security="none", mail_from="Octavo <octavo@example.org>"
        )
        async with open_house(settings) as house:
            verification = await house.ask_to_register(email="ana@example.org")
            mail = await _first(server.mails)
            assert (mail["to"], mail["from"]) == ("ana@example.org", "Octavo <octavo@example.org>")
            code = mail.get_content().split("code: ")[1][:6]
            answer = await house.client.post("/api/auth/verify", json={"verification_id": verification, "code": code})
            assert answer.status_code == 200
            assert_problem(await house.client.get("/api/auth/outbox"), 404)
            phone = await house.client.post("/api/auth/register", json={"name": "Eva", "phone": "+34600111222", "password": PASSWORD})
            assert_problem(phone, 422)


async def test_codes_arrive_by_whatsapp_also_when_it_is_busy(tmp_path: Path, redis_server: RedisServer) -> None:
    asked: list[Asked] = []
    taken: list[dict[str, Any]] = []
    statuses = [500, 429]

    def handle(request: Asked) -> Answer:
        asked.append(request)
        if statuses:
            return Answer(statuses.pop(0), {"error": {"code": 1}})
        taken.append(orjson.loads(request.body))
        return Answer(200, {"messages": [{"id": "wamid.1"}]})

    with json_server(handle) as url:
        settings = settings_for(
            tmp_path, redis_server.url, mail="smtp", whatsapp_url=url, whatsapp_phone_id="1234567", whatsapp_token="a-token"
        )
        async with open_house(settings) as house:
            verification = await house.ask_to_register(phone="+34600111222")
            message = await _first(taken)
            assert asked[-1].path == "/1234567/messages"
            assert asked[-1].headers["authorization"] == "Bearer a-token"
            assert (message["messaging_product"], message["to"], message["type"]) == ("whatsapp", "34600111222", "template")
            code = message["template"]["components"][0]["parameters"][0]["text"]
            answer = await house.client.post("/api/auth/verify", json={"verification_id": verification, "code": code})
            assert answer.status_code == 200


async def test_the_outbox_is_a_page_and_for_this_machine_alone(house: House) -> None:
    await house.ask_to_register(email="ana@example.org")
    code = await house.code("ana@example.org")
    page = await house.client.get("/api/auth/outbox", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert code in page.text
    async with house.from_address("203.0.113.9") as stranger:
        assert_problem(await stranger.get("/api/auth/outbox"), 403)
