"""FLUX, Stability, AUTOMATIC1111 and a gateway to Midjourney, as their documents say."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.servers.fake_providers import FakeProviders
from tests.servers.starting import wait_until


@pytest.fixture
def http(fakes: FakeProviders) -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60, trust_env=False) as client:
        yield client


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(data)).size


# FLUX


def flux(fakes: FakeProviders, http: httpx.Client, body: dict[str, Any], model: str = "flux-schnell") -> httpx.Response:
    return http.post(f"{fakes.url}/flux/v1/{model}", json=body, headers={"x-key": "k-123"})


def test_flux_is_submitted_polled_and_fetched(fakes: FakeProviders, http: httpx.Client) -> None:
    fakes.script({"match": {"provider": "flux", "model": "flux-schnell"}, "latency_s": 0.4})
    body = {"prompt": "ocean waves", "width": 512, "height": 768, "seed": 42, "output_format": "png"}
    submitted = flux(fakes, http, body).json()
    assert submitted["polling_url"].endswith(f"/flux/v1/get_result?id={submitted['id']}")
    polls: list[dict[str, Any]] = []

    def ready() -> bool:
        polls.append(http.get(submitted["polling_url"], headers={"x-key": "k-123"}).json())
        return bool(polls[-1]["status"] == "Ready")

    wait_until(ready, what="the picture is not ready")
    assert polls[0]["status"] == "Pending"
    assert polls[0]["result"] is None
    assert 0 <= polls[0]["progress"] < 1
    result = polls[-1]["result"]
    assert result["seed"] == 42
    assert result["prompt"] == "ocean waves"
    fetched = http.get(result["sample"])
    assert fetched.headers["content-type"] == "image/png"
    assert size_of(fetched.content) == (512, 768)


@pytest.mark.parametrize(("refusal", "status"), [(True, "Request Moderated"), ("answer", "Content Moderated")])
def test_flux_tells_of_a_refusal_when_polled(fakes: FakeProviders, http: httpx.Client, refusal: Any, status: str) -> None:
    fakes.script({"match": {"path": "/v1/flux-*"}, "refusal": refusal})
    submitted = flux(fakes, http, {"prompt": "x"}).json()
    told = http.get(submitted["polling_url"], headers={"x-key": "k-123"}).json()
    assert told["status"] == status
    assert told["result"] is None


def test_flux_words_its_errors_as_fastapi_does(fakes: FakeProviders, http: httpx.Client) -> None:
    wrong = flux(fakes, http, {"prompt": "x", "width": 100})
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"] == ["body", "width"]
    assert flux(fakes, http, {}).json()["detail"][0]["type"] == "missing"
    assert http.post(f"{fakes.url}/flux/v1/flux-dev", json={"prompt": "x"}).status_code == 403
    assert http.post(f"{fakes.url}/flux/v1/flux-dev", json={"prompt": "x"}, headers={"x-key": "bad-1"}).status_code == 403
    assert flux(fakes, http, {"prompt": "x"}, model="other").status_code == 404
    lost = http.get(f"{fakes.url}/flux/v1/get_result", params={"id": "none"}, headers={"x-key": "k"})
    assert lost.json()["status"] == "Task not found"


# Stability


def stability(fakes: FakeProviders, http: httpx.Client, kind: str = "core", accept: str = "image/*", **fields: str) -> httpx.Response:
    return http.post(
        f"{fakes.url}/stability/v2beta/stable-image/generate/{kind}",
        headers={"authorization": "Bearer sk-1", "accept": accept},
        files={"none": ""},
        data=fields,
    )


@pytest.mark.parametrize("kind", ["core", "ultra", "sd3"])
def test_stability_answers_with_the_picture_itself(fakes: FakeProviders, http: httpx.Client, kind: str) -> None:
    answer = stability(fakes, http, kind, prompt="a lighthouse", aspect_ratio="16:9", seed="7")
    assert answer.headers["content-type"] == "image/png"
    assert size_of(answer.content) == (1344, 768)
    assert answer.headers["finish-reason"] == "SUCCESS"
    assert answer.headers["seed"] == "7"


def test_stability_answers_with_json_where_that_is_accepted(fakes: FakeProviders, http: httpx.Client) -> None:
    answer = stability(fakes, http, accept="application/json", prompt="a lighthouse", output_format="jpeg")
    body = answer.json()
    assert answer.headers["content-type"] == "application/json; type=image/jpeg"
    assert body["finish_reason"] == "SUCCESS"
    assert body["seed"] > 0
    assert Image.open(BytesIO(base64.b64decode(body["image"]))).format == "JPEG"


def test_stability_refuses_with_a_name(fakes: FakeProviders, http: httpx.Client) -> None:
    for fields in ({}, {"prompt": "x", "aspect_ratio": "7:3"}, {"prompt": "x", "seed": "-1"}, {"prompt": "x", "output_format": "bmp"}):
        wrong = stability(fakes, http, **fields)
        assert wrong.status_code == 400
        assert wrong.json()["name"] == "bad_request"
        assert wrong.json()["errors"]
        assert wrong.json()["id"]
    url = f"{fakes.url}/stability/v2beta/stable-image/generate/core"
    assert http.post(url, files={"none": ""}, data={"prompt": "x"}).json()["name"] == "unauthorized"
    assert http.post(url, json={"prompt": "x"}, headers={"authorization": "Bearer k"}).json()["name"] == "bad_request"
    fakes.script({"times": 1, "refusal": True}, {"times": 1, "refusal": "answer"}, {"match": {"model": "core"}, "status": 429})
    refused = stability(fakes, http, prompt="x")
    assert refused.status_code == 403
    assert refused.json()["name"] == "content_moderation"
    filtered = stability(fakes, http, prompt="x")
    assert filtered.status_code == 200
    assert filtered.headers["finish-reason"] == "CONTENT_FILTERED"
    limited = stability(fakes, http, prompt="x")
    assert limited.json()["name"] == "rate_limit_exceeded"
    assert limited.headers["retry-after"] == "1"


def test_a_rule_sees_the_fields_of_a_form(fakes: FakeProviders, http: httpx.Client) -> None:
    fakes.script({"match": {"model": "sd3.5-flash", "prompt_contains": "Tower"}, "status": 500})
    assert stability(fakes, http, "sd3", prompt="a tower", model="sd3.5-flash").json()["name"] == "internal_error"
    assert stability(fakes, http, "sd3", prompt="a tower").status_code == 200
    assert fakes.requests("stability")[0]["prompt"] == "a tower"


# AUTOMATIC1111


def test_automatic1111_gives_pictures_and_what_they_were_made_with(fakes: FakeProviders, http: httpx.Client) -> None:
    asked = {"prompt": "a lighthouse", "width": 320, "height": 256, "seed": 5, "batch_size": 2, "steps": 20}
    body = http.post(f"{fakes.url}/automatic1111/sdapi/v1/txt2img", json=asked).json()
    assert [size_of(base64.b64decode(image)) for image in body["images"]] == [(320, 256)] * 2
    assert body["parameters"] == asked
    assert json.loads(body["info"])["all_seeds"] == [5, 6]
    wrong = http.post(f"{fakes.url}/automatic1111/sdapi/v1/txt2img", json={"prompt": "x", "sampler_name": "none"})
    assert wrong.status_code == 404
    assert wrong.json()["error"] == "HTTPException"
    assert http.post(f"{fakes.url}/automatic1111/sdapi/v1/txt2img", json={"width": 5}).status_code == 422
    assert http.post(f"{fakes.url}/automatic1111/sdapi/v1/txt2img", json={}, auth=("me", "bad-x")).status_code == 401


def test_automatic1111_can_be_watched_and_interrupted(fakes: FakeProviders, http: httpx.Client) -> None:
    fakes.script({"match": {"path": "/txt2img"}, "latency_s": 30})
    base, got = f"{fakes.url}/automatic1111/sdapi/v1", list[httpx.Response]()
    asked = {"prompt": "x", "width": 64, "height": 64, "batch_size": 4}
    making = threading.Thread(target=lambda: got.append(httpx.post(f"{base}/txt2img", json=asked, timeout=60, trust_env=False)))
    making.start()
    wait_until(lambda: http.get(f"{base}/progress").json()["state"]["job"] != "", what="nothing is made")
    watched = http.get(f"{base}/progress").json()
    assert 0 <= watched["progress"] < 1
    assert watched["state"]["job_count"] == 4
    assert watched["eta_relative"] > 1
    assert http.post(f"{base}/interrupt").json() == {}
    making.join(20)
    assert got[0].status_code == 200
    assert len(got[0].json()["images"]) == 1
    idle = http.get(f"{base}/progress").json()
    assert idle["progress"] == 0
    assert idle["state"]["job"] == ""


# Midjourney


def mj(fakes: FakeProviders, http: httpx.Client, path: str, body: dict[str, Any] | None = None) -> Any:
    headers = {"mj-api-secret": "secret-1"}
    url = f"{fakes.url}/midjourney/mj{path}"
    return (http.get(url, headers=headers) if body is None else http.post(url, json=body, headers=headers)).json()


def test_midjourney_makes_four_and_enlarges_one(fakes: FakeProviders, http: httpx.Client) -> None:
    fakes.script({"match": {"path": "/submit/imagine"}, "latency_s": 0.4})
    submitted = mj(fakes, http, "/submit/imagine", {"prompt": "a lighthouse --ar 16:9 --seed 7"})
    assert submitted["code"] == 1
    assert submitted["result"].isdecimal()
    seen = [mj(fakes, http, f"/task/{submitted['result']}/fetch")]
    early = mj(fakes, http, "/submit/change", {"taskId": submitted["result"], "action": "UPSCALE", "index": 2})
    assert seen[0]["status"] in ("SUBMITTED", "IN_PROGRESS")
    assert seen[0]["imageUrl"] is None
    assert early["code"] == 4

    def succeeded() -> bool:
        seen.append(mj(fakes, http, f"/task/{submitted['result']}/fetch"))
        return bool(seen[-1]["status"] == "SUCCESS")

    wait_until(succeeded, what="the pictures are not there")
    assert seen[-1]["progress"] == "100%"
    assert seen[-1]["action"] == "IMAGINE"
    assert seen[-1]["finishTime"] >= seen[-1]["submitTime"]
    grid = http.get(seen[-1]["imageUrl"])
    width, height = size_of(grid.content)
    assert abs(width / height - 16 / 9) < 0.05
    chosen = mj(fakes, http, "/submit/change", {"taskId": submitted["result"], "action": "UPSCALE", "index": 2})
    upscaled = mj(fakes, http, f"/task/{chosen['result']}/fetch")
    assert upscaled["action"] == "UPSCALE"
    assert upscaled["status"] == "SUCCESS"
    assert http.get(upscaled["imageUrl"]).content != grid.content
    again = mj(fakes, http, "/submit/change", {"taskId": chosen["result"], "action": "UPSCALE", "index": 1})
    assert again["code"] == 4


def test_midjourney_says_by_code_what_is_wrong(fakes: FakeProviders, http: httpx.Client) -> None:
    assert mj(fakes, http, "/submit/imagine", {"prompt": ""})["code"] == 4
    assert mj(fakes, http, "/submit/change", {"taskId": "1", "action": "UPSCALE", "index": 1})["code"] == 3
    assert mj(fakes, http, "/submit/change", {"taskId": "1", "action": "UPSCALE", "index": 9})["code"] == 4
    assert http.post(f"{fakes.url}/midjourney/mj/submit/imagine", json={"prompt": "x"}).status_code == 401
    lost = http.get(f"{fakes.url}/midjourney/mj/task/1/fetch", headers={"mj-api-secret": "s"})
    assert lost.status_code == 200
    assert lost.content == b""
    fakes.script({"times": 1, "refusal": True}, {"match": {"path": "/submit"}, "refusal": "answer"})
    refused = mj(fakes, http, "/submit/imagine", {"prompt": "x"})
    assert refused["code"] == 24
    assert "bannedWord" in refused["properties"]
    late = mj(fakes, http, "/submit/imagine", {"prompt": "x"})
    told = mj(fakes, http, f"/task/{late['result']}/fetch")
    assert told["status"] == "FAILURE"
    assert told["failReason"]
    assert told["imageUrl"] is None
