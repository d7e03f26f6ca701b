"""Pictures, descriptions, chats and the policy around providers, through a whole platform and the fake providers' server."""

from __future__ import annotations

import asyncio
import base64
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.servers.fake_providers import FakeProviders, fake_providers
from tests.servers.generators import generator, write_generators
from tests.servers.platform import Platform, platform
from tests.servers.starting import wait_until

pytestmark = [pytest.mark.needs("redis"), pytest.mark.timeout(300)]

EXAMPLES = Path(__file__).parents[3] / "examples"
KEYS = {name: f"sk-{name.lower()}-51f0c2d94ab7-never-to-be-seen" for name in ("OPENAI_API_KEY", "FLUX_API_KEY", "XAI_API_KEY")}
WAIT = {"prefer": "wait=60"}


@dataclass(frozen=True)
class House:
    platform: Platform
    fakes: FakeProviders
    client: httpx.Client

    def generate(self, name: str, body: Any, **headers: str) -> httpx.Response:
        return self.client.post(f"/generators/{name}/api/v1/generate", json=body, headers={**WAIT, **headers})


def provider(fakes: FakeProviders, kind: str, key: str, **more: Any) -> dict[str, Any]:
    """With a key of one's own, so that its answers count as real and cost what they would."""
    return {"name": kind, "type": kind, "baseUrl": fakes.base_url(kind), "credentials": {"env": key}, **more}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("any-provider")
    with fake_providers() as fakes:
        openai = provider(fakes, "openai", "OPENAI_API_KEY", model="gpt-5.4-mini")
        xai = provider(fakes, "xai", "XAI_API_KEY", model="grok-4.3")
        quick = {"maxAttempts": 2, "retry": {"baseSeconds": 0.1, "maxSeconds": 0.2}}
        file = write_generators(
            folder / "generators.yaml",
            generator("pair", task="text", providers=[openai, xai], jobs=quick, fallback={"breaker": {"failures": 3, "openSeconds": 1}}),
            generator(
                "thrifty",
                task="text",
                # ten calls of at most 100 tokens each and 10 cents a call
                providers=[{**openai, "price": {"inputPerMillion": 0, "outputPerMillion": 1000}}],
                limits={"budget": {"usdPerDay": 1}},
                jobs={"maxAttempts": 1},
                workers={"concurrency": 64},
            ),
            generator("often", task="text", providers=[openai], limits={"requestsPerMinute": 3}),
            generator("crowded", task="text", providers=[openai], limits={"maxConcurrent": 2}),
            generator("polite", task="text", providers=[openai], moderation={"enabled": True, "blockedWords": ["gadzooks"]}),
            generator(
                "tales",
                task="story",
                engine={"name": "ctranslate2", "model": "builtin://tiny-stories"},
                # no story does without it
                moderation={"enabled": True, "blockedWords": ["the"]},
            ),
            generator("sketches", task="image", engine={"name": "sketch", "model": "builtin://sketch"}),
            generator("seen", task="image-description", engine={"name": "sketch", "model": "builtin://sketch"}),
            generator("bare", task="image", engine={"name": "sketch", "model": "builtin://sketch"}, images={"store": False}),
        )
        environment = {**KEYS, "OCTAVO_FAKE_PROVIDERS_URL": fakes.url}
        environment.pop("FLUX_API_KEY")
        with (
            platform(file, EXAMPLES, home=folder / "home", environment=environment) as running,
            httpx.Client(base_url=running.base, timeout=90, trust_env=False) as client,
        ):
            yield House(running, fakes, client)


@pytest.fixture(autouse=True)
def as_new(house: House) -> Iterator[None]:
    yield
    house.fakes.reset()


def picture(house: House, path: str) -> Image.Image:
    answer = house.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content))


class TestPictures:
    def test_they_are_drawn_kept_and_handed_out(self, house: House) -> None:
        body = {"prompt": "A red kite over the sea", "size": "512x512", "seed": 7, "num_images": 2}
        first, again = (house.generate("sketches", body).json() for _ in range(2))
        images = first["result"]["images"]
        assert [image["seed"] for image in images] == [7, 8]
        assert images[0]["url"].startswith("/generators/sketches/api/v1/images/")
        one, other = (picture(house, image["url"]) for image in images)
        assert one.size == (512, 512)
        assert one.tobytes() != other.tobytes()
        assert picture(house, again["result"]["images"][0]["url"]).tobytes() == one.tobytes(), "the same seed, the same picture"
        known = house.client.get(images[0]["url"].removesuffix("/download")).json()
        assert (known["prompt"], known["generation_id"]) == ("A red kite over the sea", first["generation_id"])
        assert known["revised_prompt"].startswith("A red kite over the sea, ")
        assert house.client.delete(images[0]["url"].removesuffix("/download")).status_code == 204
        assert house.client.get(images[0]["url"]).status_code == 404
        listed = house.client.get("/generators/sketches/api/v1/images").json()["items"]
        assert images[0]["id"] not in [item["image_id"] for item in listed]

    def test_where_none_are_kept_they_are_in_the_result(self, house: House) -> None:
        answer = house.generate("bare", {"prompt": "Ocean waves", "size": "256x256"}).json()
        (image,) = answer["result"]["images"]
        assert "url" not in image
        assert Image.open(io.BytesIO(base64.b64decode(image["b64_json"]))).size == (256, 256)

    def test_a_provider_that_is_named_is_the_only_one_asked(self, house: House) -> None:
        house.fakes.down(flux=True)
        named = house.generate("images", {"prompt": "A fox", "provider": "flux_schnell", "size": "512x512"}, prefer="wait=5")
        assert named.status_code in (202, 503)
        # Nobody named: dalle3 has a key here but its address is the vendor's own, which nobody reaches from a test's machine.
        house.client.delete(f"/generators/images/api/v1/generate/{named.json()['generation_id']}")

    def test_samples_say_that_they_are_samples_and_cost_nothing(self, house: House) -> None:
        answer = house.generate("images", {"prompt": "A fox", "provider": "flux_schnell", "size": "512x512", "seed": 3}).json()
        assert answer["provider"]["sample"] is True
        assert answer["usage"].get("cost_usd") in (None, "0")
        providers = {item["id"]: item for item in house.client.get("/generators/images/api/v1/providers").json()["providers"]}
        assert providers["flux_schnell"]["sample"] is True
        assert "sample" not in providers["dalle3"]

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"prompt": "x", "provider": "dalle3", "num_images": 2}, "num_images"),
            ({"prompt": "x", "provider": "dalle3", "size": "512x512"}, "size"),
            ({"prompt": "x", "provider": "flux_schnell", "quality": "hd"}, "quality"),
            ({"prompt": "x", "provider": "flux_schnell", "num_images": 5}, "num_images"),
            ({"prompt": "x", "provider": "nobody"}, "provider"),
            ({"prompt": "x", "provider": "dalle3", "seed": 1}, "seed"),
        ],
    )
    def test_what_a_provider_does_not_do_is_refused_by_name(self, house: House, body: dict[str, Any], path: str) -> None:
        answer = house.generate("images", body)
        assert answer.status_code == 422
        assert [fault["path"] for fault in answer.json()["errors"]] == [path]


class TestDescriptions:
    def drawn(self, house: House) -> bytes:
        answer = house.generate("bare", {"prompt": "A red kite over a green meadow at noon", "size": "512x512", "seed": 5}).json()
        return base64.b64decode(answer["result"]["images"][0]["b64_json"])

    def test_a_picture_comes_as_base64_or_as_a_file(self, house: House) -> None:
        data = self.drawn(house)
        by_json = house.generate("seen", {"image": base64.b64encode(data).decode()}).json()["result"]
        sent = house.client.post(
            "/generators/seen/api/v1/generate", files={"upload": ("kite.png", data, "image/png")}, data={"language": "es"}, headers=WAIT
        ).json()["result"]
        assert "kite" in by_json["objects"]
        assert "green" in by_json["description"]
        assert "verde" in sent["description"]

    @pytest.mark.parametrize(
        "body",
        [
            {"image_url": "http://169.254.169.254/latest/meta-data"},
            {"image_url": "http://127.0.0.1:6379/"},
            {"image_url": "file:///etc/passwd"},
            {"image": "AAAA"},
            {"image": base64.b64encode(b"<svg/>" * 100).decode()},
            {},
            {"image": "x", "image_url": "https://example.com/x.png"},
        ],
        ids=lambda body: str(body)[:40],
    )
    def test_what_is_no_picture_or_not_to_be_reached_is_refused(self, house: House, body: dict[str, Any]) -> None:
        answer = house.generate("seen", body)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["success"] is False


class TestPolicy:
    async def ask(self, house: House, name: str, count: int, **body: Any) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=house.platform.base, timeout=120, trust_env=False) as client:

            async def one(n: int) -> dict[str, Any]:
                answer = await client.post(f"/generators/{name}/api/v1/generate", json={"prompt": f"job {n}", **body}, headers=WAIT)
                parsed: dict[str, Any] = answer.json()
                return parsed

            return list(await asyncio.gather(*(one(n) for n in range(count))))

    async def test_an_upstream_dies_in_the_middle_and_the_next_takes_over(self, house: House) -> None:
        house.fakes.script({"match": {"provider": "openai"}, "latency_s": 0.02})
        asking = asyncio.create_task(self.ask(house, "pair", 200))
        await asyncio.to_thread(wait_until, lambda: len(house.fakes.requests("openai")) >= 20, what="openai is not asked")
        house.fakes.down(openai=True)
        answers = await asking
        assert Counter(answer["status"] for answer in answers) == {"succeeded": 200}
        assert len({answer["generation_id"] for answer in answers}) == 200
        by = Counter(answer["provider"]["name"] for answer in answers)
        assert by["openai"] >= 1
        assert by["xai"] >= 1
        for answer in answers:
            if answer["provider"]["name"] == "xai":
                assert answer["provider"]["tried"][0]["name"] == "openai"
                assert answer["provider"]["tried"][0]["error"] in ("provider_unavailable", "circuit_open")
        assert any(one["error"] == "circuit_open" for answer in answers for one in answer["provider"]["tried"])
        house.fakes.down(openai=False)
        wait_until(
            lambda: house.generate("pair", {"prompt": "again"}).json()["provider"]["name"] == "openai", what="the circuit stays open"
        )

    async def test_a_hundred_at_once_against_a_budget_for_ten(self, house: House) -> None:
        house.fakes.script({"match": {"provider": "openai"}, "text": " ".join(["word"] * 100)})
        answers = await self.ask(house, "thrifty", 100, max_tokens=100)
        paid = [answer for answer in answers if answer["status"] == "succeeded"]
        assert len(paid) == 10
        assert {answer["error"]["error"] for answer in answers if answer["status"] == "failed"} == {"budget_spent"}
        assert len([one for one in house.fakes.requests("openai") if one["prompt"].startswith("job ")]) == 10, "nobody else was asked"
        assert {answer["usage"]["cost_usd"] for answer in paid} == {"0.1"}

    def test_a_user_who_asks_too_often_is_told_when_to_come_back(self, house: House) -> None:
        answers = [house.generate("often", {"prompt": "x"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60

    def test_a_user_with_enough_under_way_waits_for_it(self, house: House) -> None:
        house.fakes.script({"match": {"provider": "openai", "prompt_contains": "slowly"}, "latency_s": 30})
        under_way = [house.generate("crowded", {"prompt": "slowly"}, prefer="respond-async").json()["generation_id"] for _ in range(2)]
        refused = house.generate("crowded", {"prompt": "x"})
        assert refused.status_code == 429
        for job in under_way:
            house.client.delete(f"/generators/crowded/api/v1/generate/{job}")
        wait_until(lambda: house.generate("crowded", {"prompt": "x"}).status_code == 200, what="there is still no room")

    def test_words_that_are_not_allowed_make_no_job(self, house: House) -> None:
        before = house.client.get("/generators/polite/api/v1/jobs").json()["items"]
        assert house.generate("polite", {"prompt": "Say G4dz00ks!"}).status_code == 451
        assert house.client.get("/generators/polite/api/v1/jobs").json()["items"] == before
        assert house.generate("polite", {"prompt": "Say good morning"}).status_code == 200
        house.fakes.script({"match": {"provider": "openai"}, "text": "gadzooks, says the model"})
        assert house.generate("polite", {"prompt": "Say it"}).status_code == 451

    def test_what_a_model_of_our_own_writes_is_read_before_it_is_shown(self, house: House) -> None:
        answer = house.generate("tales", {"prompt": "Luna walked home", "audience": "children", "seed": 1})
        assert answer.status_code == 451
        events = house.client.get(f"/generators/tales/api/v1/generate/{answer.json()['generation_id']}/events").text
        assert "job.failed" in events
        assert "job.token" not in events

    def test_keys_are_seen_nowhere(self, house: House) -> None:
        """In a refusal that repeats the key, and in all that is written down of it."""
        house.fakes.script(
            {"match": {"provider": "openai"}, "times": 9, "status": 401, "body": {"error": {"message": KEYS["OPENAI_API_KEY"]}}}
        )
        answer = house.generate("often", {"prompt": "x"}, **{"authorization": "Bearer other"})
        failed = house.generate("crowded", {"prompt": "x"})
        assert failed.json()["status"] == "failed"
        events = house.client.get(
            f"/generators/crowded/api/v1/generate/{failed.json()['generation_id']}/events", headers={"accept": "text/event-stream"}
        )
        seen = [answer.text, failed.text, events.text, house.platform.log, house.client.get("/metrics").text]
        seen += [file.read_bytes().decode("latin-1") for file in house.platform.home.rglob("*") if file.is_file()]
        for key in KEYS.values():
            assert not any(key in text for text in seen)


class TestOpenAIsWire:
    def test_a_chat_streams_and_ends(self, house: House) -> None:
        body = {"model": "any", "stream": True, "messages": [{"role": "user", "content": "Tell me of the sea"}]}
        with house.client.stream("POST", "/generators/pair/v1/chat/completions", json=body) as answer:
            text = "".join(answer.iter_text())
        assert text.rstrip().endswith("data: [DONE]")
        assert len(re.findall(r'"content":', text)) >= 3

    def test_pictures_have_whole_addresses(self, house: House) -> None:
        body = {"prompt": "Mountain landscape", "n": 1, "size": "512x512"}
        answer = house.client.post("/generators/sketches/v1/images/generations", json=body).json()
        url = answer["data"][0]["url"]
        assert url.startswith(house.platform.base)
        assert house.client.get(url).headers["content-type"] == "image/png"
