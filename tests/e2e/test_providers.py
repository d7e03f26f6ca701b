"""Every example that calls providers, applied as it stands in a cluster without a key: samples answer, everything says so, and pictures
that a worker draws are handed out by the API."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Iterator

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionUserMessageParam
from PIL import Image
from scripts.cluster.api import Object
from tests.e2e.house import ROOT, SYSTEM, Generator, wait
from tests.servers.cluster import Cluster
from tests.servers.node_client import installed

pytestmark = [pytest.mark.needs("cluster", "images"), pytest.mark.timeout(300)]

SAMPLED = {
    "grok-text": ["grok"],
    "grok-image": ["grok"],
    "grok-description": ["grok"],
    "images": ["dalle3", "flux_schnell"],
    "chat": ["openai", "claude"],
}
Shelf = dict[str, Generator]


@pytest.fixture(scope="module")
def shelf(octavo: Cluster) -> Iterator[Shelf]:
    """All of them at once, in a namespace where the strictest Pod Security Standard is enforced."""
    with octavo.namespace("providers", {"pod-security.kubernetes.io/enforce": "restricted"}) as namespace:
        found = {name: Generator(octavo, namespace, name) for name in SAMPLED}
        files = [part for name in SAMPLED for part in ("-f", str(ROOT / "examples" / f"{name}.yaml"))]
        octavo.kubectl("-n", namespace, "apply", *files)
        yield found
        octavo.kubectl("-n", namespace, "delete", "gen", "--all", "--wait", "--timeout=60s", timeout_s=90)
        claims = lambda: octavo.kubectl("-n", namespace, "get", "pvc", "-o", "name")  # noqa: E731
        wait(lambda: not claims(), what="the volumes go with their generators", tell=claims)


@pytest.fixture
def ready(shelf: Shelf) -> Shelf:
    for generator in shelf.values():
        generator.wait_ready(180)
    return shelf


def picture(generator: Generator, image: Object) -> Image.Image:
    answer = generator.call("GET", image["url"])
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def drawn(generator: Generator) -> bytes:
    answer = generator.finished(generator.generate("A red kite over a green meadow at noon"))
    assert answer["status"] == "succeeded", answer
    found: bytes = generator.call("GET", answer["result"]["images"][0]["url"]).content
    return found


def test_they_are_ready_and_say_that_they_give_samples(ready: Shelf) -> None:
    for name, providers in SAMPLED.items():
        generator = ready[name]
        condition = generator.condition("Ready")
        assert condition["reason"] == "AnswersWithSamples", condition
        assert "samples" in condition["message"]
        assert generator.read()["status"]["samples"] == providers
        listed = generator.call("GET", "/api/v1/providers").json()["providers"]
        assert [one["id"] for one in listed if one.get("sample")] == providers
        events = generator.kubectl("get", "events", "--field-selector", f"involvedObject.name={name}")
        assert "SamplesGiven" in events


def test_a_text_comes_through_the_queue(ready: Shelf) -> None:
    generator = ready["grok-text"]
    accepted = generator.generate("The lighthouse keeper", prefer="respond-async")
    assert accepted["message"] == "Please wait a moment"
    answer = generator.finished(accepted)
    assert (answer["status"], answer["provider"]["sample"]) == ("succeeded", True)
    assert answer["result"]["text"]


def test_pictures_are_drawn_by_workers_kept_on_the_volume_and_handed_out(ready: Shelf) -> None:
    """Each of several providers', and all that is left of them when the worker's pod is gone."""
    generator = ready["images"]
    answers = [generator.generate("A fox in the snow", provider=name, size="1024x1024") for name in ("dalle3", "flux_schnell", "sketch")]
    images = [generator.finished(answer)["result"]["images"][0] for answer in answers]
    for pod in generator.pods("worker"):
        generator.kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force")
    for image in images:
        assert picture(generator, image).size == (1024, 1024)
    listed = generator.call("GET", "/api/v1/images").json()["items"]
    assert {item["image_id"] for item in listed} >= {image["id"] for image in images}
    assert generator.call("DELETE", f"/api/v1/images/{images[0]['id']}").status_code == 204
    assert generator.call("GET", images[0]["url"]).status_code == 404


def test_a_picture_is_described(ready: Shelf) -> None:
    data = drawn(ready["grok-image"])
    generator = ready["grok-description"]
    answer = generator.call(
        "POST", "/api/v1/generate", json={"image": base64.b64encode(data).decode()}, headers={"prefer": "wait=60"}
    ).json()
    answer = generator.finished(answer)
    assert answer["status"] == "succeeded", answer
    assert answer["provider"]["sample"] is True
    assert answer["result"]["description"]


@pytest.fixture
def slow_streams(octavo: Cluster) -> Iterator[None]:
    """The fake providers let time pass between two pieces of a text."""
    script = f"/api/v1/namespaces/{SYSTEM}/services/octavo-operator-fake-providers:http/proxy/_script"
    rule = {"match": {"provider": "openai"}, "stream": {"delay_s": 0.02}}
    octavo.api.request("POST", script, json={"rules": [rule]}).raise_for_status()
    yield
    octavo.api.request("DELETE", script).raise_for_status()


MODELS = ["gpt-5.4-mini", "claude-haiku-4-5"]
MESSAGES: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Tell me of the sea"}]


@pytest.mark.usefixtures("slow_streams")
def test_openais_python_client_makes_its_common_calls(ready: Shelf) -> None:
    with ready["chat"].forwarded() as base, openai.OpenAI(base_url=f"{base}/v1", api_key="any", timeout=60, max_retries=0) as client:
        whole = client.chat.completions.create(model="any", messages=MESSAGES, seed=1, max_tokens=40)
        assert whole.choices[0].message.content
        assert whole.usage is not None
        stream = client.chat.completions.create(
            model="any", messages=MESSAGES, seed=1, max_tokens=40, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
        streamed = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        assert streamed == whole.choices[0].message.content
        assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks) >= 3
        assert chunks[-1].usage == whole.usage
        assert client.completions.create(model="any", prompt="Tell me of the sea", max_tokens=20).choices[0].text
        assert [model.id for model in client.models.list()] == MODELS
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-4o")
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(
                model="any", messages=MESSAGES, tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}]
            )
        assert refused.value.param == "tools"


def test_openais_python_client_asks_for_pictures(ready: Shelf) -> None:
    with ready["images"].forwarded() as base, openai.OpenAI(base_url=f"{base}/v1", api_key="any", timeout=90, max_retries=0) as client:
        by_url = client.images.generate(model="any", prompt="Mountain landscape", size="1024x1024")
        assert by_url.data is not None
        assert by_url.data[0].url is not None
        assert by_url.data[0].url.startswith(base)
        assert Image.open(io.BytesIO(httpx.get(by_url.data[0].url, trust_env=False).content)).size == (1024, 1024)
        inline = client.images.generate(model="any", prompt="Mountain landscape", response_format="b64_json")
        assert inline.data is not None
        assert Image.open(io.BytesIO(base64.b64decode(inline.data[0].b64_json or ""))).size == (1024, 1024)


@pytest.mark.needs("node")
def test_openais_node_client_makes_its_common_calls(ready: Shelf) -> None:
    program = installed()
    with ready["chat"].forwarded() as base:
        done = subprocess.run(["node", str(program), f"{base}/v1"], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(index, reason) for index, _, reason in told["whole"]] == [(0, "stop"), (1, "stop")]
    assert told["models"] == MODELS
    assert (told["tools"]["kind"], told["tools"]["param"]) == ("BadRequestError", "tools")
    assert told["plain"]["texts"] == [told["helper"]]
    assert told["with_usage"]["usage"]["total_tokens"] > 0
    assert (told["absent"]["kind"], told["drawn"]["kind"]) == ("NotFoundError", "NotFoundError")
