"""A generator that asks for tokens."""

from __future__ import annotations

import time

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.integration.generation.conftest import Shared
from tests.integration.generation.submitting import WAIT, submit, url
from tests.servers.answers import assert_problem, follow

pytestmark = pytest.mark.needs("redis")


def test_without_a_token_nothing_is_answered(client: httpx.Client) -> None:
    for answer in (
        submit(client, "private", **WAIT),
        client.post(url("private", "generate/batch"), json=[{"prompt": "x"}]),
        client.get(url("private", "jobs")),
        client.get(url("private", "generate/01900000-0000-7000-8000-000000000000")),
        client.delete(url("private", "generate/01900000-0000-7000-8000-000000000000")),
        client.post(url("private", "generate/01900000-0000-7000-8000-000000000000/replay")),
        client.get(url("private", "generate/01900000-0000-7000-8000-000000000000/events")),
    ):
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_bad_body_without_a_token_is_told_of_the_token_alone(client: httpx.Client) -> None:
    assert_problem(client.post(url("private"), content=b"{"), 401)


def test_tokens_that_do_not_count(client: httpx.Client, shared: Shared) -> None:
    tokens = shared.issuer
    bad = {
        "expired": tokens.token("ana", exp=int(time.time()) - 3600),
        "another issuer": tokens.token("ana", iss="https://elsewhere.example.org"),
        "another key": tokens.token("ana", key=ec.generate_private_key(ec.SECP256R1())),
        "a shared secret": tokens.token("ana", key="s" * 64, algorithm="HS256"),
        "no signature": "eyJhbGciOiJub25lIiwia2lkIjoidGVzdC1rZXkifQ.e30.",
        "no subject": tokens.token(""),
        "no token": "abc",
        "very long": "x" * 20_000,
    }
    for what, token in bad.items():
        problem = assert_problem(client.get(url("private", "jobs"), headers={"authorization": f"Bearer {token}"}), 401)
        assert token[:20] not in problem["message"], what
    assert_problem(client.get(url("private", "jobs"), headers={"authorization": "Basic YTpi"}), 401)


def test_a_user_sees_their_own_jobs_and_no_others(client: httpx.Client, shared: Shared) -> None:
    ana, ben = shared.issuer.headers("ana"), shared.issuer.headers("ben")
    job = submit(client, "private", **WAIT, **ana)
    assert job.status_code == 200
    here = url("private", f"generate/{job.json()['generation_id']}")

    assert client.get(here, headers=ana).status_code == 200
    for answer in (
        client.get(here, headers=ben),
        client.delete(here, headers=ben),
        client.post(f"{here}/replay", headers=ben),
        client.get(f"{here}/events", headers=ben),
    ):
        assert_problem(answer, 404)
    listed = client.get(url("private", "jobs"), headers=ben).json()["items"]
    assert job.json()["generation_id"] not in [item["generation_id"] for item in listed]


def test_an_admin_sees_all(client: httpx.Client, shared: Shared) -> None:
    job = submit(client, "private", **WAIT, **shared.issuer.headers("carla")).json()["generation_id"]
    admin = shared.issuer.headers("root", "admin")
    assert client.get(url("private", f"generate/{job}"), headers=admin).json()["status"] == "succeeded"
    assert job in [item["generation_id"] for item in client.get(url("private", "jobs"), headers=admin).json()["items"]]
    assert follow(client, url("private", f"generate/{job}/events"), headers=admin)[-1].event == "job.succeeded"


def test_a_role_that_is_none_of_ours_gives_no_rights(client: httpx.Client, shared: Shared) -> None:
    job = submit(client, "private", **WAIT, **shared.issuer.headers("dora")).json()["generation_id"]
    assert_problem(client.get(url("private", f"generate/{job}"), headers=shared.issuer.headers("eve", "superuser")), 404)


def test_keys_of_two_users_have_nothing_to_do_with_each_other(client: httpx.Client, shared: Shared) -> None:
    ids = {
        submit(client, "private", **WAIT, **shared.issuer.headers(user), **{"idempotency-key": "mine"}).json()["generation_id"]
        for user in ("fay", "gus")
    }
    assert len(ids) == 2


def test_an_open_generator_needs_no_token(client: httpx.Client) -> None:
    assert submit(client, "text", **WAIT).status_code == 200


def test_where_no_token_is_asked_for_one_of_the_platform_says_whose_the_work_is(client: httpx.Client, shared: Shared) -> None:
    mine = submit(client, "text", **WAIT, **shared.issuer.headers("ana"))
    assert mine.status_code == 200
    here = url("text", f"generate/{mine.json()['generation_id']}")
    assert client.get(here, headers=shared.issuer.headers("ana")).status_code == 200
    for somebody in ({}, shared.issuer.headers("ben"), {"authorization": "Bearer sk-no-key-is-needed"}):
        assert_problem(client.get(here, headers=somebody), 404)


def test_where_no_token_is_asked_for_one_of_the_platform_that_does_not_count_is_refused(client: httpx.Client, shared: Shared) -> None:
    """Taken for nobody's, its work would be everybody's."""
    for token in (shared.issuer.token("ana", exp=int(time.time()) - 3600), shared.issuer.token("ana", key="s" * 64, algorithm="HS256")):
        assert_problem(submit(client, "text", **WAIT, authorization=f"Bearer {token}"), 401)


def test_where_no_token_is_asked_for_other_keys_are_none(client: httpx.Client, shared: Shared) -> None:
    for key in ("Bearer sk-no-key-is-needed", "Basic YTpi", f"Bearer {shared.issuer.token('ana', iss='https://elsewhere.example.org')}"):
        answer = submit(client, "text", **WAIT, authorization=key)
        assert answer.status_code == 200
        assert client.get(url("text", f"generate/{answer.json()['generation_id']}")).status_code == 200


def test_what_a_person_made_is_erased_for_a_service_and_for_nobody_else(client: httpx.Client, shared: Shared) -> None:
    eva, ben = shared.issuer.headers("eva"), shared.issuer.headers("ben")
    hers = submit(client, "private", **WAIT, **eva).json()["generation_id"]
    his = submit(client, "private", **WAIT, **ben).json()["generation_id"]
    erase = "/generators/private/api/internal/users/eva"
    assert_problem(client.delete(erase), 401)
    for person in (eva, shared.issuer.headers("root", "admin")):
        assert_problem(client.delete(erase, headers=person), 403)
    assert client.get(url("private", f"generate/{hers}"), headers=eva).status_code == 200

    service = shared.issuer.headers("service:auth", "service")
    for _ in range(2):
        assert client.delete(erase, headers=service).status_code == 204
    assert_problem(client.get(url("private", f"generate/{hers}"), headers=eva), 404)
    assert client.get(url("private", f"generate/{his}"), headers=ben).status_code == 200
