"""Guessing passwords and codes, asking who has an account, and asking too often: against the process as a proxy passes it on."""

from __future__ import annotations

import httpx
import pytest
from tests.attacks.house import BURST, PASSWORD, House, Person, from_address
from tests.servers.answers import assert_problem

pytestmark = pytest.mark.needs("redis")


def test_a_password_is_not_guessed_and_the_right_one_comes_too_late(house: House) -> None:
    since, cleo, there = house.mark(), house.person("cleo"), from_address("198.51.100.7")
    statuses = []
    for n in range(12):
        body = {"username": cleo.email, "password": f"guess number {n}"}
        statuses.append(house.client.post("/api/auth/login", json=body, headers=there).status_code)
    assert statuses == [401] * 10 + [429] * 2
    late = house.client.post("/api/auth/login", json={"username": cleo.email, "password": PASSWORD}, headers=there)
    assert_problem(late, 429)
    assert int(late.headers["retry-after"]) >= 1
    house.told(since, status=401, route="/api/auth/login", address="198.51.100.7")
    house.told(since, status=429, route="/api/auth/login", address="198.51.100.7")
    # Who she is at home, she still is.
    house.login(cleo.email)


def test_an_address_that_only_says_so_is_not_believed(house: House) -> None:
    """The proxy's own word comes last in the list; what stands before is the caller's."""
    cleo, statuses = house.person("cleo"), []
    for n in range(12):
        body = {"username": cleo.email, "password": f"guess number {n}"}
        there = from_address(f"203.0.113.{n}, 198.51.100.8")
        statuses.append(house.client.post("/api/auth/login", json=body, headers=there).status_code)
    assert statuses[-2:] == [429] * 2


def test_a_code_is_not_guessed_and_the_right_one_comes_too_late(house: House) -> None:
    since, email = house.mark(), "guessed@example.org"
    asked = house.ok("POST", "/api/auth/register", 202, json={"name": "Guessed", "email": email, "password": PASSWORD})
    right = house.code(email)
    house.secrets.add(right)
    for n in range(1, 6):
        body = {"verification_id": asked["verification_id"], "code": f"{(int(right) + n) % 1_000_000:06d}"}
        assert_problem(house.client.post("/api/auth/verify", json=body), 422)
    assert_problem(house.client.post("/api/auth/verify", json={"verification_id": asked["verification_id"], "code": right}), 422)
    house.told(since, status=422, route="/api/auth/verify")


def test_codes_of_all_accounts_together_are_not_tried_from_one_address(house: House, eve: Person) -> None:
    statuses = []
    for n in range(64):
        body = {"verification_id": eve.id, "code": f"{n:06d}"}
        # The neighbour of an IPv6 address is the same person's.
        answer = house.client.post("/api/auth/verify", json=body, headers=from_address(f"2001:db8:5::{n:x}"))
        statuses.append(answer.status_code)
    assert statuses == [422] * 60 + [429] * 4


def test_nobody_is_told_who_has_an_account(house: House, eve: Person) -> None:
    """By the words. That both take as long is shown where auth is tested alone."""
    for path, field, more in (
        ("login", "username", {"password": "not the password"}),
        ("recover", "username", {}),
        ("register", "email", {"name": "Some One", "password": "another fine password 7"}),
    ):
        said = []
        for address in (eve.email, "nobody@example.org"):
            answer = house.client.post(f"/api/auth/{path}", json={field: address, **more})
            body = {name: value for name, value in answer.json().items() if not name.endswith("_id")}
            said.append((answer.status_code, body))
        assert said[0] == said[1], path


def test_an_address_that_asks_too_often_waits(house: House) -> None:
    since, there = house.mark(), from_address("198.51.100.20")
    answers = [house.client.get("/generators", headers=there) for _ in range(BURST + 10)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:BURST] == [200] * BURST
    assert 429 in statuses[BURST:]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    # Everywhere, and nobody else; what watches over the process is not counted.
    assert house.client.get("/api/auth/me", headers=there).status_code == 429
    assert house.client.get("/generators/tales/api/v1/jobs", headers=there).status_code == 429
    assert house.client.get("/health/ready", headers=there).status_code == 200
    assert house.client.get("/metrics", headers=there).status_code == 200
    assert house.client.get("/generators", headers=from_address("198.51.100.21")).status_code == 200
    assert house.client.get("/generators").status_code == 200
    house.told(since, status=429, error="too_many_requests", address="198.51.100.20")


def test_a_user_who_asks_too_often_from_many_addresses_waits(house: House, eve: Person) -> None:
    flora, since = house.person("flora"), house.mark()

    def asked(n: int, token: str) -> httpx.Response:
        headers = {**from_address(f"192.0.2.{n}"), "authorization": f"Bearer {token}"}
        return house.client.get("/api/characters", headers=headers)

    statuses = [asked(n, flora.token).status_code for n in range(BURST + 10)]
    assert statuses[:BURST] == [200] * BURST
    assert 429 in statuses[BURST:]
    assert asked(200, eve.token).status_code == 200
    house.told(since, status=429, user=flora.id)
