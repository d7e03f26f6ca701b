"""Words of databases, shells and templates in every parameter and every field, and fields that nobody may set."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from tests.attacks.asking import ask, right_body, text_of
from tests.attacks.house import House, Person, from_address
from tests.attacks.served import Operation

pytestmark = pytest.mark.needs("redis")

TEXTS = ("' OR '1'='1' --", '"; DROP TABLE users; --', '{"$ne": null}', "a\x00b\r\n$where: sleep(9000)")
VALUES: tuple[Any, ...] = (*TEXTS[:3], {"$ne": None}, {"$where": "sleep(9000)"}, {"a.$gt": ""}, [{"$gt": ""}])
ENDS_THE_SESSION = {"/api/auth/logout", "/api/auth/logout/all", "/api/auth/me/password"}
SMUGGLED: dict[str, Any] = {
    "role": "admin",
    "status": "suspended",
    "password_hash": "x",
    "created_at": "1999-01-01T00:00:00Z",
    "createdAt": "1999-01-01T00:00:00Z",
    "etag": '"999"',
    "version": 999,
    "state": "ready",
    "success": False,
    "__proto__": {"role": "admin"},
}


def attacked(house: House) -> list[Operation]:
    """The second generator's routes that are the first's too bring nothing new."""
    seen, found = set(), []
    for operation in house.operations:
        path = operation.path.replace("/generators/images/", "/generators/tales/")
        if (operation.method, path) in seen or path in ENDS_THE_SESSION or path.endswith("/events"):
            continue
        seen.add((operation.method, path))
        found.append(operation)
    # What deletes comes last: routes that find nothing any more ask their stores for less.
    return sorted(found, key=lambda operation: operation.method == "DELETE")


def spoiled(operation: Operation, values: tuple[Any, ...]) -> Iterator[Any]:
    """A body that the operation takes, each of its members in turn with each of the values."""
    body = right_body(operation)
    if not isinstance(body, dict):
        yield from values
        return
    for name in dict.fromkeys((*body, *operation.schema.get("properties", {}))):
        for value in values:
            yield {**copy.deepcopy(body), name: value}
    yield {**body, "$where": "1"}
    yield {**body, "user_id.$ne": "x"}


def test_no_parameter_is_a_query(house: House, eve: Person, bo: Person) -> None:
    """No 5xx, and nothing of anybody else, for any of it in any query parameter, header, path and field of any route."""
    tried = 0
    for number, operation in enumerate(attacked(house)):
        ids, token = eve.ids_at(operation), None if operation.is_public else eve.token
        # Each public route from an address of its own, or what is limited by address would be refused for that.
        sent = from_address(f"203.0.113.{number % 250}") if operation.is_public else {}
        requests: list[dict[str, Any]] = []
        for name in operation.named("query"):
            requests += [{"params": {name: text}} for text in TEXTS]
            requests += [{"params": {f"{name}[$ne]": "x"}}]
        for name in operation.named("header"):
            requests += [{"headers": {name: text}} for text in TEXTS[:3]]
        if operation.media_type == "application/json":
            requests += [{"body": body} for body in spoiled(operation, VALUES)]
        paths = [{**ids, name: text} for name in operation.parameters for text in TEXTS]
        for request, where in [*((request, ids) for request in requests), *(({}, path) for path in paths)]:
            headers = {**sent, **request.get("headers", {})}
            answer = ask(house.client, operation, where, token=token, **{**request, "headers": headers})
            assert answer.status_code < 500, f"{operation.name} {request} {where}: {answer.status_code} {answer.text[:300]}"
            assert bo.word not in text_of(answer), f"{operation.name} {request}"
            tried += 1
    assert tried >= 600
    assert house.ok("GET", "/api/auth/me", 200, by=bo)["user"]["name"].startswith("bo")
    assert house.platform.is_ready()
    assert "Traceback" not in house.platform.log


def test_an_operator_in_a_login_opens_nothing(house: House, bo: Person) -> None:
    since = house.mark()
    for username, password in (({"$ne": None}, {"$ne": None}), (bo.email, {"$gt": ""}), ({"$regex": ".*"}, "x"), (bo.email, ["x"])):
        answer = house.client.post("/api/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 422, answer.text
    form = house.client.post("/api/auth/login", data={"username[$ne]": "x", "password[$ne]": "x"})
    assert form.status_code == 422, form.text
    for username in ("' OR '1'='1' --", f"{bo.email}' --", 'x" OR ""="'):
        assert house.client.post("/api/auth/login", json={"username": username, "password": "x"}).status_code == 401
    house.told(since, status=422, route="/api/auth/login")
    house.told(since, status=401, route="/api/auth/login")


def test_what_nobody_may_set_is_refused_or_passed_over(house: House, eve: Person, bo: Person) -> None:
    """Mass assignment, generated: every body of every route, with members that would make an admin or another's of it."""
    smuggled = {**SMUGGLED, "id": bo.id, "user_id": bo.id, "owner": bo.id, "user": bo.id}
    tried = 0
    for operation in attacked(house):
        if operation.is_public or operation.is_privileged or operation.media_type != "application/json":
            continue
        right = right_body(operation)
        for name, value in smuggled.items():
            if not isinstance(right, dict) or name in operation.schema.get("properties", {}):
                continue
            answer = ask(house.client, operation, eve.ids_at(operation), token=eve.token, body={**right, name: value})
            assert answer.status_code < 500, f"{operation.name} with {name}: {answer.status_code} {answer.text[:300]}"
            if answer.status_code < 300 and name not in ("success", "state"):
                for sign in (bo.id, "1999-01-01", '"999"', '"version":999', '"role":"admin"'):
                    assert sign not in answer.text, f"{operation.name} took {name}: {answer.text[:300]}"
            tried += 1
    assert tried >= 100
    me = house.ok("GET", "/api/auth/me", 200, by=eve)["user"]
    assert (me["id"], me["role"], me["status"]) == (eve.id, "user", "active")
    for path in ("/api/characters", "/api/stories"):
        listed = house.ok("GET", path, 200, by=bo)["items"]
        assert [item["id"] for item in listed] == [bo.ids["character_id" if path == "/api/characters" else "story_id"]]
        assert all(item["user_id"] == eve.id for item in house.ok("GET", path, 200, by=eve)["items"])
    assert house.ok("GET", "/api/auth/me", 200, by=bo)["user"]["role"] == "user"


@pytest.mark.parametrize("field", ["role", "status", "id", "email_verified", "created_at"])
def test_an_account_is_not_born_an_admin(house: House, field: str) -> None:
    body = {"name": "Mallory", "email": "mallory@example.org", "password": "a kite by the river 7", field: "admin"}
    answer = house.client.post("/api/auth/register", json=body, headers=from_address("203.0.113.251"))
    assert answer.status_code == 422, answer.text
