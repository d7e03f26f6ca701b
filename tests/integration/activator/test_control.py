"""The operator's side: what sleeps goes in, who waits comes out."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.activator.conftest import Generator, Table
from tests.integration.activator.test_asleep import Listener
from tests.servers.activator_process import TOKEN, Activator, activator_process, route
from tests.servers.answers import assert_problem
from tests.servers.starting import accepts_connections, free_port, wait_until


def listens(port: int) -> bool:
    try:
        return accepts_connections(port)
    except OSError:
        return False


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer ñ"]
)
def test_without_the_token_nothing_is_told_and_nothing_asked(activator: Activator, authorization: str | None) -> None:
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    with httpx.Client(base_url=str(activator.client.base_url), trust_env=False) as stranger:
        for answer in (stranger.get("/waiting", headers=headers), stranger.put("/routes", json=[], headers=headers)):
            assert TOKEN not in assert_problem(answer, 401)["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]", b"\xff"])
def test_what_is_no_table_changes_nothing(asleep: Generator, body: bytes) -> None:
    assert_problem(asleep.table.activator.client.put("/routes", content=body), 400)
    assert asleep.client.get("/health/live").status_code == 200


def test_a_route_that_cannot_be_used_is_told_and_the_others_are(table: Table) -> None:
    good, port = route("good", free_port()), free_port()
    answer = table.activator.tell(*table.routes.values(), {**route("bad", port), "phase": "dreaming"}, good)
    (refused,) = answer["refused"]
    assert (refused["namespace"], refused["name"], refused["port"]) == ("default", "bad", port)
    assert "phase" in refused["reason"]
    assert listens(good["port"])
    assert not listens(port)
    table.tell()


def test_doors_open_with_their_routes_move_and_shut(asleep: Generator) -> None:
    first = asleep.table.routes[asleep.name]["port"]
    assert listens(first)
    second = free_port()
    asleep.table.routes[asleep.name]["port"] = second
    asleep.table.tell()
    assert listens(second)
    assert not listens(first)
    asleep.table.drop(asleep.name)
    assert not listens(second)


def test_two_generators_may_change_their_doors(table: Table) -> None:
    first, second = free_port(), free_port()
    for ports in ((first, second), (second, first), (first, second)):
        given = [route(name, port, message=name) for name, port in zip(("one", "two"), ports, strict=True)]
        assert table.activator.tell(*table.routes.values(), *given)["refused"] == []
        told = [httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).json()["service"] for port in ports]
        assert told == ["one", "two"]
    table.tell()


def test_the_same_table_again_leaves_connections_alone(asleep: Generator) -> None:
    with socket.create_connection(("127.0.0.1", asleep.table.routes[asleep.name]["port"]), timeout=5) as connection:
        for _ in range(3):
            asleep.table.tell()
            connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
            answer = b""
            while b"alive" not in answer:
                part = connection.recv(4_096)
                assert part, "the connection was shut"
                answer += part


def test_a_port_that_somebody_else_has_is_tried_again(table: Table) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = route("late", taken.getsockname()[1])
        (refused,) = table.activator.tell(*table.routes.values(), wanted)["refused"]
        assert refused["reason"] == f"cannot listen on port {wanted['port']}: Address already in use"
    assert table.activator.tell(*table.routes.values(), wanted)["refused"] == []
    assert listens(wanted["port"])
    table.tell()


def test_a_request_that_comes_over_an_old_connection_after_its_route_is_told_so(asleep: Generator) -> None:
    assert asleep.client.get("/health/live").status_code == 200
    asleep.table.drop(asleep.name)
    answer = asleep.client.get("/health/live")
    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "1"


def test_who_waits_at_a_door_that_goes_is_sent_away(asleep: Generator) -> None:
    listener = Listener(asleep, asleep.accepted())
    listener.until(2)
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(httpx.get(f"{url}/api/v1/jobs", timeout=30, trust_env=False))),
        threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{url}/api/v1/generate", json={"prompt": "x"}, headers={"prefer": "wait=30"}, timeout=60, trust_env=False)
            )
        ),
    ]
    url = asleep.url
    for thread in threads:
        thread.start()
    wait_until(lambda: (asleep.waiting or {}).get("requests") == 2, what="they do not wait", deadline_s=1.9)
    asleep.table.drop(asleep.name)
    for thread in threads:
        thread.join(20)
    assert sorted(answer.status_code for answer in answers) == [202, 503]
    assert [frame.event for frame in listener.end()] == ["job.accepted", "job.progress"]


def test_who_waits_is_told_with_since_when(asleep: Generator) -> None:
    assert asleep.waiting is None
    asleep.accepted()
    first = asleep.waiting
    assert first is not None
    assert (first["namespace"], first["jobs"], first["requests"]) == ("default", 1, 0)
    assert first["since"].endswith("Z")
    asleep.accepted()
    second = asleep.waiting
    assert second is not None
    assert (second["jobs"], second["since"]) == (2, first["since"])


class TestParts:
    """Several operators at once, each with a part of all generators."""

    def put(self, made: Activator, part: int, parts: int, *routes: dict[str, Any], digest: str = "") -> dict[str, Any]:
        answer = made.client.put(
            "/routes", params={"part": part, "parts": parts}, json=list(routes), headers={"x-octavo-routes": digest} if digest else {}
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def test_each_replaces_its_own_routes_only(self, tmp_path: Path) -> None:
        first, second, third = (route(f"g{n}", free_port()) for n in range(3))
        with activator_process(tmp_path, {"OCTAVO_ADDRESSES": '["10.1.2.3","fd00::1"]'}) as made:
            made.start()
            assert made.client.get("/waiting").headers["x-octavo-routes"] == ""
            assert self.put(made, 0, 2, first, digest="aaa")["routes"] == 1
            assert self.put(made, 1, 2, second, third, digest="bbb")["routes"] == 3
            headers = made.client.get("/waiting").headers
            assert sorted(headers["x-octavo-routes"].split(",")) == ["aaa", "bbb"]
            assert headers["x-octavo-addresses"] == "10.1.2.3,fd00::1"
            assert self.put(made, 1, 2, third, digest="ccc")["routes"] == 2
            assert listens(first["port"])
            assert not listens(second["port"])

            assert self.put(made, 0, 1, second, digest="ddd")["routes"] == 1, "there is one part now, and it is whole"
            assert made.client.get("/waiting").headers["x-octavo-routes"] == "ddd"
            assert listens(second["port"])
            assert not listens(third["port"])

    def test_where_two_disagree_the_newer_one_is_right(self, tmp_path: Path) -> None:
        before, after = route("moved", free_port()), route("moved", free_port())
        with activator_process(tmp_path) as made:
            made.start()
            self.put(made, 0, 2, before)
            assert self.put(made, 1, 2, after)["routes"] == 1
            assert listens(after["port"])
            assert not listens(before["port"])

    @pytest.mark.parametrize("query", [{"part": 2, "parts": 2}, {"part": -1}, {"parts": 0}, {"part": "x"}, {"parts": 65}])
    def test_parts_that_are_none(self, activator: Activator, query: dict[str, Any]) -> None:
        assert_problem(activator.client.put("/routes", params=query, json=[]), 422)

    def test_an_address_that_nobody_else_could_use_is_not_told(self, activator: Activator) -> None:
        told = activator.client.get("/waiting").headers.get("x-octavo-addresses", "")
        assert "127.0.0.1" not in told.split(",")


def test_jobs_of_a_generator_that_is_not_in_the_table_still_wait(asleep: Generator) -> None:
    asleep.accepted()
    asleep.table.drop(asleep.name)
    waiting = asleep.waiting
    assert waiting is not None
    assert waiting["jobs"] == 1


def test_health_metrics_and_docs_need_no_token(activator: Activator) -> None:
    with httpx.Client(base_url=str(activator.client.base_url), trust_env=False) as anyone:
        assert anyone.get("/health/live").json() == {"status": "alive"}
        assert anyone.get("/health/ready").json()["dependencies"] == {"process": {"status": "healthy"}, "store": {"status": "healthy"}}
        names = {family.name for family in text_string_to_metric_families(anyone.get("/metrics").text)}
        assert {"octavo_activator_held_jobs", "octavo_activator_routes", "octavo_activator_accepted"} <= names
        assert {"/routes", "/waiting"} <= set(anyone.get("/openapi.json").json()["paths"])


def test_many_doors(tmp_path: Path) -> None:
    ports = sorted({free_port() for _ in range(400)})
    with activator_process(tmp_path) as made:
        made.start()
        answer = made.tell(*(route(f"g{port}", port) for port in ports))
        assert answer["routes"] == len(ports)
        assert [refused["reason"] for refused in answer["refused"]] == []
        assert all(listens(port) for port in ports)
        made.tell()
        assert not any(listens(port) for port in ports)


class TestTheProcess:
    @pytest.mark.parametrize(
        ("environment", "line"),
        [
            ({"OCTAVO_ACTIVATOR_TOKEN": "short"}, "OCTAVO_ACTIVATOR_TOKEN: "),
            ({"OCTAVO_PORTS": "9-1"}, "OCTAVO_PORTS: "),
            ({"OCTAVO_HOME": "/proc/nowhere"}, "the folder /proc/nowhere cannot be written"),
        ],
    )
    def test_a_wrong_setting_is_the_last_line(self, tmp_path: Path, environment: dict[str, str], line: str) -> None:
        with activator_process(tmp_path, environment) as made:
            made.process.start()
            assert made.process.wait() == 1
            assert made.process.last_line["event"].startswith(line)
            assert "short" not in made.process.log.replace("shorter", "")

    def test_a_port_that_is_taken_is_the_last_line(self, activator: Activator, tmp_path: Path) -> None:
        with activator_process(tmp_path, {"OCTAVO_PORT": str(activator.port)}) as made:
            made.process.start()
            assert made.process.wait() == 1
            assert made.process.last_line["event"] == f"cannot listen on 127.0.0.1 port {activator.port}: Address already in use"

    def test_two_never_work_on_one_folder(self, tmp_path: Path) -> None:
        with activator_process(tmp_path) as first, activator_process(tmp_path) as second:
            first.start()
            second.process.start()
            first.tell(wanted := route("x", free_port()))
            answer = httpx.post(f"http://127.0.0.1:{wanted['port']}/api/v1/generate", json={"prompt": "x"}, trust_env=False)
            assert answer.status_code == 202
            assert second.process.running is not None
            assert second.process.running.poll() is None
            assert not listens(second.port)
            first.process.terminate()
            assert first.process.wait() == 0
            wait_until(second.is_ready, what="the second does not take over")
            assert [item["jobs"] for item in second.waiting()] == [1]

    def test_a_stop_ends_it_cleanly(self, tmp_path: Path) -> None:
        with activator_process(tmp_path) as made:
            made.start()
            made.tell(*(route(f"g{port}", port) for port in {free_port() for _ in range(5)}))
            made.process.terminate()
            assert made.process.wait() == 0
            assert '"level":"error"' not in made.process.log


def test_no_secret_is_in_the_log(activator: Activator, asleep: Generator) -> None:
    secrets: list[Any] = [TOKEN, asleep.table.routes[asleep.name]["forwarding_key"]]
    asleep.accepted()
    assert not any(secret in activator.process.log for secret in secrets)
