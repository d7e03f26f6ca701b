"""From a resource to what is served of it."""

from __future__ import annotations

import pytest
from tests.servers.generators import text_generator

from octavo_core.errors import Misconfigured, Unauthenticated
from octavo_core.identity import ANONYMOUS
from octavo_core.spec import GeneratorService, parse_resource
from octavo_generation.generator import serve
from octavo_jobs.lifecycle import Policy

JWKS = "http://127.0.0.1:9/jwks.json"


def resource(**spec: object) -> GeneratorService:
    parsed: GeneratorService = parse_resource(text_generator("x", "http://h/v1", **spec))
    return parsed


def test_the_jobs_policy_is_the_resources_in_milliseconds() -> None:
    jobs = {
        "maxAttempts": 5,
        "timeoutSeconds": 7,
        "leaseSeconds": 2,
        "retentionDays": 1,
        "retry": {"baseSeconds": 0.25, "maxSeconds": 3},
    }
    assert serve(resource(jobs=jobs)).policy == Policy(
        max_attempts=5, timeout_ms=7_000, lease_ms=2_000, retry_base_ms=250, retry_max_ms=3_000, retention_ms=86_400_000
    )


async def test_an_open_generator_knows_everyone_as_one() -> None:
    assert await serve(resource(), jwks_url=JWKS).principal(None) == ANONYMOUS


async def test_a_closed_generator_asks_for_a_token() -> None:
    generator = serve(resource(auth={"mode": "jwt"}), jwks_url=JWKS)
    with pytest.raises(Unauthenticated):
        await generator.principal(None)


def test_a_closed_generator_without_keys_is_refused_rather_than_open() -> None:
    with pytest.raises(Misconfigured, match="OCTAVO_JWKS_URL"):
        serve(resource(auth={"mode": "jwt"}))


async def test_a_generator_of_another_issuer_is_closed_too() -> None:
    generator = serve(resource(auth={"mode": "oidc", "issuer": "https://login.example.org"}))
    with pytest.raises(Unauthenticated):
        await generator.principal(None)
