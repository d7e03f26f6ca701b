"""A caller cannot tell who answered: the activator's answers have the shape of the generator's own.

The two packages do not know each other, so this is where they meet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from tests.servers.activator_process import route

from octavo_activator import answers
from octavo_activator.gate import Gate
from octavo_activator.held import HeldJob, HeldState
from octavo_activator.requests import MAX_BATCH, MAX_KEY_CHARS, read_submission
from octavo_activator.routes import Key, Table, read_table
from octavo_core.clock import ManualClock
from octavo_core.errors import InvalidInput
from octavo_core.http.preferences import Preference
from octavo_core.identity import ANONYMOUS
from octavo_generation.api import admission, bodies, views
from octavo_jobs.events import transition_event
from octavo_jobs.lifecycle import Job, Policy, State

NOW = 1_767_225_600_000
KEY = Key("default", "x")


@pytest.fixture
def gate() -> Gate:
    (found,) = read_table(orjson.dumps([route("x", 20_000)]), Table(), ports=range(20_000, 30_000)).routes.values()
    return Gate(found, ManualClock())


def held(state: HeldState = HeldState.HELD, **more: Any) -> HeldJob:
    return replace(HeldJob("id", KEY, ANONYMOUS, b"{}", "c-1", NOW, changed_at=NOW + 5), state=state, **more)


def generated(state: State, **more: Any) -> Job:
    job = Job("id", "x", "anonymous", State.QUEUED, "{}", Policy(), "c-1", NOW, NOW + 5, NOW)
    return replace(job, state=state, ended_at=NOW + 5 if state.ended else None, **more)


ERROR = orjson.dumps({"error": "unavailable", "message": "the generator did not start within 7 days"}).decode()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (held(), generated(State.QUEUED)),
        (held(HeldState.CANCELLED), generated(State.CANCELLED)),
        (held(HeldState.CANCELLED, offered=True), generated(State.QUEUED, cancel_requested=True)),
        (held(HeldState.FAILED, error=ERROR), generated(State.FAILED, error=ERROR)),
    ],
)
def test_a_job_looks_the_same(gate: Gate, ours: HeldJob, theirs: Job) -> None:
    mine, its = answers.generation_view(ours, gate), views.generation_view(theirs, root="")
    if its["status"] == "queued":
        assert mine.pop("progress") == {"status": "queued", "stage": gate.message}, "there is more to say of a start"
        its.pop("progress")
    assert mine == its


@pytest.mark.parametrize("root", ["", "/generators/x"])
def test_a_202_has_the_same_headers_and_body(gate: Gate, root: str) -> None:
    preference = Preference(0, "respond-async")
    mine = answers.submission_response(held(), gate, root=root, preference=preference)
    its = views.generation_response(generated(State.QUEUED), root=root, preference=preference)
    assert mine.status_code == its.status_code == 202
    assert {name for name, _ in mine.raw_headers} == {name for name, _ in its.raw_headers}
    assert mine.headers["location"] == its.headers["location"]
    assert orjson.loads(mine.body).keys() == orjson.loads(its.body).keys()
    assert orjson.loads(mine.body)["events_url"] == orjson.loads(its.body)["events_url"]


def data_of(frame: bytes) -> dict[str, Any]:
    (line,) = [line for line in frame.splitlines() if line.startswith(b"data: ")]
    body: dict[str, Any] = orjson.loads(line[6:])
    return body


@pytest.mark.parametrize(
    ("frame", "theirs"),
    [
        (answers.accepted_frame(held()), generated(State.QUEUED)),
        (answers.end_frame(held(HeldState.CANCELLED)), generated(State.CANCELLED)),
        (answers.end_frame(held(HeldState.FAILED, error=ERROR)), generated(State.FAILED, error=ERROR)),
    ],
)
def test_an_event_has_the_same_body(frame: bytes, theirs: Job) -> None:
    mine, its = data_of(frame), orjson.loads(transition_event(theirs).body())
    assert mine.keys() == {"id", *its.keys()}
    for name in ("type", "job", "generator", "user"):
        assert mine[name] == its[name]
    assert mine["data"] == its["data"]


def test_ids_of_events_come_before_all_of_the_generators_and_in_order(gate: Gate) -> None:
    from octavo_generation.api.events import _EVENT_ID
    from octavo_generation.api.following import _order

    job = held()
    ids = [answers.accepted_id(job), answers.message_id(job, gate.messages[0]), data_of(answers.end_frame(job))["id"]]
    assert all(_EVENT_ID.fullmatch(event_id) for event_id in ids), "a client may bring them to the generator"
    assert [_order(event_id) for event_id in ids] == sorted(_order(event_id) for event_id in ids)
    assert _order(ids[-1]) < _order("1-0"), "a stream's own ids are times"


def test_the_bounds_are_the_same() -> None:
    assert MAX_BATCH == admission.MAX_BATCH
    assert MAX_KEY_CHARS == bodies.MAX_KEY_CHARS
    assert answers.PLEASE_WAIT == views.PLEASE_WAIT


def request(body: bytes, **headers: str) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw, "query_string": b""}, receive)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{", {}),
        (b"\xff", {}),
        (b"x" * 10, {"content_type": "text/plain"}),
        (b"{}", {"idempotency_key": ""}),
        (b"{}", {"idempotency_key": "x" * 201}),
        (b"{}", {"idempotency_key": "a\tb"}),
    ],
)
async def test_what_is_wrong_with_a_request_is_refused_alike(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as mine:
        await read_submission(request(body, **headers), KEY, ANONYMOUS, is_batch=False, now=NOW)
    with pytest.raises(InvalidInput) as its:
        await as_the_generator_reads(request(body, **headers))
    assert type(mine.value) is type(its.value)
    assert mine.value.code == its.value.code


@pytest.mark.parametrize("body", [b"7", b"[]", b'"x"', b"null", b"[{}]"])
async def test_a_body_that_is_no_object(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        await read_submission(request(body), KEY, ANONYMOUS, is_batch=False, now=NOW)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"[7]", b"[{},[]]", b"[" + b"{}," * 10 + b"{}]"])
async def test_a_body_that_is_no_batch(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        await read_submission(request(body), KEY, ANONYMOUS, is_batch=True, now=NOW)


async def test_the_items_of_a_batch_have_the_keys_that_the_generator_gives_them() -> None:
    submission = await read_submission(request(b"[{},{}]", idempotency_key="k"), KEY, ANONYMOUS, is_batch=True, now=NOW)
    assert submission.idempotency_keys == ["k#0", "k#1"]
    assert [job.item for job in submission.jobs] == [0, 1]
    assert len({job.id for job in submission.jobs}) == 2
    with pytest.raises(InvalidInput):
        await read_submission(request(b"[{}]", idempotency_key="k" * 198), KEY, ANONYMOUS, is_batch=True, now=NOW)


async def test_the_same_request_in_another_spelling_is_the_same_request() -> None:
    async def hash_of(body: bytes, *, is_batch: bool = False) -> str | None:
        return (await read_submission(request(body, idempotency_key="k"), KEY, ANONYMOUS, is_batch=is_batch, now=NOW)).jobs[0].body_hash

    assert await hash_of(b'{"a":1,"b":null, "c":"x"}') == await hash_of(b' {"c":"x","a":1}')
    assert await hash_of(b'{"a":1}') != await hash_of(b'{"a":2}')
    assert await hash_of(b'[{"a":1,"b":null}]', is_batch=True) == await hash_of(b'[{"a":1}]', is_batch=True)


class _AnyObject(bodies.TaskRequest):
    """What any task would take: the checks beside the fields are the ones compared."""


async def as_the_generator_reads(given: Request) -> None:
    bodies.parse(_AnyObject, await bodies.read_json(given))
    bodies.read_idempotency_key(given)
