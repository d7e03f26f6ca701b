"""An API server of a test's own: what other tests build on."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from scripts.cluster.api import condition
from tests.servers.cluster import control_plane
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("control-plane")

ROOT = Path(__file__).parents[3]
_START_AND_WAIT = """
import sys
from tests.servers.cluster import control_plane
with control_plane() as plane:
    print(plane.settings.folder, *(process.pid for process in plane.programs.values()), flush=True)
    sys.stdin.read()
"""


def test_it_lets_in_only_who_it_knows() -> None:
    with control_plane() as plane:
        assert "kube-system" in plane.kubectl("get", "namespaces")
        tls = ssl.create_default_context(cafile=str(plane.authority))
        with httpx.Client(base_url=plane.url, verify=tls, headers={"authorization": "Bearer guessed"}) as stranger:
            assert stranger.get("/api/v1/namespaces").status_code == httpx.codes.UNAUTHORIZED


def test_it_leaves_nothing() -> None:
    with control_plane() as plane:
        pids = [process.pid for process in plane.programs.values()]
    assert not plane.settings.folder.exists()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_it_dies_with_its_test_even_when_that_is_killed() -> None:
    argv = [sys.executable, "-c", _START_AND_WAIT]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as test:
        assert test.stdout is not None
        folder, *pids = test.stdout.readline().split()
        assert len(pids) == 2
        test.send_signal(signal.SIGKILL)
        test.wait(10)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="the programs live on")
    wait_until(lambda: not Path(folder).exists(), what="the folder stays")


def test_several_may_run_at_once() -> None:
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        planes = list(pool.map(lambda _: stack.enter_context(control_plane()), range(2)))
        planes[0].kubectl("create", "namespace", "only-here")
        assert planes[0].api.find("/api/v1/namespaces/only-here") is not None
        assert planes[1].api.find("/api/v1/namespaces/only-here") is None


def test_it_survives_a_crash_of_the_api_server() -> None:
    with control_plane() as plane:
        plane.kubectl("create", "namespace", "kept")
        plane.kill("kube-apiserver")
        with pytest.raises(httpx.HTTPError):
            plane.api.get("/readyz")
        plane.start("kube-apiserver")
        plane.wait_ready()
        assert plane.api.find("/api/v1/namespaces/kept") is not None


def test_nodes_on_paper_run_pods_and_bind_claims_on_paper() -> None:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2) as plane:
        assert all(condition(node, "Ready") for node in plane.api.get("/api/v1/nodes")["items"])
        plane.kubectl("create", "deployment", "web", "--image=none", "--replicas=3")
        plane.kubectl("rollout", "status", "deployment/web", "--timeout=20s")
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        metadata = {"name": "data", "namespace": "default"}
        plane.api.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim})
        plane.kubectl("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/data", "--timeout=20s")


def test_further_arguments_reach_the_api_server(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    (tmp_path / "policy.yaml").write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
    with control_plane(api_server=[f"--audit-policy-file={tmp_path}/policy.yaml", f"--audit-log-path={log}"]) as plane:
        plane.kubectl("get", "namespaces")
        wait_until(lambda: "octavo-admin" in log.read_text(), what="nothing is audited")


def test_a_flag_that_it_does_not_know_is_told() -> None:
    with pytest.raises(Exception, match="unknown flag: --no-such-flag"), control_plane(api_server=["--no-such-flag"]):
        pytest.fail("it started")
