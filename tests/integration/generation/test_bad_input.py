"""Bad input, by hand and by hypothesis: always a 4xx in the fixed shape with a correlation id, never a 5xx."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.integration.generation.conftest import Shared
from tests.integration.generation.submitting import ASYNC, url
from tests.servers.answers import assert_problem

pytestmark = pytest.mark.needs("redis")

JSON = {**ASYNC, "content-type": "application/json"}
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "blank": (b"  \n", 400),
    "broken JSON": (b'{"prompt": "x"', 400),
    "trailing words": (b'{"prompt": "x"} and more', 400),
    "two objects": (b'{"prompt": "x"}{"prompt": "y"}', 400),
    "broken UTF-8": (b'{"prompt": "\xff\xfe"}', 400),
    "overlong UTF-8": (b'{"prompt": "\xc0\xaf"}', 400),
    "UTF-16": ('{"prompt": "x"}'.encode("utf-16"), 400),
    "a lone surrogate": (b'{"prompt": "\\ud800"}', 400),
    "a lone surrogate as bytes": (b'{"prompt": "\xed\xa0\x80"}', 400),
    "a raw control character": (b'{"prompt": "a\x01b"}', 400),
    "a raw NUL": (b'{"prompt": "a\x00b"}', 400),
    "an escaped NUL": (b'{"prompt": "a\\u0000b"}', 422),
    "an escaped escape": (b'{"prompt": "a\\u001b[31mb"}', 422),
    "an escaped DEL": (b'{"prompt": "a\\u007fb"}', 422),
    "a C1 control": (b'{"prompt": "a\\u0085b"}', 422),
    "an array": (b"[]", 422),
    "null": (b"null", 422),
    "a number": (b"1", 422),
    "a string": (b'"prompt"', 422),
    "no prompt": (b"{}", 422),
    "an empty prompt": (b'{"prompt": ""}', 422),
    "a blank prompt": (b'{"prompt": " \\n\\t "}', 422),
    "null for a prompt": (b'{"prompt": null}', 422),
    "a number for a prompt": (b'{"prompt": 1}', 422),
    "a list for a prompt": (b'{"prompt": ["x"]}', 422),
    "an unknown field": (b'{"prompt": "x", "promt": "y"}', 422),
    "NaN": (b'{"prompt": "x", "temperature": NaN}', 422),
    "infinity": (b'{"prompt": "x", "temperature": -Infinity}', 422),
    "a huge float": (b'{"prompt": "x", "temperature": 1e999}', 422),
    "a huge integer": (b'{"prompt": "x", "seed": ' + b"9" * 400 + b"}", 422),
    "an integer that no parser takes": (b'{"prompt": "x", "seed": ' + b"9" * 9_000 + b"}", 400),
    "a negative seed": (b'{"prompt": "x", "seed": -1}', 422),
    "a float for an integer": (b'{"prompt": "x", "max_tokens": 1.5}', 422),
    "a whole float for an integer": (b'{"prompt": "x", "max_tokens": 1.0}', 422),
    "a string for an integer": (b'{"prompt": "x", "max_tokens": "5"}', 422),
    "a string for a float": (b'{"prompt": "x", "temperature": "0.5"}', 422),
    "a boolean for a float": (b'{"prompt": "x", "temperature": true}', 422),
    "too many tokens": (b'{"prompt": "x", "max_tokens": 4097}', 422),
    "no tokens": (b'{"prompt": "x", "max_tokens": 0}', 422),
    "deep nesting": (nested(100_000), 400),
    "deep nesting in a field": (b'{"prompt": ' + nested(1_000) + b"}", 400),
    "nesting that parsers take": (b'{"prompt": ' + nested(150) + b"}", 422),
    "many unknown fields": (json.dumps({f"f{n}": n for n in range(20_000)}).encode(), 422),
    "3 MB": (b'{"prompt": "' + b"x" * 3_000_000 + b'"}', 413),
    "20 MB": (b"x" * 20_000_000, 413),
}


@pytest.mark.parametrize("route", ["generate", "generate/batch"])
@pytest.mark.parametrize("what", BODIES)
def test_a_bad_body(client: httpx.Client, what: str, route: str) -> None:
    body, status = BODIES[what]
    if route.endswith("batch") and what not in ("nothing", "blank", "20 MB", "3 MB", "an array"):
        body = b"[" + body + b"]"
    # parsers of the two routes may give up nesting at different depths
    assert_problem(client.post(url("text", route), content=body, headers=JSON), status, *((400, 422) if "nest" in what else ()))


def test_a_megabyte_of_prompt_is_refused_by_the_generators_bound(client: httpx.Client) -> None:
    body = json.dumps({"prompt": "x" * 1_000_000}).encode()
    assert len(body) < 1_048_576
    assert "takes 8000" in assert_problem(client.post(url("pages"), content=body, headers=JSON), 413)["message"]


def test_a_megabyte_of_prompt_is_taken_where_the_bound_allows_it(client: httpx.Client) -> None:
    body = json.dumps({"prompt": "é" * 500_000}, ensure_ascii=False).encode()
    assert client.post(url("text"), content=body, headers=JSON).status_code == 202


def test_a_body_of_undeclared_length_is_bounded_too(client: httpx.Client) -> None:
    assert_problem(client.post(url("text"), content=(b"x" * 100_000 for _ in range(30)), headers=JSON), 413)
    assert_problem(client.post(url("text", "generate/batch"), content=(b"x" * 100_000 for _ in range(30)), headers=JSON), 413)


@pytest.mark.parametrize(
    "body", [{"audience": "toddlers"}, {"audience": 3}, {"audience": ""}, {"language": "English!"}, {"language": "en\n"}]
)
def test_a_story_for_an_audience_or_in_a_language_that_is_none(client: httpx.Client, body: dict[str, Any]) -> None:
    problem = assert_problem(client.post(url("tale"), json={"prompt": "Luna", **body}, headers=ASYNC), 422)
    assert problem["errors"][0]["path"] in body
    if "audience" in body:
        assert "children" in problem["errors"][0].get("allowed", problem["message"])


@pytest.mark.parametrize(
    "media_type", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/jsonx", "", "é", "/"]
)
def test_another_media_type(client: httpx.Client, media_type: str) -> None:
    headers = {**ASYNC, "content-type": media_type.encode("latin-1")}
    assert_problem(client.post(url("text"), content=b'{"prompt": "x"}', headers=headers), 415)


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"])
def test_media_types_of_json(client: httpx.Client, media_type: str) -> None:
    assert client.post(url("text"), content=b'{"prompt": "x"}', headers={**ASYNC, "content-type": media_type}).status_code == 202


@pytest.mark.parametrize("key", [b"", b"k" * 201, "ñandú".encode(), b"\xff", b"a\tb"])
def test_a_bad_idempotency_key(client: httpx.Client, key: bytes) -> None:
    assert_problem(client.post(url("text"), json={"prompt": "x"}, headers={**ASYNC, "idempotency-key": key}), 422)


def test_the_key_of_a_batch_leaves_room_for_its_numbers(client: httpx.Client) -> None:
    headers = {**ASYNC, "idempotency-key": "k" * 199}
    assert_problem(client.post(url("text", "generate/batch"), json=[{"prompt": "x"}], headers=headers), 422)


@pytest.mark.parametrize("prefer", ["", "wait=x", "wait=-1", "wait", "wait=1e3", "wait=99999999999", "\xff", ",,,;=", "handling=strict"])
def test_a_preference_that_cannot_be_understood_is_ignored(client: httpx.Client, prefer: str) -> None:
    answer = client.post(url("text"), json={"prompt": "x"}, headers={"prefer": prefer.encode("latin-1")})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"


@pytest.mark.parametrize("hostile", [b"a b", b"x" * 129, b"<script>", "ñ".encode(), b"\xff\xfe", b"a;b", b'"', b"%0d%0aX: y"])
def test_a_hostile_correlation_id_is_replaced(client: httpx.Client, hostile: bytes) -> None:
    answer = client.get("/health/live", headers={"x-correlation-id": hostile})
    assert answer.status_code == 200
    assert len(answer.headers["x-correlation-id"]) == 36


IDS = [
    "x",
    "%00",
    "..",
    "../jobs",
    "..%2f..%2fjobs",
    "%ff%fe",
    "%ED%A0%80",
    "a" * 5_000,
    "0" * 36,
    "-" * 36,
    "01900000-0000-7000-8000-000000000000",
    "01900000-0000-7000-8000-00000000000%00",
    "01900000-0000-7000-8000-00000000000A",
    "%F0%9F%99%82",
    "'%20OR%201=1--",
    "{generation_id}",
    "*",
]


@pytest.mark.parametrize("job", IDS, ids=lambda job: job[:40])
@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("DELETE", ""), ("GET", "/events"), ("POST", "/replay")])
def test_a_weird_id(shared: Shared, method: str, rest: str, job: str) -> None:
    status, problem = verbatim(shared, method, f"/generators/text/api/v1/generate/{job}{rest}")
    assert status in (404, 405)
    assert problem["status"] == status
    assert problem["correlation_id"]


@pytest.mark.parametrize("name", ["..", "%00", "x" * 5_000, "text%2f", "TEXT", "%F0%9F%99%82", "text%20", "."])
def test_a_weird_generator(shared: Shared, name: str) -> None:
    status, problem = verbatim(shared, "GET", f"/generators/{name}/api/v1/jobs")
    assert status == 404
    assert problem["success"] is False


def verbatim(shared: Shared, method: str, target: str) -> tuple[int, dict[str, Any]]:
    """A request whose path no client library tidies up."""
    connection = http.client.HTTPConnection("127.0.0.1", shared.platform.port, timeout=30)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Correlation-ID: a\x1b[31m\r\nConnection: close\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"BREW /generators HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /generators HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /generators/text/api/v1/generate HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /generators/text/api/v1/generate HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST /generators/text/api/v1/generate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ids=["control character", "NUL", "odd method", "odd version", "negative length", "no length", "broken chunk", "TLS", "long path"],
)
def test_broken_http_breaks_nothing(shared: Shared, client: httpx.Client, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", shared.platform.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert not answer.startswith(b"HTTP/1.1 5")
    assert b"Traceback" not in answer
    assert client.get("/health/live").status_code == 200


def test_a_caller_that_goes_away_before_its_body_is_there_leaves_no_job(shared: Shared, client: httpx.Client) -> None:
    newest = client.get(url("text", "jobs"), params={"limit": 1}).json()["items"]
    with socket.create_connection(("127.0.0.1", shared.platform.port), timeout=10) as connection:
        connection.sendall(
            b"POST /generators/text/api/v1/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
            b'{"prompt": '
        )
    assert client.get("/health/live").status_code == 200
    assert client.get(url("text", "jobs"), params={"limit": 1}).json()["items"] == newest


def accepted_or_refused(answer: httpx.Response) -> None:
    if answer.status_code == 202:
        assert answer.json()["success"] is True
    else:
        assert_problem(answer, 400, 413, 422)


FIELDS = ["prompt", "audience", "language", "seed", "max_tokens", "temperature", "system"]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@BOUNDED
@given(body=st.binary(max_size=200))
@example(b"\x00")
def test_any_bytes(client: httpx.Client, body: bytes) -> None:
    accepted_or_refused(client.post(url("text"), content=body, headers=JSON))


@BOUNDED
@given(
    fields=st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=10), JSON_VALUES),
    name=st.sampled_from(["text", "tale"]),
    route=st.sampled_from(["generate", "generate/batch"]),
)
def test_any_json(client: httpx.Client, fields: dict[str, Any], name: str, route: str) -> None:
    body = json.dumps([fields] if route.endswith("batch") else fields).encode("utf-8", "surrogatepass")
    accepted_or_refused(client.post(url(name, route), content=body, headers=JSON))


@BOUNDED
@given(prompt=st.text(min_size=1, max_size=50))
@example("\u2028")
@example("\u200b")
@example("\ufeff")
@example("‮")
def test_any_prompt(client: httpx.Client, prompt: str) -> None:
    accepted_or_refused(client.post(url("text"), content=json.dumps({"prompt": prompt}).encode(), headers=JSON))


@BOUNDED
@given(
    name=st.sampled_from(["idempotency-key", "prefer", "content-type", "x-correlation-id", "last-event-id", "authorization", "accept"]),
    value=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60).map(str.strip),
)
def test_any_header(client: httpx.Client, name: str, value: str) -> None:
    headers = {**JSON, name: value.encode("latin-1")}
    if "wait" in value:
        return
    answer = client.post(url("text"), content=b'{"prompt": "x"}', headers=headers)
    assert answer.status_code in (200, 202, 415, 422)


@BOUNDED
@given(query=st.dictionaries(st.sampled_from(["limit", "cursor", "status", "after", "x"]), st.text(max_size=30), max_size=3))
def test_any_query(client: httpx.Client, query: dict[str, str]) -> None:
    safe = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
    answer = client.get(url("pages", "jobs"), params=safe)
    assert answer.status_code == 200 or assert_problem(answer, 422)
