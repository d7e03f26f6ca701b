"""What callers and operators see when upstreams fail."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any

import httpx
import pytest
from tests.integration.generation.conftest import PROVIDER_KEY, Shared
from tests.integration.generation.submitting import WAIT, accepted, submit, until, url
from tests.servers.answers import follow
from tests.servers.upstream import Upstream

pytestmark = pytest.mark.needs("redis")

GOOD = {"choices": [{"message": {"content": "Good."}}]}


def test_a_failure_that_passes_is_tried_again(client: httpx.Client, failing: Upstream) -> None:
    failing.fail_next.append((500, {}, {"error": {"message": "a bad moment"}}))
    body = submit(client, "flaky", **WAIT).json()
    assert body["status"] == "succeeded"
    assert body["attempt"] == 2
    assert body["error"] is None
    assert len(failing.requests) == 2


@pytest.mark.parametrize(
    ("failure", "status", "code", "says"),
    [
        ((500, {}, {"error": {"message": "a bad day"}}), 503, "provider_unavailable", "up answered 500: a bad day"),
        ((429, {}, {"error": "slow down"}), 503, "provider_unavailable", "up answered 429: slow down"),
        ((503, {"retry-after": "nan"}, {}), 503, "provider_unavailable", "up answered 503"),
        ((503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, {}), 503, "provider_unavailable", "up answered 503"),
        ((408, {}, {}), 504, "provider_timeout", "up answered 408"),
        ((200, {}, b"<html>garbage"), 502, "provider_error", "not a JSON object"),
        ((200, {}, b"[]"), 502, "provider_error", "not a JSON object"),
        ((200, {}, b"\xff\xfe"), 502, "provider_error", "not a JSON object"),
        ((200, {}, {"choices": []}), 502, "provider_error", "without a message"),
        ((200, {}, {"choices": [{"message": {"content": None}}]}), 502, "provider_error", "without a message"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, tuple) else "",
)
def test_a_failure_that_stays_becomes_a_dead_letter_that_names_the_provider(
    client: httpx.Client, failing: Upstream, failure: Any, status: int, code: str, says: str
) -> None:
    failing.fail_next += [failure] * 2
    answer = submit(client, "flaky", **WAIT)

    assert answer.status_code == status
    body = answer.json()
    assert body["success"] is False
    assert body["status"] == "failed"
    assert body["attempt"] == 2
    assert body["error"]["error"] == code
    assert body["error"]["provider"] == "up"
    assert says in body["error"]["message"]
    assert body["message"] == body["error"]["message"]
    assert client.get(url("flaky", f"generate/{body['generation_id']}")).status_code == 200, "the job itself is readable"


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_is_not_tried_again(client: httpx.Client, failing: Upstream, status: int) -> None:
    failing.fail_next.append((status, {}, {"error": {"message": "no such model"}}))
    answer = submit(client, "flaky", **WAIT)
    assert answer.status_code == 502
    assert answer.json()["error"] == {
        "error": "provider_refused",
        "message": f"up answered {status}: no such model",
        "provider": "up",
    }
    assert answer.json()["attempt"] == 1
    assert len(failing.requests) == 1


def test_retry_after_of_the_provider_is_kept(client: httpx.Client, failing: Upstream) -> None:
    failing.fail_next.append((429, {"retry-after": "1"}, {}))
    began = time.monotonic()
    job = accepted(client, "flaky")
    assert until(client, "flaky", job, "succeeded")["attempt"] == 2
    assert time.monotonic() - began >= 1, "the back-off alone is a tenth of a second"


def test_a_provider_that_does_not_answer_in_time(client: httpx.Client, held: Upstream) -> None:
    answer = submit(client, "impatient", **WAIT)
    assert answer.status_code == 504
    assert answer.json()["error"] == {"error": "provider_timeout", "message": "up did not answer in 1 s", "provider": "up"}


def test_the_next_provider_takes_over_and_the_result_says_why(client: httpx.Client, failing: Upstream) -> None:
    failing.fail_next.append((500, {}, {"error": {"message": "out of order"}}))
    body = submit(client, "fallback", **WAIT).json()

    assert body["status"] == "succeeded"
    assert body["attempt"] == 1
    assert body["provider"]["name"] == "last"
    first, absent = body["provider"]["tried"]
    assert first == {"name": "first", "error": "provider_unavailable", "message": "first answered 500: out of order"}
    assert absent["name"] == "absent"
    assert "cannot be reached" in absent["message"]
    told = follow(client, url("fallback", f"generate/{body['generation_id']}/events"))
    assert [frame.data["data"]["stage"] for frame in told if frame.event == "job.progress"] == [
        "asking absent, after first failed",
        "asking last, after absent failed",
    ]


def test_where_all_fail_a_failure_that_may_pass_counts_more_than_refusals(client: httpx.Client, failing: Upstream, shared: Shared) -> None:
    refusal = (400, {}, {"error": "no"})
    failing.fail_next += [refusal] * 2
    shared.quick.fail_next += [refusal] * 2
    body = submit(client, "fallback", **WAIT).json()
    assert body["attempt"] == 2, "it was worth another attempt"
    assert body["error"]["error"] == "provider_unavailable"
    assert body["error"]["provider"] == "absent"


def test_while_the_first_provider_is_well_the_others_are_not_asked(client: httpx.Client, failing: Upstream) -> None:
    body = submit(client, "fallback", **WAIT).json()
    assert body["provider"] == {"name": "first", "model": "m", "tried": []}


def test_the_key_goes_to_the_provider_and_nowhere_else(client: httpx.Client, failing: Upstream, shared: Shared) -> None:
    told = {"error": {"message": f"Incorrect API key provided: {PROVIDER_KEY}."}}
    failing.fail_next += [(401, {}, told), (500, {}, told), (502, {}, f"x{PROVIDER_KEY}".encode()), (200, {}, GOOD)]
    answers = [submit(client, "keyed", correlation_id, **WAIT) for correlation_id in ("one", "two", "three")]

    assert {httpx.Headers(headers)["authorization"] for headers in failing.headers} == {f"Bearer {PROVIDER_KEY}"}
    assert "Incorrect API key provided: [redacted]." in answers[0].json()["message"]
    streams = [client.get(url("keyed", f"generate/{a.json()['generation_id']}/events")).text for a in answers]
    with closing(sqlite3.connect(shared.platform.home / "jobs.db")) as connection:
        rows = str(connection.execute("SELECT * FROM jobs WHERE queue = 'keyed'").fetchall())
    assert "redacted" in rows
    for place in (*(answer.text for answer in answers), *streams, rows, shared.platform.log, client.get("/generators").text):
        assert PROVIDER_KEY not in place
