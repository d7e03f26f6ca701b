"""What every generator and the platform around it answer beside generations."""

from __future__ import annotations

import httpx
import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.generation.conftest import Shared
from tests.integration.generation.submitting import ASYNC, WAIT, accepted, submit, until, url
from tests.servers.answers import assert_problem
from tests.servers.upstream import Upstream

pytestmark = pytest.mark.needs("redis")


def generators(client: httpx.Client) -> dict[str, dict[str, object]]:
    body = client.get("/generators").json()
    assert body["success"] is True
    return {item["name"]: item for item in body["items"]}


def test_the_generators_are_listed_with_task_state_and_links_that_work(client: httpx.Client) -> None:
    text = generators(client)["text"]
    assert text["task"] == "text"
    assert text["model"] == "openai-compatible/m"
    assert text["reason"] is None
    links = text["links"]
    assert isinstance(links, dict)
    for name in ("jobs", "health", "docs"):
        assert client.get(links[name]).status_code == 200, name
    assert client.post(links["generate"], json={"prompt": "x"}).status_code == 202


def test_the_state_follows_the_work(client: httpx.Client, held: Upstream) -> None:
    assert generators(client)["slow"]["state"] == "idle"
    job = accepted(client, "slow")
    until(client, "slow", job, "running")
    assert generators(client)["slow"]["state"] == "working"
    assert generators(client)["slow"]["queue"] == {"queued": 0, "delayed": 0, "running": 1}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("llama", "the engine llamacpp is not installed here"),
        ("keyless", "the environment variable TEST_ABSENT_KEY is not set"),
    ],
)
def test_a_generator_that_cannot_be_served_says_why_and_troubles_no_other(client: httpx.Client, name: str, reason: str) -> None:
    item = generators(client)[name]
    assert item["state"] == "unavailable"
    assert reason in str(item["reason"])
    for answer in (submit(client, name), client.get(f"/generators/{name}/health/ready"), client.get(url(name, "jobs"))):
        assert reason in assert_problem(answer, 503)["message"]
    assert submit(client, "text", **WAIT).status_code == 200


@pytest.mark.parametrize("base", ["", "/generators/text"])
class TestOnEveryService:
    def test_the_openapi_document_is_valid_and_names_what_is_there(self, client: httpx.Client, base: str) -> None:
        document = client.get(f"{base}/openapi.json").json()
        assert document["openapi"].startswith("3.1")
        paths = set(document["paths"])
        assert {"/health/ready", "/health/live", "/health/", "/api/v1/health", "/api/v1/health/detailed"} <= paths
        if base:
            assert {"/api/v1/generate", "/api/v1/generate/batch", "/api/v1/generate/{generation_id}", "/api/v1/jobs"} <= paths
            assert document["servers"] == [{"url": base}]
            about = document["info"]["x-octavo-generator"]
            assert (about["name"], about["task"], about["samples"]) == ("text", "text", [])
            request = document["paths"]["/api/v1/generate"]["post"]["requestBody"]["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator.check_schema(request)
            jsonschema.validate({"prompt": "x", "max_tokens": 5}, request)
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({"prompt": "x", "unknown": 5}, request)
        else:
            assert {"/generators", "/api/notifications", "/api/notifications/events"} <= paths
        for schema in document.get("components", {}).get("schemas", {}).values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_the_docs_are_pages_that_find_their_document(self, client: httpx.Client, base: str) -> None:
        for page in ("docs", "redoc"):
            answer = client.get(f"{base}/{page}")
            assert answer.status_code == 200
            assert f"{base}/openapi.json" in answer.text

    def test_health(self, client: httpx.Client, base: str) -> None:
        for path in ("health/", "health/ready", "api/v1/health/detailed"):
            body = client.get(f"{base}/{path}").json()
            assert body["status"] == "healthy"
            assert body["dependencies"] == {"database": {"status": "healthy"}, "redis": {"status": "healthy"}}
        assert client.get(f"{base}/health/live").json() == {"status": "alive"}
        assert client.get(f"{base}/api/v1/health").json()["status"] == "healthy"

    def test_metrics_count_by_route_and_never_by_id(self, client: httpx.Client, base: str) -> None:
        job = submit(client, "text", **WAIT).json()["generation_id"]
        client.get(url("text", f"generate/{job}"))
        answer = client.get(f"{base}/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        names = {family.name for family in text_string_to_metric_families(answer.text)}
        assert {"octavo_http_requests", "octavo_http_request_seconds"} <= names
        assert job not in answer.text
        requests = [line for line in answer.text.splitlines() if line.startswith("octavo_http_requests_total") and 'service="text"' in line]
        assert any('route="/api/v1/generate",' in line and 'method="POST"' in line for line in requests)
        assert any('route="/api/v1/generate/{generation_id}"' in line for line in requests)

    def test_a_correlation_id_is_kept_or_made(self, client: httpx.Client, base: str) -> None:
        kept = client.get(f"{base}/nowhere", headers={"x-correlation-id": "trace-1:a/b+c=@d._-"})
        assert assert_problem(kept, 404)["correlation_id"] == "trace-1:a/b+c=@d._-"
        made = [client.get(f"{base}/health/live").headers["x-correlation-id"] for _ in range(2)]
        assert made[0] != made[1]


def test_the_correlation_id_goes_with_the_job_into_result_and_log(client: httpx.Client, failing: Upstream, shared: Shared) -> None:
    failing.fail_next.append((400, {}, {"error": "no"}))
    body = submit(client, "flaky", **WAIT, **{"x-correlation-id": "follow-me-42"}).json()
    assert body["correlation_id"] == "follow-me-42"
    assert client.get(url("flaky", f"generate/{body['generation_id']}")).json()["correlation_id"] == "follow-me-42"
    (line,) = [line for line in shared.platform.log.splitlines() if "attempt failed" in line and "follow-me-42" in line]
    assert body["generation_id"] in line


def test_pages_of_a_named_origin_may_call_generators(client: httpx.Client) -> None:
    origin = {"origin": "https://app.example.org"}
    asked = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type,prefer"}
    for path in (url("text"), "/api/notifications"):
        allowed = client.options(path, headers=asked)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == origin["origin"]
    answer = client.post(url("text"), json={"prompt": "x"}, headers={**origin, **ASYNC})
    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == origin["origin"]
    assert "location" in answer.headers["access-control-expose-headers"].lower()
    stranger = client.post(url("text"), json={"prompt": "x"}, headers={"origin": "https://evil.example.org", **ASYNC})
    assert "access-control-allow-origin" not in stranger.headers


@pytest.mark.parametrize("path", ["/nowhere", "/generators/absent/api/v1/generate", "/generators/text/api/v2/generate", "/generators//x"])
def test_an_unknown_route_is_a_problem(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", url("text")), ("PUT", url("text")), ("PATCH", "/generators"), ("POST", "/health/ready"), ("DELETE", url("text", "jobs"))],
)
def test_a_wrong_method_is_a_problem_that_names_the_right_ones(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert_problem(answer, 405)
    assert answer.headers["allow"]
