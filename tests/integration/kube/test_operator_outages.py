"""What an API server does on its bad days, and an operator that goes on afterwards as if nothing had been."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.api_proxy import Fault, Proxy, api_proxy
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import (
    RunningOperator,
    apply,
    everything_of,
    keep_nodes_ready,
    operator,
    prepare,
    read,
    story,
    wait_settled,
)
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("control-plane")

CHILDREN = "/namespaces/kept/(?!leases)"


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2) as plane:
        prepare(plane, "kept")
        yield plane


@pytest.fixture(scope="module")
def proxy(plane: RunningControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with api_proxy(plane, tmp_path_factory.mktemp("proxy")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def keeper(proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOperator]:
    with operator(proxy.kubeconfig, tmp_path_factory.mktemp("operator"), environment={"OCTAVO_RESYNC_SECONDS": "15"}) as running:
        running.wait_to_lead()
        yield running


@pytest.fixture(autouse=True)
def _healed(proxy: Proxy) -> Iterator[None]:
    yield
    proxy.heal()


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_errors_of_the_server_are_outwaited(plane: RunningControlPlane, proxy: Proxy, keeper: RunningOperator, status: int) -> None:
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    fault = proxy.fault(Fault("answer", "PATCH|POST|PUT|DELETE", CHILDREN, times=12, status=status, headers=headers))
    name = f"refused-{status}"
    apply(plane, "kept", story(name))
    wait_settled(plane, "kept", name, deadline_s=90)
    assert fault.met == 12


def test_a_server_that_asks_for_a_pause_gets_it(plane: RunningControlPlane, proxy: Proxy, keeper: RunningOperator) -> None:
    proxy.fault(Fault("answer", "PATCH", CHILDREN, times=1, status=429, headers={"Retry-After": "3"}))
    before = len(proxy.requests)
    started = time.monotonic()
    apply(plane, "kept", story("patient"))
    wait_until(lambda: _applies(proxy, before, "patient") >= 2, what="it never tries again")
    assert time.monotonic() - started >= 2.5
    wait_settled(plane, "kept", "patient")


@pytest.mark.parametrize("kind", ["drop", "lose"])
def test_lost_requests_and_lost_answers_do_no_harm(plane: RunningControlPlane, proxy: Proxy, keeper: RunningOperator, kind: str) -> None:
    """A lost answer is the hard one: the object stands, and the next try meets it."""
    fault = proxy.fault(Fault("drop" if kind == "drop" else "lose", "PATCH", CHILDREN, times=8))
    name = f"lossy-{kind}"
    apply(plane, "kept", story(name))
    wait_settled(plane, "kept", name, deadline_s=90)
    assert fault.met == 8
    assert "reconcile_broke" not in keeper.log
    conditions = (read(plane, "kept", "gen", name) or {})["status"]["conditions"]
    assert not [item for item in conditions if item["type"] == "Degraded" and item["status"] == "True"], conditions


def test_watches_that_are_cut_go_on_where_they_were(plane: RunningControlPlane, proxy: Proxy, keeper: RunningOperator) -> None:
    apply(plane, "kept", story("cut"))
    wait_settled(plane, "kept", "cut")
    relists = keeper.metric("octavo_operator_watch_relists_total")
    assert proxy.cut_watches() > 5
    plane.kubectl("scale", "deploy", "cut-worker", "--replicas=3", "-n", "kept")
    wait_until(
        lambda: ((read(plane, "kept", "deploy", "cut-worker") or {})["spec"]["replicas"]) == 0, what=f"no repair: {keeper.log[-1500:]}"
    )
    assert keeper.metric("octavo_operator_watch_relists_total") == relists


def test_a_version_that_is_too_old_is_listed_anew(plane: RunningControlPlane, proxy: Proxy, keeper: RunningOperator) -> None:
    """410 Gone, as after a compaction; and what was deleted meanwhile is noticed by the list."""
    apply(plane, "kept", story("compacted"))
    wait_settled(plane, "kept", "compacted")
    writes = keeper.writes()
    relists = keeper.metric("octavo_operator_watch_relists_total", kind="Service")
    gone = '{"kind":"Status","status":"Failure","code":410,"reason":"Expired","message":"too old resource version"}'
    proxy.fault(Fault("answer", "GET", "/services\\?.*watch=true", times=1, status=410, body=gone))
    held = proxy.fault(Fault("hold", "GET", "/services\\?limit", times=1))
    proxy.cut_watches()
    wait_until(lambda: held.met == 1, what=f"no new list: {keeper.log[-1500:]}")
    plane.kubectl("delete", "svc", "compacted-api", "-n", "kept")
    held.release.set()
    wait_until(
        lambda: read(plane, "kept", "svc", "compacted-api") is not None, what=f"the Service does not come back: {keeper.log[-1500:]}"
    )
    assert keeper.metric("octavo_operator_watch_relists_total", kind="Service") == relists + 1
    wait_settled(plane, "kept", "compacted")
    assert keeper.writes() - writes <= 2


def test_a_resource_that_went_unseen_is_not_kept_alive(plane: RunningControlPlane, proxy: Proxy, keeper: RunningOperator) -> None:
    """Kopf's watch has a gap in which the resource is deleted; its children go, and nobody makes them again."""
    apply(plane, "kept", story("unseen"))
    wait_settled(plane, "kept", "unseen")
    gone = '{"kind":"Status","status":"Failure","code":410,"reason":"Expired","message":"too old resource version"}'
    blind = Fault("hold", "GET", "/generatorservices\\?", times=1_000)
    proxy.fault(blind)
    proxy.cut_watches()
    plane.kubectl("delete", "gen", "unseen", "-n", "kept")
    wait_until(lambda: not everything_of(plane, "kept", "unseen"), what="objects are left, or made again", deadline_s=60)
    proxy.heal()
    proxy.fault(Fault("answer", "GET", "/generatorservices\\?.*watch=true", times=1, status=410, body=gone))
    wait_until(lambda: _known(keeper) == _standing(plane), what=f"the deletion is never noticed: {keeper.log[-1500:]}", deadline_s=90)
    assert not everything_of(plane, "kept", "unseen")


def test_an_api_server_that_dies_and_comes_back(plane: RunningControlPlane, proxy: Proxy, keeper: RunningOperator) -> None:
    apply(plane, "kept", story("before"))
    wait_settled(plane, "kept", "before")
    plane.kill("kube-apiserver")
    wait_until(lambda: not keeper.leads(), what="it believes to lead without an API server")
    assert keeper.get("/healthz")[0] == 200
    plane.start("kube-apiserver")
    plane.wait_ready()
    plane.kubectl("scale", "deploy", "before-worker", "--replicas=3", "-n", "kept")
    apply(plane, "kept", story("after"))
    wait_settled(plane, "kept", "after", deadline_s=90)
    wait_until(
        lambda: ((read(plane, "kept", "deploy", "before-worker") or {})["spec"]["replicas"]) == 0, what=f"no repair: {keeper.log[-1500:]}"
    )
    assert keeper.process.poll() is None


def test_nothing_was_written_to_the_log_that_is_secret(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    import base64

    secrets = plane.kubectl("get", "secret", "-A", "-o", "jsonpath={range .items[*]}{.data}{'\\n'}{end}")
    values = {
        part for line in secrets.split() for part in line.replace('"', " ").replace(":", " ").replace(",", " ").split() if len(part) >= 32
    }
    assert values
    log = keeper.log
    for value in values:
        assert value not in log
        try:
            plain = base64.b64decode(value, validate=True).decode()
        except ValueError:
            continue
        assert plain.strip() not in log or len(plain.strip()) < 16


def _applies(proxy: Proxy, since: int, name: str) -> int:
    return sum(method == "PATCH" and f"/{name}" in path for method, path in proxy.requests[since:])


def _known(keeper: RunningOperator) -> float:
    return keeper.metric("octavo_operator_resources")


def _standing(plane: RunningControlPlane) -> int:
    return len(plane.kubectl("get", "gen", "-A", "-o", "name").split())


def test_the_kind_may_come_later(tmp_path: Path) -> None:
    """The operator starts before the chart with the kind is installed."""
    with control_plane(controllers=True, scheduler=True, kwok_nodes=1) as plane:
        keep_nodes_ready(plane)
        crds = Path(__file__).parents[3] / "crds"
        plane.kubectl("create", "namespace", "octavo-system")
        plane.kubectl("create", "namespace", "kept")
        import threading

        def install() -> None:
            wait_until(lambda: "kind_is_missing" in (tmp_path / "operator.log").read_text(), what="it does not say what is missing")
            plane.kubectl("apply", "-f", str(crds))

        installing = threading.Thread(target=install)
        installing.start()
        with operator(plane.kubeconfig, tmp_path) as running:
            installing.join()
            running.wait_to_lead()
            apply(plane, "kept", story("early"))
            wait_settled(plane, "kept", "early")
