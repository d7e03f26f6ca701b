"""One platform for all HTTP tests of generators: a dozen generators, upstreams that can be told to fail or to wait, an issuer of tokens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.servers.generators import generator, provider, text_generator, write_generators
from tests.servers.jwks import Issuer, issuer
from tests.servers.platform import Platform, platform
from tests.servers.starting import wait_until
from tests.servers.upstream import Upstream, upstream

PROVIDER_KEY = "sk-test-9f2c7d1e5b8a4f60-never-to-be-seen"
ON_HELD = ("slow", "narrow", "impatient")
"""Generators whose upstream answers only when it is released."""
EXAMPLES = Path(__file__).parents[3] / "examples"
FAST_RETRY = {"maxAttempts": 2, "retry": {"baseSeconds": 0.05, "maxSeconds": 0.1}}
PATIENT = {"breaker": {"failures": 1000}}
"""Their tests fail more often in a row than a circuit stays closed for."""


@dataclass(frozen=True)
class Shared:
    platform: Platform
    quick: Upstream
    held: Upstream
    failing: Upstream
    issuer: Issuer


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("shared")
    with upstream() as quick, upstream(latency_s=120) as held, upstream() as failing, issuer() as tokens:
        file = write_generators(
            folder / "generators.yaml",
            text_generator("text", quick.url, limits={"maxPromptChars": 1_000_000}),
            text_generator("waiting", quick.url, jobs={"defaultMode": "wait"}),
            text_generator("short", quick.url, limits={"maxPromptChars": 100}),
            text_generator("pages", quick.url),
            generator("tale", task="story", providers=[provider(quick.url)], audiences={"children": {"temperature": 0.25}, "adult": {}}),
            generator(
                "strict",
                task="story",
                engine={"name": "ctranslate2", "model": "builtin://tiny-stories"},
                audiences={"children": {"bannedWords": ["the"]}, "young": {"maxLix": 10}},
            ),
            text_generator("slow", held.url, workers={"concurrency": 1}),
            text_generator("narrow", held.url, jobs={"maxQueued": 2}),
            text_generator("impatient", held.url, providers=[provider(held.url, timeoutSeconds=1)], jobs={"maxAttempts": 1}),
            text_generator("flaky", failing.url, jobs=FAST_RETRY, fallback=PATIENT),
            text_generator(
                "keyed",
                failing.url,
                providers=[provider(failing.url, credentials={"env": "TEST_PROVIDER_KEY"})],
                jobs=FAST_RETRY,
                fallback=PATIENT,
            ),
            text_generator(
                "fallback",
                quick.url,
                providers=[provider(failing.url, "first"), provider("http://127.0.0.1:9/v1", "absent"), provider(quick.url, "last")],
                jobs=FAST_RETRY,
                fallback=PATIENT,
            ),
            generator("drawing", task="image", engine={"name": "sketch", "model": "builtin://sketch"}),
            generator("seeing", task="image-description", engine={"name": "sketch", "model": "builtin://sketch"}),
            text_generator("private", quick.url, auth={"mode": "jwt"}),
            generator("llama", task="text", engine={"name": "llamacpp", "model": "file:///models/llama.gguf"}),
            text_generator("keyless", quick.url, providers=[provider(quick.url, credentials={"env": "TEST_ABSENT_KEY"})]),
        )
        environment = {
            "TEST_PROVIDER_KEY": PROVIDER_KEY,
            "OCTAVO_JWKS_URL": tokens.url,
            # a generator without its key must say so
            "OCTAVO_FAKE_PROVIDERS_URL": "",
            "OCTAVO_CORS_ORIGINS": '["https://app.example.org"]',
        }
        with platform(file, EXAMPLES, home=folder / "home", environment=environment) as running:
            yield Shared(running, quick, held, failing, tokens)


@pytest.fixture(scope="session")
def client(shared: Shared) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared.platform.base, timeout=60, trust_env=False) as session:
        yield session


@pytest.fixture
def held(shared: Shared, client: httpx.Client) -> Iterator[Upstream]:
    """The upstream that waits to be released; what still runs on it is cancelled after the test."""
    shared.held.requests.clear()
    yield shared.held
    for name in ON_HELD:
        base = f"/generators/{name}/api/v1"
        for job in client.get(f"{base}/jobs", params={"status": ["queued", "running"], "limit": 100}).json()["items"]:
            with contextlib.suppress(httpx.HTTPError):
                client.delete(f"{base}/generate/{job['generation_id']}")
        wait_until(
            lambda base=base: not any(client.get(f"{base}/jobs").json()["queue"].values()),  # type: ignore[misc]
            what=f"jobs of {name} do not end",
        )
    shared.held.released.set()
    shared.held.released.clear()


@pytest.fixture
def failing(shared: Shared) -> Iterator[Upstream]:
    """The upstream to be told how to fail."""
    shared.failing.fail_next.clear()
    shared.failing.requests.clear()
    shared.failing.headers.clear()
    yield shared.failing
    shared.failing.fail_next.clear()
