"""A request may name a webhook; an address that may not be called is refused before there is a job."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.servers.answers import assert_problem

pytestmark = pytest.mark.needs("redis")


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://localhost/hook",
        "https://example.com:8443/hook",
        "https://user:secret@example.com/hook",
        "https://2130706433/hook",
        "ftp://example.com/hook",
        "hook",
        "",
        "https://example.com/" + "x" * 2_048,
    ],
)
def test_an_address_that_may_not_be_called_is_refused(client: httpx.Client, address: str) -> None:
    answer = client.post("/generators/text/api/v1/generate", json={"prompt": "x", "webhook": address})
    told = assert_problem(answer, 422)
    assert told["errors"][0]["path"] == "webhook"
    assert "secret" not in answer.text


@pytest.mark.parametrize("generator", ["text", "tale", "drawing"])
def test_every_task_takes_one_and_no_job_shows_it(client: httpx.Client, generator: str) -> None:
    body = {"prompt": "a kite", "webhook": "https://hooks.octavo.invalid/told?key=not-for-others"}
    answer = client.post(f"/generators/{generator}/api/v1/generate", json=body, headers={"prefer": "wait=30"})
    assert answer.status_code == 200, answer.text
    assert "not-for-others" not in answer.text
    assert "not-for-others" not in client.get(f"/generators/{generator}/api/v1/jobs?limit=5").text


def test_a_batch_may_name_one_for_each_and_is_refused_as_a_whole(client: httpx.Client) -> None:
    addresses = ("https://hooks.octavo.invalid/", "https://10.0.0.1/")
    items: list[dict[str, Any]] = [{"prompt": "x", "webhook": address} for address in addresses]
    told = assert_problem(client.post("/generators/text/api/v1/generate/batch", json=items), 422)
    assert "webhook" in told["errors"][0]["path"]


def test_another_address_is_another_request(client: httpx.Client) -> None:
    key = {"idempotency-key": "one-address"}
    body = {"prompt": "x", "webhook": "https://hooks.octavo.invalid/a"}
    first = client.post("/generators/text/api/v1/generate", json=body, headers=key)
    assert client.post("/generators/text/api/v1/generate", json=body, headers=key).json()["generation_id"] == first.json()["generation_id"]
    other = {**body, "webhook": "https://hooks.octavo.invalid/b"}
    assert_problem(client.post("/generators/text/api/v1/generate", json=other, headers=key), 409)
