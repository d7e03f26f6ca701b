"""How long a job of a killed worker waits: its lease and at most two seconds more."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest
import yaml
from tests.servers.platform import platform
from tests.servers.upstream import upstream

LEASE_S = 10

pytestmark = [pytest.mark.needs("redis")]


async def test_a_killed_workers_job_runs_again_within_its_lease_and_two_seconds(tmp_path: Path) -> None:
    with upstream(latency_s=60) as provider:
        file = tmp_path / "slow.yaml"
        spec = {
            "task": "text",
            "providers": [{"name": "up", "type": "openai-compatible", "model": "m", "baseUrl": provider.url, "timeoutSeconds": 120}],
            "jobs": {"leaseSeconds": LEASE_S},
        }
        file.write_text(
            yaml.safe_dump({"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": "slow"}, "spec": spec})
        )
        with platform(file, home=tmp_path / "home") as running:
            async with httpx.AsyncClient(base_url=f"{running.base}/generators/slow/api/v1") as client:
                job = (await client.post("/generate", json={"prompt": "x"}, headers={"prefer": "respond-async"})).json()["generation_id"]
                await _until(lambda: len(provider.requests) == 1, 20)
                assert running.kill("worker") == 1
                killed = time.monotonic()
                await _until(lambda: len(provider.requests) == 2, LEASE_S + 20)
                took = time.monotonic() - killed
                provider.released.set()
                body = {}
                for _ in range(100):
                    body = (await client.get(f"/generate/{job}")).json()
                    if body["status"] == "succeeded":
                        break
                    await asyncio.sleep(0.1)
    assert body["status"] == "succeeded"
    assert body["attempt"] == 2
    assert took <= LEASE_S + 2


async def _until(check: object, deadline_s: float) -> None:
    assert callable(check)
    end = time.monotonic() + deadline_s
    while not check():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)
