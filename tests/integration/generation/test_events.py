"""Server-sent events of one generation, and of all generations of a user."""

from __future__ import annotations

import itertools

import httpx
import pytest
import redis
from tests.integration.generation.conftest import Shared
from tests.integration.generation.submitting import WAIT, accepted, submit, until, url
from tests.servers.answers import ENDS, assert_problem, follow, frames
from tests.servers.starting import wait_until
from tests.servers.upstream import Upstream

from octavo.runner.layout import Home

pytestmark = pytest.mark.needs("redis")


def order(event_id: str | None) -> tuple[int, int]:
    assert event_id is not None
    milliseconds, sequence = event_id.split("-")
    return int(milliseconds), int(sequence)


def test_the_stream_tells_the_job_from_acceptance_to_its_end(client: httpx.Client) -> None:
    job = accepted(client, "text")
    told = follow(client, url("text", f"generate/{job}/events"))

    assert [frame.event for frame in told] == ["job.accepted", "job.started", "job.succeeded"]
    assert [frame.data["version"] for frame in told] == [1, 2, 3]
    assert all(frame.data["id"] == frame.id and frame.data["type"] == frame.event for frame in told)
    assert all(frame.data["job"] == job and frame.data["generator"] == "text" for frame in told)
    assert all(a < b for a, b in itertools.pairwise(order(frame.id) for frame in told))
    assert told[-1].data["data"]["result"]["result"]["text"] == "An answer."


def test_an_acceptance_that_is_published_again_is_told_once(client: httpx.Client, held: Upstream, shared: Shared) -> None:
    running, job = accepted(client, "slow"), accepted(client, "slow")
    stream = redis.Redis.from_url(Home(shared.platform.home).redis_url)

    def acceptances() -> list[str]:
        return [i.decode() for i, fields in stream.xrange("octavo:events:anonymous") if fields[b"j"] == job.encode()]

    wait_until(lambda: len(acceptances()) == 2, what="the reaper does not publish again what waits long")
    with client.stream("GET", url("slow", f"generate/{job}/events"), headers={"last-event-id": acceptances()[0]}) as answer:
        held.released.set()
        assert [frame.event for frame in frames(answer.iter_lines())] == ["job.started", "job.succeeded"]
    whole = follow(client, url("slow", f"generate/{job}/events"))
    assert [frame.event for frame in whole] == ["job.accepted", "job.started", "job.succeeded"]
    held.released.clear()
    until(client, "slow", running, "succeeded")


def test_a_running_job_is_followed_live_to_its_end(client: httpx.Client, held: Upstream) -> None:
    job = accepted(client, "slow")
    with client.stream("GET", url("slow", f"generate/{job}/events")) as answer:
        told = []
        for frame in frames(answer.iter_lines()):
            told.append(frame.event)
            if frame.event == "job.started":
                held.released.set()
    held.released.clear()
    assert told == ["job.accepted", "job.started", "job.succeeded"]


def test_a_client_that_comes_back_gets_what_followed_without_gap_or_repeat(client: httpx.Client, failing: Upstream) -> None:
    failing.fail_next.append((503, {}, {"error": {"message": "not now"}}))
    job = submit(client, "flaky", **WAIT).json()["generation_id"]
    path = url("flaky", f"generate/{job}/events")
    whole = follow(client, path)
    assert [frame.event for frame in whole] == ["job.accepted", "job.started", "job.progress", "job.started", "job.succeeded"]
    assert whole[2].data["data"]["stage"] == "waiting to run again"

    for index in range(len(whole) - 1):
        assert follow(client, path, last_event_id=whole[index].id) == whole[index + 1 :]
    assert follow(client, f"{path}?lastEventId={whole[1].id}") == whole[2:]


def test_after_the_end_a_client_is_told_the_end_again(client: httpx.Client) -> None:
    job = submit(client, "text", **WAIT).json()["generation_id"]
    path = url("text", f"generate/{job}/events")
    last = follow(client, path)[-1]
    (again,) = follow(client, path, last_event_id=last.id)
    assert again.event == "job.succeeded"
    assert again.id is None, "it is no event of the stream"
    assert again.data["version"] == last.data["version"]


def test_a_cancelled_job_ends_its_stream(client: httpx.Client, held: Upstream) -> None:
    job = accepted(client, "slow")
    with client.stream("GET", url("slow", f"generate/{job}/events")) as answer:
        told = []
        for frame in frames(answer.iter_lines()):
            told.append(frame.event)
            if frame.event == "job.started":
                client.delete(url("slow", f"generate/{job}"))
    assert told == ["job.accepted", "job.started", "job.cancelled"]


def test_two_listeners_hear_the_same(client: httpx.Client, held: Upstream) -> None:
    job = accepted(client, "slow")
    path = url("slow", f"generate/{job}/events")
    with client.stream("GET", path) as one, client.stream("GET", path) as two:
        until(client, "slow", job, "running")
        held.released.set()
        assert list(frames(one.iter_lines())) == list(frames(two.iter_lines()))
    held.released.clear()


@pytest.mark.parametrize("event_id", ["x", "1", "1-", "-1", "1-1-1", "99999999999999999999-0", "$", "0-0 COUNT 5", "1.5-0"])
def test_an_id_that_was_never_given_out_is_refused(client: httpx.Client, event_id: str) -> None:
    job = submit(client, "text", **WAIT).json()["generation_id"]
    assert_problem(client.get(url("text", f"generate/{job}/events"), headers={"last-event-id": event_id}), 422)


def test_digits_of_other_scripts_are_no_ids(client: httpx.Client, shared: Shared) -> None:
    job = submit(client, "text", **WAIT).json()["generation_id"]
    assert_problem(client.get(url("text", f"generate/{job}/events"), params={"lastEventId": "١-١"}), 422)
    assert_problem(client.get("/api/notifications", params={"after": "١-١"}, headers=shared.issuer.headers("ana")), 422)


def test_events_of_a_job_that_is_not_there(client: httpx.Client) -> None:
    assert_problem(client.get(url("text", "generate/01900000-0000-7000-8000-000000000000/events")), 404)


class TestNotifications:
    def test_a_user_hears_of_all_their_jobs_and_of_nobody_elses(self, client: httpx.Client, shared: Shared) -> None:
        mine, other = shared.issuer.headers("rosa"), shared.issuer.headers("pablo")
        with client.stream("GET", "/api/notifications/events", headers=mine) as stream:
            lines = stream.iter_lines()
            assert next(lines) == ": connected"
            theirs = submit(client, "private", **WAIT, **other).json()["generation_id"]
            jobs = [submit(client, "private", **WAIT, **mine).json()["generation_id"] for _ in range(2)]
            told = list(itertools.islice(frames(lines), 6))
        assert [(frame.data["job"], frame.event) for frame in told] == [
            (job, event) for job in jobs for event in ("job.accepted", "job.started", "job.succeeded")
        ]
        assert theirs not in jobs

    def test_what_was_missed_is_read_in_pages_and_streamed_after_an_id(self, client: httpx.Client, shared: Shared) -> None:
        mine = shared.issuer.headers("clara")
        jobs = [submit(client, "private", **WAIT, **mine).json()["generation_id"] for _ in range(2)]
        first = client.get("/api/notifications", params={"limit": 4}, headers=mine).json()
        assert first["success"] is True
        assert len(first["items"]) == 4
        rest = client.get("/api/notifications", params={"after": first["last_event_id"]}, headers=mine).json()
        events = first["items"] + rest["items"]
        assert [event["job"] for event in events] == [jobs[0]] * 3 + [jobs[1]] * 3
        nothing = client.get("/api/notifications", params={"after": rest["last_event_id"]}, headers=mine).json()
        assert nothing["items"] == []
        assert nothing["last_event_id"] == rest["last_event_id"]

        with client.stream("GET", "/api/notifications/events", headers={**mine, "last-event-id": first["last_event_id"]}) as stream:
            told = list(itertools.islice(frames(stream.iter_lines()), 2))
        assert [frame.data for frame in told] == rest["items"]
        assert told[-1].event in ENDS

    def test_needs_a_token_where_tokens_are_checked(self, client: httpx.Client) -> None:
        assert_problem(client.get("/api/notifications"), 401)
        assert_problem(client.get("/api/notifications/events"), 401)

    @pytest.mark.parametrize("query", ["after=x", "after=%00", "limit=0", "limit=501"])
    def test_a_query_that_makes_no_sense_is_refused(self, client: httpx.Client, shared: Shared, query: str) -> None:
        assert_problem(client.get(f"/api/notifications?{query}", headers=shared.issuer.headers("eva")), 422)

    def test_a_last_event_id_that_makes_no_sense_is_refused(self, client: httpx.Client, shared: Shared) -> None:
        headers = {**shared.issuer.headers("eva"), "last-event-id": "yesterday"}
        assert_problem(client.get("/api/notifications/events", headers=headers), 422)
