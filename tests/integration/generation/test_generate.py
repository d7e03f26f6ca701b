"""POST, GET and DELETE of generations on a running platform."""

from __future__ import annotations

import time

import httpx
import pytest
from tests.integration.generation.conftest import Shared
from tests.integration.generation.submitting import ASYNC, WAIT, accepted, submit, until, url
from tests.servers.answers import assert_problem, follow
from tests.servers.starting import wait_until
from tests.servers.upstream import Upstream

from octavo_core.spec import DEFAULT_AUDIENCES

pytestmark = pytest.mark.needs("redis")


def test_a_waiting_caller_gets_the_result(client: httpx.Client) -> None:
    answer = submit(client, "text", **WAIT)

    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=30"
    body = answer.json()
    assert body["success"] is True
    assert body["status"] == "succeeded"
    assert body["result"] == {"text": "An answer.", "finish_reason": "stop"}
    assert body["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}
    assert body["provider"] == {"name": "up", "model": "m", "tried": []}
    assert body["attempt"] == 1
    assert body["timings"]["accepted_at"] <= body["timings"]["started_at"] <= body["timings"]["ended_at"]
    assert body["correlation_id"] == answer.headers["x-correlation-id"]


def test_an_asynchronous_caller_is_told_where_the_result_will_be(client: httpx.Client) -> None:
    answer = submit(client, "text", **ASYNC)

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    body = answer.json()
    assert body["message"] == "Please wait a moment"
    assert body["status"] in ("queued", "running")
    location = answer.headers["location"]
    assert location.endswith(body["generation_id"])
    assert follow(client, body["events_url"])[-1].event == "job.succeeded"
    assert client.get(location).json()["result"]["text"] == "An answer."


@pytest.mark.parametrize(("name", "status"), [("text", 202), ("waiting", 200)])
def test_without_a_preference_the_generator_decides(client: httpx.Client, name: str, status: int) -> None:
    assert client.post(url(name), json={"prompt": "x"}).status_code == status


def test_wait_0_answers_at_once(client: httpx.Client, held: Upstream) -> None:
    answer = submit(client, "slow", prefer="wait=0")
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=0"


def test_a_wait_that_is_too_short_ends_in_202_and_the_result_is_fetched_later(client: httpx.Client, held: Upstream) -> None:
    began = time.monotonic()
    answer = submit(client, "slow", prefer="wait=1")

    assert answer.status_code == 202
    assert 1 <= time.monotonic() - began < 10
    assert answer.json()["message"] == "Please wait a moment"
    wait_until(lambda: len(held.requests) == 1, what="the provider is not asked")
    held.released.set()
    job = until(client, "slow", answer.json()["generation_id"], "succeeded")
    assert job["result"]["text"] == "An answer."
    held.released.clear()


def test_what_the_caller_asks_for_reaches_the_provider(client: httpx.Client, shared: Shared) -> None:
    body = {"prompt": "  Why?  ", "system": "Be brief.", "max_tokens": 7, "temperature": 1, "seed": 5}
    assert client.post(url("text"), json=body, headers=WAIT).status_code == 200
    assert shared.quick.requests[-1] == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
        "max_tokens": 7,
        "temperature": 1.0,
        "seed": 5,
    }


def test_a_story_by_a_provider_is_asked_for_with_its_audiences_parameters(client: httpx.Client, shared: Shared) -> None:
    answer = client.post(url("tale"), json={"prompt": "Luna", "audience": "children", "language": "es"}, headers=WAIT)
    assert answer.status_code == 200
    asked = shared.quick.requests[-1]
    assert asked["temperature"] == 0.25
    assert asked["max_tokens"] == DEFAULT_AUDIENCES["children"].max_tokens
    assert "children" in asked["messages"][0]["content"]
    assert "language es" in asked["messages"][0]["content"]


def test_an_audience_that_is_not_served_is_refused_with_those_that_are(client: httpx.Client) -> None:
    problem = assert_problem(client.post(url("tale"), json={"prompt": "Luna", "audience": "young"}), 422)
    assert problem["errors"] == [{"path": "audience", "message": "young is not served", "allowed": "children, adult"}]


def test_a_prompt_above_the_generators_bound_is_refused(client: httpx.Client) -> None:
    assert client.post(url("short"), json={"prompt": "x" * 100}, headers=ASYNC).status_code == 202
    problem = assert_problem(client.post(url("short"), json={"prompt": "x" * 60, "system": "y" * 41}, headers=ASYNC), 413)
    assert "101 characters" in problem["message"]
    assert "takes 100" in problem["message"]


class TestIdempotency:
    def test_the_same_request_in_another_spelling_is_the_same_job(self, client: httpx.Client) -> None:
        headers = {**ASYNC, "idempotency-key": "spelling", "content-type": "application/json"}
        first = client.post(url("text"), content=b'{"prompt":"x","seed":1}', headers=headers)
        again = client.post(url("text"), content=b'{ "seed": 1, "system": null,\n "prompt": "\\u0078" }', headers=headers)
        assert first.json()["generation_id"] == again.json()["generation_id"]

    def test_another_body_is_a_conflict(self, client: httpx.Client) -> None:
        key = {"idempotency-key": "other-body"}
        assert submit(client, "text", "one", **ASYNC, **key).status_code == 202
        assert_problem(submit(client, "text", "two", **ASYNC, **key), 409)

    def test_a_repeat_that_waits_gets_the_result_of_the_first(self, client: httpx.Client) -> None:
        first = accepted(client, "text", **ASYNC, **{"idempotency-key": "later"})
        again = submit(client, "text", **WAIT, **{"idempotency-key": "later"})
        assert again.status_code == 200
        assert again.json()["generation_id"] == first
        assert again.json()["status"] == "succeeded"

    def test_keys_of_two_generators_have_nothing_to_do_with_each_other(self, client: httpx.Client) -> None:
        ids = {accepted(client, name, **ASYNC, **{"idempotency-key": "shared-key"}) for name in ("text", "pages")}
        assert len(ids) == 2

    def test_a_batch_under_a_key_is_one_request(self, client: httpx.Client) -> None:
        def post(*prompts: str) -> httpx.Response:
            return client.post(
                url("text", "generate/batch"), json=[{"prompt": p} for p in prompts], headers={**ASYNC, "idempotency-key": "batch"}
            )

        first, again = post("a", "b"), post("a", "b")
        assert [item["generation_id"] for item in first.json()["items"]] == [item["generation_id"] for item in again.json()["items"]]
        before = client.get(url("text", "jobs")).json()["items"][0]["generation_id"]
        assert_problem(post("a", "c", "d"), 409)
        assert_problem(post("a", "b", "d"), 409)
        assert client.get(url("text", "jobs")).json()["items"][0]["generation_id"] == before, "a refused batch left a job behind"


class TestCancel:
    def test_a_running_job_is_cancelled_soon(self, client: httpx.Client, held: Upstream) -> None:
        job = accepted(client, "slow")
        until(client, "slow", job, "running")
        answer = client.delete(url("slow", f"generate/{job}"))
        assert answer.status_code == 202
        assert answer.json()["cancel_requested"] is True
        assert until(client, "slow", job, "cancelled")["result"] is None

    def test_a_queued_job_is_cancelled_at_once_and_never_runs(self, client: httpx.Client, held: Upstream) -> None:
        first = accepted(client, "slow", "first")
        until(client, "slow", first, "running")
        second = accepted(client, "slow", "second")
        answer = client.delete(url("slow", f"generate/{second}"))
        assert answer.status_code == 200
        assert answer.json()["status"] == "cancelled"
        held.released.set()
        until(client, "slow", first, "succeeded")
        held.released.clear()
        assert [asked["messages"][-1]["content"] for asked in held.requests] == ["first"]

    def test_an_ended_job_cannot_be_cancelled(self, client: httpx.Client) -> None:
        job = submit(client, "text", **WAIT).json()["generation_id"]
        assert_problem(client.delete(url("text", f"generate/{job}")), 409)
        assert until(client, "text", job, "succeeded")["result"]["text"] == "An answer."

    def test_a_waiting_caller_of_a_cancelled_job_is_told(self, client: httpx.Client, held: Upstream) -> None:
        job = accepted(client, "slow", **ASYNC, **{"idempotency-key": "waits"})
        until(client, "slow", job, "running")
        client.delete(url("slow", f"generate/{job}"))
        answer = submit(client, "slow", **WAIT, **{"idempotency-key": "waits"})
        assert answer.json()["status"] == "cancelled"


class TestReplay:
    def test_a_dead_letter_runs_again_and_its_stream_goes_on_to_the_new_end(self, client: httpx.Client, failing: Upstream) -> None:
        failing.fail_next += [(500, {}, {"error": "broken"})] * 2
        failed = submit(client, "flaky", **WAIT)
        job = failed.json()["generation_id"]
        assert failed.json()["status"] == "failed"

        answer = client.post(url("flaky", f"generate/{job}/replay"))

        assert answer.status_code == 202
        assert answer.json()["generation_id"] == job
        assert answer.json()["error"] is None
        assert until(client, "flaky", job, "succeeded")["attempt"] == 3
        told = [frame.event for frame in follow(client, url("flaky", f"generate/{job}/events"))]
        assert told[-1] == "job.succeeded"
        assert told.count("job.failed") == 1

    def test_a_job_with_a_result_is_not_run_again(self, client: httpx.Client) -> None:
        job = submit(client, "text", **WAIT).json()["generation_id"]
        assert_problem(client.post(url("text", f"generate/{job}/replay")), 409)


class TestBatch:
    def test_ten_are_accepted_together_and_answered_in_order(self, client: httpx.Client, shared: Shared) -> None:
        answer = client.post(url("pages", "generate/batch"), json=[{"prompt": f"number {n}"} for n in range(10)], headers=WAIT)
        assert answer.status_code == 200
        body = answer.json()
        assert body["success"] is True
        assert len({item["generation_id"] for item in body["items"]}) == 10
        assert all(item["status"] == "succeeded" for item in body["items"])

    def test_a_batch_that_is_not_waited_for_is_202(self, client: httpx.Client) -> None:
        answer = client.post(url("text", "generate/batch"), json=[{"prompt": "x"}], headers=ASYNC)
        assert answer.status_code == 202

    @pytest.mark.parametrize(
        ("items", "path"),
        [
            ([{"prompt": "x"}] * 11, ""),
            ([], ""),
            ([{"prompt": "good"}, {"prompt": ""}, {"prompt": "good"}], "[1].prompt"),
            ([{"prompt": "good"}, "bad"], "[1]"),
            ([{"prompt": "good"}, {"prompt": "good", "temprature": 1}], "[1].temprature"),
            ({"prompt": "not a list"}, ""),
        ],
        ids=["eleven", "none", "a bad value", "a bad type", "an unknown field", "no list"],
    )
    def test_one_bad_item_refuses_all(self, client: httpx.Client, items: object, path: str) -> None:
        newest = client.get(url("text", "jobs"), params={"limit": 1}).json()["items"]
        problem = assert_problem(client.post(url("text", "generate/batch"), json=items, headers=ASYNC), 422)
        assert [fault["path"] for fault in problem["errors"]] == [path]
        left = client.get(url("text", "jobs"), params={"limit": 1}).json()["items"]
        assert [item["generation_id"] for item in left] == [item["generation_id"] for item in newest]

    def test_a_prompt_above_the_bound_refuses_all(self, client: httpx.Client) -> None:
        assert_problem(client.post(url("short", "generate/batch"), json=[{"prompt": "x"}, {"prompt": "x" * 101}], headers=ASYNC), 413)


def test_a_full_queue_refuses_with_a_time_to_come_back(client: httpx.Client, held: Upstream) -> None:
    for _ in range(2):
        accepted(client, "narrow")
    answer = submit(client, "narrow", **ASYNC)
    assert_problem(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1
    assert submit(client, "text", **WAIT).status_code == 200, "another generator is not concerned"


class TestJobsList:
    def test_pages_follow_each_other_without_gap_or_repeat(self, client: httpx.Client) -> None:
        client.post(url("pages", "generate/batch"), json=[{"prompt": f"page {n}"} for n in range(7)], headers=WAIT)
        whole = [item["generation_id"] for item in client.get(url("pages", "jobs"), params={"limit": 100}).json()["items"]]
        assert len(whole) >= 7
        assert whole == sorted(whole, reverse=True)

        paged: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = client.get(url("pages", "jobs"), params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
            assert len(page["items"]) <= 3
            paged += [item["generation_id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert paged == whole

    def test_filters_by_one_or_more_states(self, client: httpx.Client, held: Upstream) -> None:
        job = accepted(client, "slow")
        until(client, "slow", job, "running")
        waiting = accepted(client, "slow")
        page = client.get(url("slow", "jobs"), params={"status": ["queued", "running"]}).json()
        assert {item["generation_id"]: item["status"] for item in page["items"]} == {job: "running", waiting: "queued"}
        assert page["queue"] == {"queued": 1, "delayed": 0, "running": 1}
        assert [item["status"] for item in client.get(url("slow", "jobs"), params={"status": "queued"}).json()["items"]] == ["queued"]

    @pytest.mark.parametrize(
        "query",
        ["cursor=x", "cursor=%00", "cursor=%C3%B1", "cursor=" + "a" * 500, "cursor=", "limit=0", "limit=101", "limit=x", "status=done"],
    )
    def test_a_query_that_makes_no_sense_is_refused(self, client: httpx.Client, query: str) -> None:
        assert_problem(client.get(f"{url('pages', 'jobs')}?{query}"), 422)

    def test_shows_only_the_generators_own_jobs(self, client: httpx.Client) -> None:
        job = submit(client, "text", **WAIT).json()["generation_id"]
        assert_problem(client.get(url("pages", f"generate/{job}")), 404)
