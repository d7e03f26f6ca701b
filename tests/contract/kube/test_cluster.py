"""What the operator relies on in a real API server: conditional writes, lists in pages, watches that can go on or say that they cannot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.servers.api_proxy import Fault, Proxy, api_proxy
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import prepare

from octavo_operator.cluster import ABSENT, ApiError, Cluster, Limits, NotLeading
from octavo_operator.connection import find_connection
from octavo_operator.kinds import CONFIG_MAP, DEPLOYMENT, GENERATOR_SERVICE, HTTP_ROUTE, LEASE, SECRET
from octavo_operator.secrets import KEY_SECRET, load_master_key

pytestmark = pytest.mark.needs("control-plane")

NAMESPACE = "contract"


class Free:
    """Leave to write for ever; `asked` counts how often it was asked."""

    asked = 0

    def remaining(self) -> float:
        self.asked += 1
        return 60.0


class Taken:
    def remaining(self) -> float:
        raise NotLeading("somebody else leads")


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane() as plane:
        prepare(plane, NAMESPACE)
        yield plane


@pytest.fixture
async def cluster(plane: RunningControlPlane) -> AsyncIterator[Cluster]:
    async with Cluster(find_connection({"KUBECONFIG": str(plane.kubeconfig)})) as cluster:
        yield cluster


@pytest.fixture
def proxy(plane: RunningControlPlane, tmp_path: Path) -> Iterator[Proxy]:
    with api_proxy(plane, tmp_path) as proxy:
        yield proxy


@pytest.fixture
async def shaky(proxy: Proxy) -> AsyncIterator[Cluster]:
    async with Cluster(find_connection({"KUBECONFIG": str(proxy.kubeconfig)})) as cluster:
        yield cluster


def config(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"of": "contract"}}, "data": data}


async def test_a_first_apply_makes_only_what_is_not_there(cluster: Cluster) -> None:
    made = await cluster.apply(NAMESPACE, config("first", a="1"), version=ABSENT, fence=Free())
    assert made["metadata"]["uid"]
    with pytest.raises(ApiError) as refused:
        await cluster.apply(NAMESPACE, config("first", a="2"), version=ABSENT, fence=Free())
    assert refused.value.conflict
    found = await cluster.get(CONFIG_MAP, NAMESPACE, "first")
    assert found is not None
    assert found["data"] == {"a": "1"}


async def test_a_later_apply_is_over_the_version_that_it_was_computed_from(cluster: Cluster) -> None:
    made = await cluster.apply(NAMESPACE, config("later", a="1"), version=ABSENT, fence=Free())
    newer = await cluster.apply(NAMESPACE, config("later", a="2"), version=made["metadata"]["resourceVersion"], fence=Free())
    with pytest.raises(ApiError) as refused:
        await cluster.apply(NAMESPACE, config("later", a="3"), version=made["metadata"]["resourceVersion"], fence=Free())
    assert refused.value.conflict
    # the same again moves nothing
    same = await cluster.apply(NAMESPACE, config("later", a="2"), version=newer["metadata"]["resourceVersion"], fence=Free())
    assert same["metadata"]["resourceVersion"] == newer["metadata"]["resourceVersion"]


async def test_the_answer_of_a_secret_does_not_carry_it_back(cluster: Cluster) -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "quiet"}, "data": {"a": "c2VjcmV0"}}
    answer = await cluster.apply(NAMESPACE, manifest, version=ABSENT, fence=Free())
    assert "data" not in answer
    assert answer["metadata"]["managedFields"]


async def test_a_delete_spares_what_has_taken_the_name_since(cluster: Cluster) -> None:
    made = await cluster.apply(NAMESPACE, config("named"), version=ABSENT, fence=Free())
    await cluster.delete(CONFIG_MAP, NAMESPACE, "named", "00000000-0000-0000-0000-000000000000", fence=Free())
    assert await cluster.get(CONFIG_MAP, NAMESPACE, "named") is not None
    await cluster.delete(CONFIG_MAP, NAMESPACE, "named", made["metadata"]["uid"], fence=Free())
    await cluster.delete(CONFIG_MAP, NAMESPACE, "named", made["metadata"]["uid"], fence=Free())
    assert await cluster.get(CONFIG_MAP, NAMESPACE, "named") is None


async def test_a_status_is_written_over_the_version_that_it_speaks_of(cluster: Cluster) -> None:
    body = {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": "told", "namespace": NAMESPACE},
        "spec": {"task": "story", "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories"}},
    }
    made = await cluster.create(GENERATOR_SERVICE, NAMESPACE, body)
    version = made["metadata"]["resourceVersion"]
    written = await cluster.write_status(GENERATOR_SERVICE, NAMESPACE, "told", version, {"url": "http://x", "model": "m"}, fence=Free())
    assert written["status"]["url"] == "http://x"
    assert written["metadata"]["generation"] == made["metadata"]["generation"]
    with pytest.raises(ApiError) as refused:
        await cluster.write_status(GENERATOR_SERVICE, NAMESPACE, "told", version, {"url": "http://y"}, fence=Free())
    assert refused.value.conflict
    gone = await cluster.write_status(
        GENERATOR_SERVICE, NAMESPACE, "told", written["metadata"]["resourceVersion"], {"model": None}, fence=Free()
    )
    assert "model" not in gone["status"]


async def test_without_the_lease_nothing_is_sent(shaky: Cluster, proxy: Proxy) -> None:
    for write in (
        shaky.apply(NAMESPACE, config("never"), version=ABSENT, fence=Taken()),
        shaky.delete(CONFIG_MAP, NAMESPACE, "never", "x", fence=Taken()),
        shaky.write_status(GENERATOR_SERVICE, NAMESPACE, "never", "1", {}, fence=Taken()),
    ):
        with pytest.raises(NotLeading):
            await write
    assert proxy.requests == []


async def test_the_lease_is_asked_before_every_try_and_bounds_the_wait(shaky: Cluster, proxy: Proxy) -> None:
    fence = Free()
    proxy.fault(Fault("answer", "PATCH", status=500, times=2))
    await shaky.apply(NAMESPACE, config("tried"), version=ABSENT, fence=fence)
    assert fence.asked == 3

    class Ending:
        asked = 0

        def remaining(self) -> float:
            self.asked += 1
            if self.asked > 1:
                raise NotLeading("it has ended meanwhile")
            return 0.5

    held = proxy.fault(Fault("hold", "PATCH"))
    started = time.monotonic()
    with pytest.raises(NotLeading):
        await shaky.apply(NAMESPACE, config("held"), version=ABSENT, fence=Ending())
    assert time.monotonic() - started < 5
    held.release.set()


async def test_a_lost_answer_to_a_first_apply_shows_as_a_conflict(shaky: Cluster, proxy: Proxy) -> None:
    """The caller looks then, and finds its own work."""
    proxy.fault(Fault("lose", "PATCH"))
    with pytest.raises(ApiError) as refused:
        await shaky.apply(NAMESPACE, config("echo"), version=ABSENT, fence=Free())
    assert refused.value.conflict
    assert await shaky.get_metadata(CONFIG_MAP, NAMESPACE, "echo") is not None


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
async def test_a_refusal_for_good_is_not_asked_again(shaky: Cluster, proxy: Proxy, status: int) -> None:
    fault = proxy.fault(Fault("answer", "PATCH", status=status, times=9))
    with pytest.raises(ApiError) as refused:
        await shaky.apply(NAMESPACE, config("refused"), version=ABSENT, fence=Free())
    assert (refused.value.status, fault.met) == (status, 1)
    assert refused.value.message == "a fault that was asked for"


async def test_an_outage_is_said_as_one_and_bounded(shaky: Cluster, proxy: Proxy) -> None:
    fault = proxy.fault(Fault("drop", times=99))
    started = time.monotonic()
    with pytest.raises(ApiError) as failed:
        await shaky.get(CONFIG_MAP, NAMESPACE, "any")
    assert failed.value.passing
    assert failed.value.status == 0
    assert fault.met >= 4
    assert time.monotonic() - started < 30


async def test_a_pause_that_the_server_asks_for_holds_for_everybody(shaky: Cluster, proxy: Proxy) -> None:
    proxy.fault(Fault("answer", "GET", "/first-asks", status=429, headers={"Retry-After": "2"}))
    first = asyncio.create_task(shaky.get(CONFIG_MAP, NAMESPACE, "first-asks"))
    while not proxy.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # on purpose: the first is told to wait meanwhile
    started = time.monotonic()
    await shaky.get(CONFIG_MAP, NAMESPACE, "another-asks")
    assert time.monotonic() - started > 1.0
    await first


async def test_a_list_comes_in_pages_as_of_one_moment(cluster: Cluster) -> None:
    for number in range(7):
        await cluster.apply(
            NAMESPACE,
            {**config(f"page-{number}"), "metadata": {"name": f"page-{number}", "labels": {"of": "pages"}}},
            version=ABSENT,
            fence=Free(),
        )
    pages = [page async for page in cluster.pages(CONFIG_MAP, labels="of=pages", page_size=3, metadata_only=True)]
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert len({page.resource_version for page in pages}) == 1
    assert "data" not in pages[0].items[0]


async def test_a_watch_tells_what_happens_after_a_version(cluster: Cluster) -> None:
    version = [page async for page in cluster.pages(CONFIG_MAP, namespace=NAMESPACE)][-1].resource_version
    made = await cluster.apply(NAMESPACE, config("watched", a="1"), version=ABSENT, fence=Free())
    await cluster.delete(CONFIG_MAP, NAMESPACE, "watched", made["metadata"]["uid"], fence=Free())
    seen = []
    async with asyncio.timeout(20):
        async for events in cluster.watch(CONFIG_MAP, since=version, timeout_s=10, silence_s=10, namespace=NAMESPACE):
            seen += [(event.type, event.object["metadata"]["name"]) for event in events if event.type != "BOOKMARK"]
            if len(seen) >= 2:
                break
    assert seen == [("ADDED", "watched"), ("DELETED", "watched")]


async def test_a_watch_ends_by_itself(cluster: Cluster) -> None:
    version = [page async for page in cluster.pages(CONFIG_MAP, namespace=NAMESPACE)][-1].resource_version
    started = time.monotonic()
    async for _ in cluster.watch(CONFIG_MAP, since=version, timeout_s=1, silence_s=15, namespace=NAMESPACE):
        """Bookmarks at most."""
    assert 0.5 < time.monotonic() - started < 10


async def test_a_watch_that_hears_nothing_ends(shaky: Cluster, proxy: Proxy) -> None:
    held = proxy.fault(Fault("hold", "GET", "watch=true"))
    started = time.monotonic()
    batches = [events async for events in shaky.watch(CONFIG_MAP, since="1", timeout_s=60, silence_s=0.5, namespace=NAMESPACE)]
    assert batches == []
    assert time.monotonic() - started < 10
    held.release.set()


async def test_a_version_that_the_server_has_forgotten_is_said_to_be_gone(plane: RunningControlPlane) -> None:
    with control_plane(api_server=["--watch-cache=false", "--etcd-compaction-interval=1s"]) as forgetful:
        async with Cluster(find_connection({"KUBECONFIG": str(forgetful.kubeconfig)})) as cluster:
            forgetful.kubectl("create", "namespace", NAMESPACE)

            async def gone() -> bool:
                # compaction keeps what is younger than its interval
                await cluster.apply(NAMESPACE, config(f"tick-{time.monotonic_ns()}"), version=ABSENT, fence=Free())
                try:
                    async for _ in cluster.watch(CONFIG_MAP, since="2", timeout_s=1, silence_s=5):
                        break
                except ApiError as error:
                    return error.gone
                return False

            async with asyncio.timeout(40):
                while not await gone():
                    await asyncio.sleep(0.3)


async def test_what_the_cluster_serves(cluster: Cluster) -> None:
    assert await cluster.has_kind(GENERATOR_SERVICE)
    assert await cluster.has_kind(DEPLOYMENT)
    assert not await cluster.has_kind(HTTP_ROUTE)
    assert not await cluster.has_group(HTTP_ROUTE.group)


async def test_the_master_key_is_made_by_whoever_comes_first(cluster: Cluster) -> None:
    keys = await asyncio.gather(*(load_master_key(cluster, NAMESPACE) for _ in range(4)))
    assert len({key.fingerprint({"a": "b"}) for key in keys}) == 1
    secret = await cluster.get(SECRET, NAMESPACE, KEY_SECRET)
    assert secret is not None
    assert secret["immutable"]


async def test_leases_are_made_once_and_replaced_over_what_was_read(cluster: Cluster) -> None:
    body = {
        "apiVersion": LEASE.api_version,
        "kind": "Lease",
        "metadata": {"name": "l", "namespace": NAMESPACE},
        "spec": {"holderIdentity": "a"},
    }
    made = await cluster.create(LEASE, NAMESPACE, body, tries=1)
    with pytest.raises(ApiError) as refused:
        await cluster.create(LEASE, NAMESPACE, body, tries=1)
    assert refused.value.conflict
    await cluster.replace(LEASE, NAMESPACE, {**made, "spec": {"holderIdentity": "c"}}, timeout_s=5)
    with pytest.raises(ApiError) as refused:
        await cluster.replace(LEASE, NAMESPACE, {**made, "spec": {"holderIdentity": "b"}}, timeout_s=5)
    assert refused.value.conflict


async def test_the_process_keeps_to_its_own_bound(plane: RunningControlPlane) -> None:
    async with Cluster(find_connection({"KUBECONFIG": str(plane.kubeconfig)}), Limits(requests_per_second=20, burst=5)) as cluster:
        started = time.monotonic()
        await asyncio.gather(*(cluster.get(CONFIG_MAP, NAMESPACE, "none") for _ in range(25)))
        assert time.monotonic() - started >= 0.9


async def test_a_token_that_is_refused_is_said_so(plane: RunningControlPlane, tmp_path: Path) -> None:
    text = plane.kubeconfig.read_text().replace(plane.token, "wrong")
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    async with Cluster(find_connection({"KUBECONFIG": str(file)})) as cluster:
        with pytest.raises(ApiError) as refused:
            await cluster.get(CONFIG_MAP, NAMESPACE, "any")
    assert refused.value.status == 401
    assert "wrong" not in refused.value.message


async def test_a_server_that_is_signed_by_somebody_else_is_not_believed(plane: RunningControlPlane) -> None:
    from dataclasses import replace

    connection = replace(find_connection({"KUBECONFIG": str(plane.kubeconfig)}), authority=None)
    async with Cluster(connection) as cluster:
        with pytest.raises(ApiError) as refused:
            await cluster.get(CONFIG_MAP, NAMESPACE, "any")
    assert "certificate" in refused.value.message.lower()
