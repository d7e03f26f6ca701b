"""A deleted account is nowhere, once every service has answered."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from pathlib import Path

from tests.integration.auth.house import DEADLINE_S, PASSWORD, House, assert_problem, open_house, settings_for
from tests.servers.json_http import Answer, Asked, json_server
from tests.servers.redis import RedisServer

from octavo_auth.domain.model import Erasure, Origin
from octavo_core.errors import Unauthenticated
from octavo_core.identity import TokenVerifier
from octavo_core.ids import generate_uuid


async def _erasure(house: House, erasure: str) -> Erasure:
    """When it is done."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = await house.service._store.users.get_erasure(erasure)
        if found is not None and found.done_at is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the erasure does not end")


async def test_every_service_is_asked_until_it_has_done_it_and_nothing_is_left(tmp_path: Path, redis_server: RedisServer) -> None:
    asked: list[Asked] = []
    statuses = [503, 204]

    def handle(request: Asked) -> Answer:
        asked.append(request)
        return Answer(statuses.pop(0) if statuses else 204)

    with json_server(handle) as url:
        settings = settings_for(tmp_path, redis_server.url, erase_urls=[url, f"{url}/other/{{id}}"])
        async with open_house(settings) as house:
            tokens = await house.join(phone="+34600111222")
            person = tokens.user["id"]
            delete = {"json": {"password": PASSWORD}, "headers": tokens.headers}
            wrong = await house.client.request("DELETE", "/api/auth/me", json={"password": "no"}, headers=tokens.headers)
            assert_problem(wrong, 403)
            answer = await house.client.request("DELETE", "/api/auth/me", **delete)  # type: ignore[arg-type]
            assert answer.status_code == 202, answer.text
            assert_problem(await house.client.get("/api/auth/me", headers=tokens.headers), 401)
            login = {"username": "ana@example.org", "password": PASSWORD}
            assert_problem(await house.client.post("/api/auth/login", json=login), 401)
            done = await _erasure(house, answer.json()["erasure_id"])
            assert done.user is None
            paths = [request.path for request in asked]
            assert paths.count(f"/api/internal/users/{person}") == 2
            assert f"/other/{person}" in paths
            verifier = TokenVerifier(house.service.keys, issuer="octavo", audience="octavo")
            principal = await verifier.verify(asked[0].headers["authorization"])
            assert (principal.user, principal.role) == ("service:auth", "service")
            # The address is free again.
            await house.register()
    assert person not in _rows(tmp_path)


def _rows(home: Path) -> str:
    """What the databases hold, as rows; SQLite may leave bytes of deleted rows in pages that it will use again."""
    dumped: list[str] = []
    for path in home.rglob("*.db"):
        connection = sqlite3.connect(path)
        dumped += list(connection.iterdump())
        connection.close()
    assert dumped
    return "\n".join(dumped)


async def test_an_erasure_whose_job_was_lost_is_found_by_the_sweep(house: House) -> None:
    """Dead between the commit and the job."""
    tokens = await house.join()
    journal = house.service._services.journal
    entry = journal.entry("delete", Origin("127.0.0.1", "", "c"), actor=tokens.user["id"])
    begun = await house.service._store.users.begin_erasure(Erasure(generate_uuid(), tokens.user["id"], 1), entry)
    await house.service.tend()
    assert (await _erasure(house, begun.id)).user is None


async def test_an_admin_deletes_a_person(house: House) -> None:
    root, ana = await house.join_as_admin(), await house.join()
    answer = await house.client.delete(f"/api/auth/users/{ana.user['id']}", headers=root.headers)
    assert answer.status_code == 202
    await _erasure(house, answer.json()["erasure_id"])
    assert_problem(await house.client.get(f"/api/auth/users/{ana.user['id']}", headers=root.headers), 404)
    log = (await house.client.get("/api/auth/audit", params={"limit": 200}, headers=root.headers)).text
    assert ana.user["id"] not in log


async def test_services_of_the_same_process_are_told_without_http(tmp_path: Path, redis_server: RedisServer) -> None:
    told: list[str] = []

    async def eraser(user: str) -> None:
        told.append(user)
        if len(told) == 1:
            raise Unauthenticated("not yet")

    async with open_house(settings_for(tmp_path, redis_server.url), erasers=[eraser]) as house:
        tokens = await house.join()
        answer = await house.client.request("DELETE", "/api/auth/me", json={"password": PASSWORD}, headers=tokens.headers)
        await _erasure(house, answer.json()["erasure_id"])
        assert told == [tokens.user["id"]] * 2
        assert re.fullmatch(r"[0-9a-f-]{36}", told[0])
