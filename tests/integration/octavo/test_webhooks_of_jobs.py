"""On a laptop: a job's own webhook, from the request to the receiver, with kill -9 between."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks
from tests.integration.notifications.receiver import Receiver, receiver
from tests.servers.generators import text_generator, write_generators
from tests.servers.platform import Platform, platform
from tests.servers.upstream import upstream
from tests.unit.jobs.making import eventually

pytestmark = [pytest.mark.needs("redis"), pytest.mark.timeout(240)]

HOOKS = "/api/notifications/webhooks"
DEADLINE_S = 90.0


async def asked(client: httpx.AsyncClient, address: str) -> str:
    answer = await client.post(
        "/generators/text/api/v1/generate", json={"prompt": "x", "webhook": address}, headers={"prefer": "respond-async"}
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["generation_id"])


async def told(other_side: Receiver, path: str, count: int = 1) -> list[Any]:
    def calls() -> list[Any] | None:
        found = [call for call in other_side.calls if call.path == path]
        return found if len(found) >= count else None

    return await eventually(calls, what=f"{path} is not told {count} times", deadline_s=DEADLINE_S)


async def alive(running: Platform) -> None:
    def ready() -> bool:
        try:
            return running.is_ready()
        except OSError:
            return False

    await eventually(lambda: asyncio.to_thread(ready), what="the platform does not come back", deadline_s=DEADLINE_S)


async def test_a_jobs_end_arrives_whoever_is_killed(tmp_path: Path) -> None:
    with upstream(latency_s=60) as provider:
        async with receiver() as other_side:
            file = write_generators(tmp_path / "generators.yaml", text_generator("text", provider.url))
            environment = {
                "OCTAVO_PEOPLE": "false",
                "OCTAVO_WEBHOOK_ALLOW": "127.0.0.1/32",
                "OCTAVO_WEBHOOK_PORTS": str(other_side.port),
                "OCTAVO_WEBHOOK_RETRY_SECONDS": "4",
            }
            with platform(file, home=tmp_path / "home", environment=environment) as running:
                async with httpx.AsyncClient(base_url=running.base, timeout=60, trust_env=False) as client:
                    secret = (await client.post(f"{HOOKS}/jobs")).json()["webhook"]
                    await _the_teller_dies_while_it_runs(running, client, provider, other_side, secret)
                    await _the_teller_dies_between_two_tries(running, client, other_side, secret)


async def _the_teller_dies_while_it_runs(
    running: Platform, client: httpx.AsyncClient, provider: Any, other_side: Receiver, secret: dict[str, Any]
) -> None:
    job = await asked(client, other_side.url("/killed"))
    await eventually(lambda: provider.requests or None, what="the job does not begin", deadline_s=DEADLINE_S)
    assert running.kill("api")
    # It ends while nobody is there to tell it.
    provider.released.set()
    (call, *_) = await told(other_side, "/killed")
    event = standardwebhooks.Webhook(secret["secret"]).verify(call.body, call.headers)
    assert (event["type"], event["job"], event["data"]["result"]["result"]["text"]) == ("job.succeeded", job, "An answer.")
    await alive(running)


async def _the_teller_dies_between_two_tries(
    running: Platform, client: httpx.AsyncClient, other_side: Receiver, secret: dict[str, Any]
) -> None:
    other_side.answers = [500]
    await asked(client, other_side.url("/again"))

    async def tried() -> dict[str, Any] | None:
        items = (await client.get(f"{HOOKS}/{secret['id']}/deliveries")).json()["items"]
        return next((one for one in items if one["url"] == other_side.url("/again") and one["attempts"]), None)

    delivery = await eventually(tried, what="the first try is not in the log", deadline_s=DEADLINE_S)
    assert running.kill("api")
    first, second, *_ = await told(other_side, "/again", 2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery["id"]
    await alive(running)

    async def delivered() -> bool:
        items = (await client.get(f"{HOOKS}/{secret['id']}/deliveries?state=delivered")).json()["items"]
        return delivery["id"] in [one["id"] for one in items]

    await eventually(delivered, what="the log does not say that it was delivered", deadline_s=DEADLINE_S)
