"""Requests that go on to a generator that answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest
from tests.integration.activator.conftest import ORIGIN, Generator
from tests.integration.activator.peer import Exchange, Peer, peer
from tests.servers.answers import assert_problem
from tests.servers.starting import free_port, wait_until


@pytest.fixture
def there(asleep: Generator) -> Iterator[Peer]:
    """A server in the generator's place, and the gate is open."""
    with peer(lambda exchange: exchange.answer(200, {"you": "are here"})) as started:
        asleep.put("ready", pods=[started.address], target=None)
        yield started


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_method_path_query_headers_and_body_arrive_as_they_were_sent(asleep: Generator, there: Peer, method: str) -> None:
    body = None if method in ("GET", "DELETE") else b"\x00\xffbytes"
    answer = asleep.client.request(
        method,
        "/v1/sonder%20zeichen/%C3%B1?a=1&b=%20&b=2",
        content=body,
        headers={"authorization": "Bearer mine", "x-custom": "yes", "connection": "x-private", "x-private": "1", "accept": "x/y"},
    )
    assert answer.status_code == 200
    (exchange,) = there.exchanges
    assert (exchange.method, exchange.path) == (method, "/v1/sonder%20zeichen/%C3%B1?a=1&b=%20&b=2")
    assert exchange.body == (body or b"")
    assert exchange.headers["authorization"] == "Bearer mine"
    assert exchange.headers["x-custom"] == "yes"
    assert exchange.headers["accept"] == "x/y"
    assert exchange.headers["host"] == asleep.url.removeprefix("http://")
    assert exchange.headers["x-correlation-id"] == answer.headers["x-correlation-id"]
    assert exchange.headers["x-octavo-activator"] == "1"
    assert "x-private" not in exchange.headers
    assert "transfer-encoding" not in exchange.headers


def test_the_answer_comes_back_as_it_is(asleep: Generator, there: Peer) -> None:
    def act(exchange: Exchange) -> None:
        exchange.handler.send_response(418)
        for name, value in (("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-encoding", "x-odd"), ("content-length", "3")):
            exchange.handler.send_header(name, value)
        exchange.handler.send_header("connection", "x-hop")
        exchange.handler.send_header("x-hop", "1")
        exchange.handler.send_header("access-control-allow-origin", "*")
        exchange.handler.end_headers()
        exchange.handler.wfile.write(b"tea")

    there.act = act
    answer = asleep.client.get("/v1/x", headers={"origin": ORIGIN})
    assert answer.status_code == 418
    assert answer.content == b"tea"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["content-encoding"] == "x-odd"
    assert "x-hop" not in answer.headers
    assert answer.headers.get_list("access-control-allow-origin") == [ORIGIN]
    assert len(answer.headers.get_list("date")) == 1


def test_a_caller_is_sent_to_the_generator_itself_next_time(asleep: Generator, there: Peer) -> None:
    assert asleep.client.get("/v1/x").headers["connection"] == "close"
    asleep.put("asleep")
    assert "connection" not in asleep.client.get("/health/live").headers


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body(asleep: Generator, there: Peer, status: int) -> None:
    def act(exchange: Exchange) -> None:
        exchange.handler.send_response(status)
        exchange.handler.end_headers()

    there.act = act
    assert asleep.client.get("/v1/x").status_code == status
    assert asleep.client.get("/v1/x").status_code == status


def test_a_head_request(asleep: Generator, there: Peer) -> None:
    def act(exchange: Exchange) -> None:
        exchange.handler.send_response(200)
        exchange.handler.send_header("content-length", "1000")
        exchange.handler.end_headers()

    there.act = act
    answer = asleep.client.head("/v1/x")
    assert answer.headers["content-length"] == "1000"
    assert asleep.client.head("/v1/x").status_code == 200


def test_a_stream_comes_piece_by_piece(asleep: Generator, there: Peer) -> None:
    go_on = threading.Event()

    def act(exchange: Exchange) -> None:
        exchange.begin_stream(content_type="text/event-stream")
        exchange.stream(b"first")
        go_on.wait(20)
        exchange.stream(b"second")
        exchange.handler.wfile.write(b"0\r\n\r\n")

    there.act = act
    with asleep.client.stream("GET", "/v1/x") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"first", "before the second is there"
        go_on.set()
        assert b"".join(parts) == b"second"


def test_a_body_goes_on_as_it_comes(asleep: Generator, there: Peer) -> None:
    arrived = threading.Event()

    def act(exchange: Exchange) -> None:
        arrived.set()
        exchange.answer(200, {"size": len(exchange.body)})

    there.act = act

    def parts() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 1_000

    answer = asleep.client.post("/v1/x", content=parts())
    assert answer.json() == {"size": 10_000}
    assert there.exchanges[0].headers["transfer-encoding"] == "chunked"


def test_a_body_over_the_bound(asleep: Generator, there: Peer) -> None:
    assert_problem(asleep.client.post("/v1/x", content=b"x" * 70_000), 413)
    assert there.exchanges == []


def test_when_the_caller_goes_the_generator_hears_of_it(asleep: Generator, there: Peer) -> None:
    gone = threading.Event()

    def act(exchange: Exchange) -> None:
        exchange.begin_stream()
        try:
            while True:
                exchange.stream(b"more" * 1_000)
        except OSError:
            gone.set()

    there.act = act
    with asleep.client.stream("GET", "/v1/x") as answer:
        assert next(answer.iter_raw())
    assert gone.wait(10)


def test_an_answer_that_breaks_off_does_not_pass_for_a_whole_one(asleep: Generator, there: Peer) -> None:
    def act(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.stream(b"half")
        exchange.drop()

    there.act = act
    with pytest.raises(httpx.RemoteProtocolError):
        asleep.client.get("/v1/x")
    assert asleep.table.activator.is_ready()


def test_a_generator_that_breaks_off_before_it_answers(asleep: Generator, there: Peer) -> None:
    there.act = lambda exchange: exchange.drop()
    answer = asleep.client.post("/v1/x", content=b"{}")
    assert "broke off" in assert_problem(answer, 503)["message"]


def test_a_request_waits_for_a_pod_that_is_just_not_there(asleep: Generator) -> None:
    port = free_port()
    asleep.put("ready", pods=[f"127.0.0.1:{port}"], target=None)
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(asleep.client.post("/v1/x", content=b"body")))
    asking.start()
    wait_until(lambda: (asleep.waiting or {}).get("requests") == 1 or not asking.is_alive(), what="nobody tried")
    with peer(lambda exchange: exchange.answer(200, {"size": len(exchange.body)})) as there:
        asleep.put("ready", pods=[there.address], target=None)
        asking.join(30)
    assert answers[0].json() == {"size": 4}


def test_a_pod_that_stays_away(asleep: Generator) -> None:
    asleep.put("ready", pods=[f"127.0.0.1:{free_port()}"], target=None)
    answer = asleep.client.get("/v1/x")
    assert "cannot be reached" in assert_problem(answer, 503)["message"]
    assert answer.headers["retry-after"] == "2"


class TestGenerations:
    """Once the generator answers it takes its jobs itself."""

    def test_a_job_goes_straight_to_it_with_the_callers_own_token(self, asleep: Generator, there: Peer) -> None:
        there.act = lambda exchange: exchange.answer(202, {"generation_id": "its own"})
        answer = asleep.submit("x", authorization="Bearer mine")
        assert answer.json() == {"generation_id": "its own"}
        assert there.deliveries[0].headers["authorization"] == "Bearer mine"
        assert asleep.waiting is None

    def test_a_job_is_accepted_all_the_same_when_it_has_just_gone(self, asleep: Generator) -> None:
        asleep.put("ready", pods=[f"127.0.0.1:{free_port()}"], target=None)
        job = asleep.accepted("not lost")
        with peer(lambda exchange: exchange.take()) as there:
            asleep.put("ready", pods=[there.address], target=None)
            wait_until(lambda: asleep.waiting is None, what="it is still held")
            assert there.deliveries[-1].claims["jti"] == job

    def test_a_repeat_of_what_is_still_held_is_not_a_new_job(self, asleep: Generator) -> None:
        key = {"idempotency-key": "k"}
        job = asleep.accepted("x", **key)
        with peer(lambda exchange: exchange.answer(503, {"message": "not yet"}, retry_after="1")) as there:
            asleep.put("ready", pods=[there.address], target=None)
            wait_until(lambda: bool(there.deliveries), what="nothing was delivered")
            assert asleep.accepted("x", **key) == job
            assert all(delivery.headers["prefer"] == "respond-async" and "jti" in delivery.claims for delivery in there.deliveries)

    def test_what_is_still_held_is_answered_for_here(self, asleep: Generator) -> None:
        job = asleep.accepted()
        with peer(lambda exchange: exchange.answer(503, {"message": "not yet"}, retry_after="1")) as there:
            asleep.put("ready", pods=[there.address], target=None)
            wait_until(lambda: bool(there.deliveries), what="nothing was delivered")
            assert asleep.job(job)["status"] == "queued"
            there.act = lambda exchange: (
                exchange.answer(200, {"generation_id": job, "status": "from there"}) if exchange.method == "GET" else exchange.take()
            )
            wait_until(lambda: asleep.job(job)["status"] == "from there", what="it is not asked for there")
