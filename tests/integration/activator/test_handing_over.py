"""How held jobs come to their generator, however it behaves."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from tests.integration.activator.conftest import Generator
from tests.integration.activator.peer import Exchange, Peer, peer
from tests.integration.activator.test_asleep import Listener
from tests.servers.starting import free_port, wait_until

from octavo_core.identity import verify_forwarded


def taking(exchange: Exchange) -> None:
    exchange.take()


def first(*acts: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    """Each act once, in this order; then jobs are taken."""
    left, lock = list(acts), threading.Lock()

    def act(exchange: Exchange) -> None:
        with lock:
            now = left.pop(0) if left else taking
        now(exchange)

    return act


def open_to(generator: Generator, peer: Peer) -> None:
    generator.put("ready", pods=[peer.address], target=None)


def until_handed_over(generator: Generator) -> None:
    wait_until(lambda: generator.waiting is None, what="jobs are still held")


def test_a_delivery_says_whose_job_it_is_and_under_which_id(asleep: Generator) -> None:
    job = asleep.accepted("hello", **{"idempotency-key": "k", "x-correlation-id": "trace-1"})
    with peer(taking) as there:
        open_to(asleep, there)
        until_handed_over(asleep)
    (delivery,) = there.deliveries
    assert delivery.path == "/api/v1/generate"
    assert delivery.body == b'{"prompt":"hello"}'
    assert delivery.headers["idempotency-key"] == "k"
    assert delivery.headers["x-correlation-id"] == "trace-1"
    assert delivery.headers["prefer"] == "respond-async"
    forwarded = verify_forwarded(delivery.headers["authorization"], asleep.table.routes[asleep.name]["forwarding_key"])
    assert forwarded.job == job
    assert forwarded.principal.user == "anonymous"
    assert not forwarded.cancelled


def test_a_batch_goes_item_by_item_with_the_whole_body(asleep: Generator) -> None:
    batch = [{"prompt": "a"}, {"prompt": "b"}]
    answer = asleep.client.post("/api/v1/generate/batch", json=batch, headers={"idempotency-key": "k", "prefer": "respond-async"})
    ids = [item["generation_id"] for item in answer.json()["items"]]
    with peer(taking) as there:
        open_to(asleep, there)
        until_handed_over(asleep)
    deliveries = sorted(there.deliveries, key=lambda delivery: int(delivery.claims["item"]))
    assert [delivery.path for delivery in deliveries] == ["/api/v1/generate/batch"] * 2
    assert [delivery.claims["jti"] for delivery in deliveries] == ids
    assert [delivery.headers["idempotency-key"] for delivery in deliveries] == ["k", "k"]
    assert {delivery.body for delivery in deliveries} == {b'[{"prompt":"a"},{"prompt":"b"}]'}


@pytest.mark.parametrize(
    "refusal",
    [
        lambda exchange: exchange.answer(503, {"message": "starting"}, retry_after="1"),
        lambda exchange: exchange.answer(429, {"message": "full"}, retry_after="1"),
        lambda exchange: exchange.answer(500, {"message": "oops"}),
        lambda exchange: exchange.answer(425, {"message": "too early"}),
        lambda exchange: exchange.answer(401, {"message": "another key"}),
        lambda exchange: exchange.answer(404, b"<html>some other server</html>"),
        lambda exchange: exchange.answer(200, b"welcome to nginx"),
        lambda exchange: exchange.drop(),
    ],
    ids=["503", "429", "500", "425", "401", "404", "200", "dropped"],
)
def test_a_job_that_is_not_taken_is_offered_again(asleep: Generator, refusal: Callable[[Exchange], None]) -> None:
    job = asleep.accepted()
    with peer(first(refusal)) as there:
        open_to(asleep, there)
        until_handed_over(asleep)
        assert [delivery.claims["jti"] for delivery in there.deliveries] == [job, job]


def test_an_answer_that_never_arrives_is_asked_for_again(asleep: Generator) -> None:
    """The generator had taken it: the same id tells it so."""
    taken: list[str] = []

    def take_and_fall_silent(exchange: Exchange) -> None:
        taken.append(exchange.claims["jti"])
        exchange.drop()

    job = asleep.accepted()
    with peer(first(take_and_fall_silent, take_and_fall_silent)) as there:
        open_to(asleep, there)
        until_handed_over(asleep)
        assert taken == [job, job]
        assert len(there.deliveries) == 3


def test_a_pod_that_is_not_there_yet(asleep: Generator) -> None:
    asleep.accepted()
    asleep.put("ready", pods=[f"127.0.0.1:{free_port()}"], target=None)
    wait_until(lambda: f'"generator":"default/{asleep.name}"' in asleep.table.activator.process.log, what="nobody noticed")
    assert asleep.waiting is not None
    with peer(taking) as there:
        open_to(asleep, there)
        until_handed_over(asleep)


def test_of_several_pods_one_that_answers_is_found(asleep: Generator) -> None:
    asleep.accepted()
    with peer(taking) as there:
        asleep.put("ready", pods=[f"127.0.0.1:{free_port()}", there.address, f"127.0.0.1:{free_port()}"], target=None)
        until_handed_over(asleep)


def test_the_service_will_do_where_there_are_no_pods(asleep: Generator) -> None:
    asleep.accepted()
    with peer(taking) as there:
        asleep.put("ready", pods=[], target=f"http://{there.address}")
        until_handed_over(asleep)


def test_a_refusal_for_good_is_the_jobs_end(asleep: Generator) -> None:
    job = asleep.accepted()
    listener = Listener(asleep, job)
    listener.until(1)
    with peer(lambda exchange: exchange.answer(409, {"error": "conflict", "message": "this id belongs to another job"})) as there:
        open_to(asleep, there)
        assert listener.end()[-1].event == "job.failed"
        assert asleep.waiting is None
        told = asleep.job(job)
        assert told["status"] == "failed"
        assert told["error"] == {"error": "conflict", "message": "this id belongs to another job"}
        assert len(there.deliveries) == 1


def test_one_bad_job_holds_up_no_other(asleep: Generator) -> None:
    bad = asleep.accepted("bad")
    good = [asleep.accepted("good") for _ in range(5)]

    def act(exchange: Exchange) -> None:
        exchange.answer(500, {"message": "oops"}) if b"bad" in exchange.body else exchange.take()

    with peer(act) as there:
        open_to(asleep, there)
        wait_until(lambda: (asleep.waiting or {}).get("jobs") == 1, what="the good ones are still held")
        assert {delivery.claims["jti"] for delivery in there.deliveries} == {bad, *good}
        there.act = taking
        until_handed_over(asleep)


class TestCancelling:
    def test_a_job_that_was_cancelled_is_handed_over_as_such(self, asleep: Generator) -> None:
        job = asleep.accepted()
        asleep.client.delete(f"/api/v1/generate/{job}")
        with peer(taking) as there:
            open_to(asleep, there)
            wait_until(lambda: len(there.deliveries) == 1, what="nothing was delivered")
            assert there.deliveries[0].claims["cancelled"] is True

    def test_a_cancel_during_the_delivery_is_told_after_it(self, asleep: Generator) -> None:
        """What the generator has may have been run: only the generator can say how it ends."""
        job, answered = asleep.accepted(), threading.Event()

        def take_slowly(exchange: Exchange) -> None:
            answered.wait(20)
            exchange.take()

        with peer(first(take_slowly)) as there:
            open_to(asleep, there)
            wait_until(lambda: len(there.deliveries) == 1, what="nothing was delivered")
            answer = asleep.client.delete(f"/api/v1/generate/{job}")
            assert answer.status_code == 202
            assert answer.json()["cancel_requested"] is True
            assert answer.json()["status"] == "queued"
            assert asleep.job(job)["cancel_requested"] is True
            answered.set()
            wait_until(lambda: len(there.deliveries) == 2, what="the cancel was not delivered")
            assert "cancelled" not in there.deliveries[0].claims
            assert there.deliveries[1].claims["cancelled"] is True
            assert there.deliveries[1].claims["jti"] == job


def test_while_it_starts_a_pod_that_answers_gets_its_jobs_early(asleep: Generator) -> None:
    asleep.accepted()

    def act(exchange: Exchange) -> None:
        exchange.answer(200, {}) if exchange.path == "/health/ready" else exchange.take()

    act.answers_health = True  # type: ignore[attr-defined]
    with peer(act) as there:
        asleep.put("starting", pods=[there.address], target=None)
        until_handed_over(asleep)


def test_while_it_starts_a_pod_that_is_not_ready_gets_nothing(asleep: Generator) -> None:
    asleep.accepted()
    with peer(taking) as there:
        asleep.put("starting", pods=[there.address])
        answer = asleep.client.get("/api/v1/jobs")
        assert answer.status_code == 503, "two seconds have passed"
        assert there.deliveries == []


def test_jobs_that_come_while_others_are_delivered_follow(asleep: Generator) -> None:
    with peer(taking) as there:
        open_to(asleep, there)
        asleep.put("asleep")
        first_jobs = {asleep.accepted() for _ in range(3)}
        open_to(asleep, there)
        until_handed_over(asleep)
        asleep.put("asleep")
        second_jobs = {asleep.accepted() for _ in range(3)}
        open_to(asleep, there)
        until_handed_over(asleep)
        assert {delivery.claims["jti"] for delivery in there.deliveries} == first_jobs | second_jobs
