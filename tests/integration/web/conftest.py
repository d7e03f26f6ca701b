"""One platform for all tests of the pages, and real Chromium where a test asks for it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.servers.fake_providers import fake_providers
from tests.servers.generators import generator, provider, text_generator, write_generators
from tests.servers.oidc import CLIENT_ID, CLIENT_SECRET, oidc_issuer
from tests.servers.people import PASSWORD, register
from tests.servers.platform import Platform, platform
from tests.servers.push_service import PushService, push_service

EXAMPLES = Path(__file__).parents[3] / "examples"
EMAIL = "mar@example.org"
ROOT = "root@example.org"
"""The admin."""
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)></svg>{{ 7 * 7 }}"
SLOW = "One two three four five six seven eight nine ten."
_RULES: list[dict[str, Any]] = [
    {"match": {"prompt_contains": "never ends"}, "hang": True},
    {"match": {"prompt_contains": "nasty"}, "text": NASTY},
    {"match": {"prompt_contains": "surely fails"}, "status": 400},
    {"match": {"prompt_contains": "slowly"}, "text": SLOW, "stream": {"delay_s": 0.2}},
]
"""How the provider of the generator `writer` answers some prompts."""
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@dataclass(frozen=True)
class Studio:
    platform: Platform
    vendor: PushService
    """Of browsers."""

    @property
    def base(self) -> str:
        return self.platform.base


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    with fake_providers() as fakes, oidc_issuer() as issuer, push_service() as vendor:
        fakes.script(*_RULES)
        file = write_generators(
            folder / "studio.yaml",
            text_generator("writer", "", providers=[provider(fakes.base_url("openai-compatible"))], jobs={"maxAttempts": 1}),
            text_generator("one-by-one", "", providers=[provider(fakes.base_url("openai-compatible"))], workers={"concurrency": 1}),
            generator("drawings", task="image", engine={"name": "sketch", "model": "builtin://sketch"}),
            generator("looks", task="image-description", engine={"name": "sketch", "model": "builtin://sketch"}),
        )
        known = {"name": "campus", "issuer": issuer.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        environment = {"OCTAVO_THROTTLE_SCALE": "1000", "OCTAVO_OIDC": json.dumps([known]), "OCTAVO_ADMIN_EMAIL": ROOT}
        environment |= {f"OCTAVO_{name.upper()}": value for name, value in vendor.reach.items()}
        with platform(
            EXAMPLES / "tiny-stories.yaml", EXAMPLES / "translator.yaml", file, home=folder / "home", environment=environment
        ) as running:
            with httpx.Client(base_url=running.base, timeout=60, trust_env=False) as client:
                register(client, "Mar", EMAIL)
                register(client, "Root", ROOT)
            yield Studio(running, vendor)


@contextlib.contextmanager
def visiting(studio: Studio) -> Iterator[httpx.Client]:
    """A browser without scripts: it keeps cookies and says where it comes from."""
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False, headers={"origin": studio.base, "accept": "text/html"}) as client:
        yield client


@pytest.fixture
def stranger(studio: Studio) -> Iterator[httpx.Client]:
    with visiting(studio) as client:
        yield client


@pytest.fixture
def visitor(stranger: httpx.Client) -> httpx.Client:
    answer = stranger.post("/login", data={"username": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return stranger


@pytest.fixture
def admin(studio: Studio) -> Iterator[httpx.Client]:
    with visiting(studio) as client:
        answer = client.post("/login", data={"username": ROOT, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For a module and no longer: while it is there, no other event loop can run in this thread."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield started
        started.close()
