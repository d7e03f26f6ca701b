"""A generator that asks for tokens: its activator asks for the same."""

from __future__ import annotations

import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.integration.activator.conftest import Generator
from tests.servers.activator_process import FORWARDING_KEY
from tests.servers.answers import assert_problem
from tests.servers.jwks import Issuer

from octavo_core.identity import Forwarded, Principal, forwarding_token
from octavo_core.ids import generate_uuid

ASYNC = {"prefer": "respond-async"}


@pytest.fixture
def private(asleep: Generator) -> Generator:
    asleep.put("asleep", resource={"task": "text", "auth": {"mode": "jwt"}})
    return asleep


def test_without_a_token_nothing_is_answered(private: Generator) -> None:
    for answer in (
        private.submit(),
        private.client.post("/api/v1/generate", content=b"{"),
        private.client.post("/api/v1/generate/batch", json=[{"prompt": "x"}]),
    ):
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert private.waiting is None


def test_tokens_that_do_not_count(private: Generator, tokens: Issuer) -> None:
    forwarded = forwarding_token(FORWARDING_KEY, Forwarded(generate_uuid(), Principal("ana")), now_s=int(time.time()))
    for token in (
        tokens.token("ana", exp=int(time.time()) - 3_600),
        tokens.token("ana", iss="https://elsewhere.example.org"),
        tokens.token("ana", key=ec.generate_private_key(ec.SECP256R1())),
        tokens.token("ana", key="s" * 64, algorithm="HS256"),
        tokens.token(""),
        "abc",
        forwarded,
    ):
        assert_problem(private.submit(authorization=f"Bearer {token}"), 401)
    assert private.waiting is None


def test_a_user_sees_their_own_jobs_and_no_others(private: Generator, tokens: Issuer) -> None:
    ana, ben, admin = tokens.headers("ana"), tokens.headers("ben"), tokens.headers("root", "admin")
    job = private.accepted(**ana)
    here = f"/api/v1/generate/{job}"
    assert private.client.get(here, headers=ana).json()["generation_id"] == job
    assert private.client.get(here, headers=admin).json()["generation_id"] == job
    for answer in (
        private.client.get(here, headers=ben),
        private.client.delete(here, headers=ben),
        private.client.get(f"{here}/events", headers=ben),
    ):
        assert_problem(answer, 404)
    assert_problem(private.client.get(here), 401)
    assert private.client.delete(here, headers=ana).status_code == 200


def test_keys_of_two_users_have_nothing_to_do_with_each_other(private: Generator, tokens: Issuer) -> None:
    key = {"idempotency-key": "mine"}
    assert private.accepted(**tokens.headers("fay"), **key) != private.accepted(**tokens.headers("gus"), **key)


def test_the_audience_counts(private: Generator, tokens: Issuer) -> None:
    private.put("asleep", resource={"task": "text", "auth": {"mode": "jwt", "audience": "tales"}})
    assert_problem(private.submit(**tokens.headers("ana")), 401)
    private.accepted(authorization=f"Bearer {tokens.token('ana', aud='tales')}")


def test_what_cannot_be_checked_here_is_not_accepted_here(asleep: Generator) -> None:
    asleep.put("asleep", resource={"task": "text", "auth": {"mode": "oidc", "issuer": "https://login.example.org"}})
    assert_problem(asleep.submit(**ASYNC), 503)
    assert asleep.waiting is None


def test_where_everyone_may_call_a_token_still_says_whose_the_work_is(asleep: Generator, tokens: Issuer) -> None:
    hers, anybodys = asleep.accepted(**tokens.headers("ana")), asleep.accepted()
    assert asleep.client.get(f"/api/v1/generate/{anybodys}").status_code == 200
    assert asleep.client.get(f"/api/v1/generate/{hers}", headers=tokens.headers("ana")).status_code == 200
    assert_problem(asleep.client.get(f"/api/v1/generate/{hers}"), 404)
    assert_problem(asleep.submit(authorization=f"Bearer {tokens.token('ana', exp=int(time.time()) - 3_600)}"), 401)
