"""The admin API as in a cluster: a real API server with the rights of the guide and no more; the generators of a running platform stand in
for those of pods. There are no kubelets here: real pods' logs are read by tests/e2e."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.crd.conftest import DEFINITION, define
from tests.integration.admin.conftest import House
from tests.journeys.people import ok
from tests.servers.cluster import RunningControlPlane, control_plane

from octavo.runner.layout import Home
from octavo_admin.app import create_service
from octavo_admin.settings import AdminSettings

pytestmark = [pytest.mark.needs("redis", "control-plane")]

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "admin.md"


@pytest.fixture(scope="module")
def plane(house: House) -> Iterator[RunningControlPlane]:
    with control_plane() as running:
        define(running, DEFINITION)
        running.kubectl("create", "namespace", "octavo-system")
        running.kubectl("create", "namespace", "prod")
        rights = GUIDE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
        running.kubectl("apply", "-f", "-", stdin=rights)
        for name in ("text", "slow", "asleep"):
            resource = {
                "apiVersion": "octavo.dev/v1alpha1",
                "kind": "GeneratorService",
                "metadata": {"name": name, "namespace": "prod"},
                "spec": {"task": "text", "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories"}},
            }
            running.kubectl("apply", "-f", "-", stdin=json.dumps(resource))
            running.kubectl(
                "patch", "-n", "prod", f"gen/{name}", "--subresource=status", "--type=merge", "-p", json.dumps(_status(house, name))
            )
        yield running


def _status(house: House, name: str) -> dict[str, Any]:
    asleep = name == "asleep"
    conditions = [{"type": "Ready", "status": "True", "reason": "Ready"}]
    if asleep:
        conditions.append({"type": "Sleeping", "status": "True", "reason": "Asleep"})
    return {
        "status": {
            "conditions": conditions,
            "url": "http://127.0.0.1:9" if asleep else f"{house.platform.base}/generators/{name}",
            "api": {"ready": 0 if asleep else 1, "desired": 0 if asleep else 1},
            "queue": {"queued": 4, "running": 0, "delayed": 0, "oldestSeconds": 2.5},
        }
    }


@contextlib.asynccontextmanager
async def admin_of(
    house: House, plane: RunningControlPlane, folder: Path, account: tuple[str, str] = ("octavo-admin", "octavo-system"), **more: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """The service over that cluster, with the token of a service account; an admin's client of it."""
    token, (name, namespace) = folder / "token", account
    token.write_text(plane.kubectl("create", "token", name, "-n", namespace))
    settings = AdminSettings(
        home=folder,
        auth_url=house.platform.base,
        service_token_url=f"{house.platform.base}/api/auth/service-token",
        service_secret=(house.platform.home / "service.secret").read_text().strip(),
        service_urls={"auth": f"{house.platform.base}/api/auth/health/ready", "gone": "http://127.0.0.1:9/health"},
        jwks_url=f"{house.platform.base}/.well-known/jwks.json",
        kubernetes_url=plane.url,
        kubernetes_token_file=token,
        kubernetes_ca_file=plane.authority,
        **more,
    )
    service = create_service(settings)
    headers = {"authorization": f"Bearer {house.admin.token}"}
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin", headers=headers, timeout=60) as opened:
        yield opened
    await service.close()


@pytest.fixture
async def client(plane: RunningControlPlane, house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with admin_of(house, plane, tmp_path) as opened:
        yield opened


async def test_services_and_generators_of_a_cluster(client: httpx.AsyncClient) -> None:
    services = ok(await client.get("/api/admin/services"))
    assert [(item["name"], item["state"]) for item in services["items"]] == [("auth", "healthy"), ("gone", "unreachable")]
    assert services["processes"] == []
    items = {item["name"]: item for item in ok(await client.get("/api/admin/generators"))["items"]}
    assert list(items) == ["asleep", "slow", "text"]
    assert items["asleep"]["state"] == "sleeping"
    assert items["asleep"]["queue"]["queued"] == 4, "as the operator counted it; a request would wake it"
    assert items["text"]["namespace"] == "prod"
    assert items["text"]["recent"] is not None, "as its own API reports it"
    one = ok(await client.get("/api/admin/generators/text", params={"namespace": "prod"}))
    assert one["generator"]["versions"]["generation"] == 1
    assert (await client.get("/api/admin/generators/text", params={"namespace": "dev"})).status_code == 404


async def test_jobs_of_a_cluster_are_listed_cancelled_and_replayed(client: httpx.AsyncClient, house: House) -> None:
    job = house.generate(house.ana, "slow", "cluster-1")["generation_id"]
    done = house.generate(house.ana, "text", "cluster-2", "wait=30")["generation_id"]
    page = ok(await client.get("/api/admin/jobs", params={"user": house.ana.id, "limit": 2}))
    assert [(item["id"], item["generator"], item["user"]) for item in page["items"]] == [
        (done, "prod/text", house.ana.id),
        (job, "prod/slow", house.ana.id),
    ]
    assert [text.partition(":")[0] for text in page["missing"]] == ["prod/asleep"]
    older = ok(await client.get("/api/admin/jobs", params={"user": house.ana.id, "limit": 2, "cursor": page["next_cursor"]}))
    assert {item["id"] for item in older["items"]} & {job, done} == set()
    assert ok(await client.get(f"/api/admin/jobs/{done}"))["job"]["status"] == "succeeded"
    assert (await client.get(f"/api/admin/jobs/{done}", params={"generator": "slow"})).status_code == 404

    ok(await client.post(f"/api/admin/jobs/{job}/cancel", params={"generator": "prod/slow"}))
    async with asyncio.timeout(60):
        while ok(await client.get(f"/api/admin/jobs/{job}"))["job"]["status"] != "cancelled":
            await asyncio.sleep(0.1)
    ok(await client.post(f"/api/admin/jobs/{job}/replay"), 202)
    ok(await client.post(f"/api/admin/jobs/{job}/cancel"))
    assert (await client.post(f"/api/admin/jobs/{done}/replay")).status_code == 409
    entries = house.admin.client.get("/api/admin/audit", params={"action": "job_cancel", "limit": 200}).json()["items"]
    assert f"prod/slow {job}" in [entry["detail"] for entry in entries]


async def test_the_rights_of_the_guide_are_enough_and_no_more(client: httpx.AsyncClient, plane: RunningControlPlane) -> None:
    assert ok(await client.get("/api/admin/logs"))["items"] == []
    who = "--as=system:serviceaccount:octavo-system:octavo-admin"
    for verb, what in (("list", "generatorservices.octavo.dev"), ("list", "pods"), ("get", "pods/log")):
        assert plane.kubectl("auth", "can-i", verb, what.partition("/")[0], *_sub(what), "-n", "prod", who).strip() == "yes"
    for verb, what in (("get", "secrets"), ("create", "pods/exec"), ("delete", "pods"), ("patch", "generatorservices.octavo.dev")):
        with pytest.raises(AssertionError):
            plane.kubectl("auth", "can-i", verb, what.partition("/")[0], *_sub(what), "-n", "prod", who)


def _sub(what: str) -> list[str]:
    return [f"--subresource={what.partition('/')[2]}"] if "/" in what else []


async def test_the_services_own_lanes_and_events_where_their_stores_are_named(
    house: House, plane: RunningControlPlane, tmp_path: Path
) -> None:
    home = Home(house.platform.home)
    stores = {"database_url": f"sqlite:///{home.path / 'jobs.db'}", "redis_url": home.redis_url}
    job = house.generate(house.ana, "text", "cluster-3", "wait=30")["generation_id"]
    async with admin_of(house, plane, tmp_path, **stores) as client:
        (mail, *_) = ok(await client.get("/api/admin/jobs", params={"generator": "auth.mail"}))["items"]
        assert (await client.post(f"/api/admin/jobs/{mail['id']}/replay", params={"generator": "auth.mail"})).status_code == 409
        events = ok(await client.get(f"/api/admin/jobs/{job}", params={"generator": "prod/text"}))["events"]
        assert [event["type"] for event in events][-1] == "job.succeeded"


async def test_a_cluster_that_gives_no_rights_is_told_as_such(house: House, plane: RunningControlPlane, tmp_path: Path) -> None:
    plane.kubectl("create", "serviceaccount", "nobody", "-n", "prod")
    async with admin_of(house, plane, tmp_path, ("nobody", "prod")) as client:
        for path in ("generators", "jobs", "logs"):
            answer = await client.get(f"/api/admin/{path}")
            assert answer.status_code == 503, answer.text
            assert "refuses the admin service" in answer.json()["message"]
