"""Admins, and who is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.auth.house import House, assert_problem, open_house, settings_for
from tests.servers.redis import RedisServer
from tests.unit.jobs.making import eventually

from octavo_auth.adapters.store.revoking import KEPT_MS
from octavo_auth.domain import keyring
from octavo_core.clock import SystemClock
from octavo_core.errors import Unauthenticated
from octavo_core.identity import TokenVerifier
from octavo_core.identity.revocation import MEMBER, subject_digest

ADMIN_PATHS = ("/api/auth/users", "/api/auth/users/{id}", "/api/auth/audit")


async def test_only_admins_see_people_and_the_log(house: House) -> None:
    tokens = await house.join()
    for path in ADMIN_PATHS:
        where = path.format(id=tokens.user["id"])
        assert_problem(await house.client.get(where, headers=tokens.headers), 403)
        assert_problem(await house.client.get(where), 401)
    where = f"/api/auth/users/{tokens.user['id']}"
    assert_problem(await house.client.patch(where, json={"role": "admin"}, headers=tokens.headers), 403)
    assert_problem(await house.client.delete(where, headers=tokens.headers), 403)
    assert_problem(await house.client.post(f"{where}/logout", headers=tokens.headers), 403)
    service = {"authorization": f"Bearer {await house.service.tokens.service_token('stories')}"}
    assert_problem(await house.client.get("/api/auth/users", headers=service), 401)


async def test_other_services_refuse_who_is_suspended_or_deleted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the token that they still have."""
    monkeypatch.setattr(keyring, "REVOKED_FRESH_S", 0.0)
    root, ana = await house.join_as_admin(), await house.join()
    elsewhere, where = TokenVerifier(house.service.keys, issuer="octavo", audience="octavo"), f"/api/auth/users/{ana.user['id']}"

    async def published() -> list[str]:
        revoked: list[str] = (await house.client.get("/.well-known/jwks.json")).json()[MEMBER]
        return revoked

    token = ana.headers["authorization"]
    assert (await elsewhere.verify(token)).user == ana.user["id"]
    assert await published() == []
    for _ in range(2):
        await house.client.patch(where, json={"status": "suspended"}, headers=root.headers)
    assert await published() == [subject_digest(ana.user["id"])]
    with pytest.raises(Unauthenticated, match="suspended"):
        await elsewhere.verify(token)
    await house.client.patch(where, json={"status": "active"}, headers=root.headers)
    assert (await elsewhere.verify(token)).user == ana.user["id"]
    assert (await house.client.delete(where, headers=root.headers)).status_code == 202
    await eventually(lambda: _is_gone(house, ana.user["id"]), what="the account does not go", deadline_s=30)
    with pytest.raises(Unauthenticated, match="no more"):
        await elsewhere.verify(token)
    assert (await elsewhere.verify(root.headers["authorization"])).role == "admin"
    # Longer than any token lives.
    await house.service._store.housekeeping.purge(SystemClock().now_ms() + KEPT_MS + 1, audit_before=0)
    assert await published() == []


async def _is_gone(house: House, user: str) -> bool:
    return await house.service._store.users.get(user) is None


async def test_an_admin_finds_suspends_and_lets_in_again(house: House) -> None:
    root = await house.join_as_admin()
    ana = await house.join()
    found = (await house.client.get("/api/auth/users", params={"q": "ANA@"}, headers=root.headers)).json()
    assert [user["id"] for user in found["items"]] == [ana.user["id"]]
    where = f"/api/auth/users/{ana.user['id']}"
    suspended = await house.client.patch(where, json={"status": "suspended"}, headers=root.headers)
    assert suspended.json()["user"]["status"] == "suspended"
    assert_problem(await house.client.get("/api/auth/me", headers=ana.headers), 401)
    assert_problem(await house.client.post("/api/auth/refresh", json={"refresh_token": ana.refresh}), 401)
    body = {"username": "ana@example.org", "password": "a fine long password"}
    assert_problem(await house.client.post("/api/auth/login", json=body), 403)
    assert_problem(await house.client.post("/api/auth/login", json={**body, "password": "wrong password"}), 401)
    await house.client.patch(where, json={"status": "active"}, headers=root.headers)
    again = await house.login()
    assert (await house.client.post(f"{where}/logout", headers=root.headers)).json()["sessions"] == 1
    assert_problem(await house.client.get("/api/auth/me", headers=again.headers), 401)


async def test_pages_of_people(house: House) -> None:
    root = await house.join_as_admin()
    for n in range(4):
        await house.register(f"p{n}@example.org", name=f"Person {n}")
    seen, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await house.client.get("/api/auth/users", params=params, headers=root.headers)).json()
        seen += [user["name"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["Person 3", "Person 2", "Person 1", "Person 0", "Root"]
    assert_problem(await house.client.get("/api/auth/users", params={"cursor": "x' OR 1=1"}, headers=root.headers), 422)
    assert_problem(await house.client.get("/api/auth/users", params={"q": "a\x00b"}, headers=root.headers), 422)


async def test_a_role_given_and_taken_holds_at_once(house: House) -> None:
    root = await house.join_as_admin()
    ana = await house.join()
    where = f"/api/auth/users/{ana.user['id']}"
    await house.client.patch(where, json={"role": "admin"}, headers=root.headers)
    assert (await house.client.get("/api/auth/users", headers=ana.headers)).status_code == 200
    await house.client.patch(where, json={"role": "user"}, headers=root.headers)
    assert_problem(await house.client.get("/api/auth/users", headers=ana.headers), 403)


async def test_the_last_admin_stays(house: House) -> None:
    root = await house.join_as_admin()
    where = f"/api/auth/users/{root.user['id']}"
    for change in ({"role": "user"}, {"status": "suspended"}):
        assert_problem(await house.client.patch(where, json=change, headers=root.headers), 409)
    assert_problem(await house.client.delete(where, headers=root.headers), 409)
    own = await house.client.request("DELETE", "/api/auth/me", json={"password": "a fine long password"}, headers=root.headers)
    assert_problem(own, 409)


async def test_the_log_tells_who_did_what_and_no_secret(house: House) -> None:
    root = await house.join_as_admin()
    ana = await house.join()
    await house.client.post("/api/auth/login", json={"username": "ana@example.org", "password": "the wrong password"})
    await house.client.patch(f"/api/auth/users/{ana.user['id']}", json={"status": "suspended"}, headers=root.headers)
    params = {"user": ana.user["id"]}
    answer = await house.client.get("/api/auth/audit", params=params, headers=root.headers)
    entries = [(entry["action"], entry["outcome"], entry["actor"]) for entry in answer.json()["items"]]
    assert entries == [
        ("administer", "ok", root.user["id"]),
        ("login", "refused", None),
        ("login", "ok", ana.user["id"]),
        ("verify", "ok", ana.user["id"]),
    ]
    assert all(entry["address"] == "127.0.0.1" for entry in answer.json()["items"])
    everything = (await house.client.get("/api/auth/audit", params={"limit": 200}, headers=root.headers)).text
    for secret in ("the wrong password", "ana@example.org", ana.refresh):
        assert secret not in everything
    refused = await house.client.get("/api/auth/audit", params={"outcome": "refused"}, headers=root.headers)
    assert {entry["action"] for entry in refused.json()["items"]} == {"login"}


async def test_the_address_of_a_caller_is_what_a_trusted_proxy_says_and_nobody_else(tmp_path: Path, redis_server: RedisServer) -> None:
    async with open_house(settings_for(tmp_path, redis_server.url, trusted_proxies=["10.0.0.0/8"])) as house:
        root = await house.join_as_admin()
        body = {"username": "root@example.org", "password": "not the password"}
        for address, said in (("10.1.2.3", "203.0.113.5, 10.9.9.9"), ("198.51.100.1", "203.0.113.6")):
            async with house.from_address(address) as client:
                await client.post("/api/auth/login", json=body, headers={"x-forwarded-for": said})
        entries = await house.client.get("/api/auth/audit", params={"action": "login", "outcome": "refused"}, headers=root.headers)
        assert [entry["address"] for entry in entries.json()["items"]] == ["198.51.100.1", "203.0.113.5"]


async def test_every_route_is_in_the_document_with_who_may_call_it(house: House) -> None:
    document = (await house.client.get("/api/auth/openapi.json")).json()
    paths = document["paths"]
    for word in ("register", "verify", "login", "refresh", "logout", "recover", "me", "users", "audit"):
        assert f"/api/auth/{word}" in paths
    open_to_all = {
        "/.well-known/jwks.json",
        "/api/auth/outbox",
        "/api/auth/oidc",
        *(f"/api/auth/{path}" for path in ("register", "verify", "verify/resend", "login", "refresh", "recover", "recover/confirm")),
        *(f"/api/auth/{path}" for path in ("service-token", "oidc/{provider}/start", "oidc/{provider}/callback", "oidc/token")),
    }
    without = {path for path, item in paths.items() for operation in item.values() if not operation.get("security")}
    assert {path for path in without if "/health" not in path} == open_to_all
    assert (await house.client.get("/api/auth/health/ready")).status_code == 200
    assert (await house.client.get("/api/auth/docs")).status_code == 200
