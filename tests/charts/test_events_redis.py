"""The Redis of octavo-platform, with the configuration that the chart renders, in the machine's own redis-server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from tests.charts import helm
from tests.servers.starting import free_port, running, wait_until

from octavo_jobs.channels import stream_key
from octavo_jobs.events import STREAM_LENGTH, STREAM_TTL_S

pytestmark = pytest.mark.needs("helm", "redis")

ALONE = helm.sets({"services.enabled": False})


@dataclass
class Rendered:
    """What the chart gives to the pod, on this machine."""

    port: int
    password: str
    config: Path

    def client(self, **others: Any) -> Any:
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=5, **({"password": self.password} | others))


@pytest.fixture
def rendered(tmp_path: Path) -> Iterator[Rendered]:
    """Started by the container's own command, with the paths of this test in place of the pod's."""
    text = helm.render("octavo-platform", *ALONE, *helm.sets({"redis.maxMemory": "3mb"}))
    objects = {manifest["kind"]: manifest for manifest in helm.manifests(text)}
    port = free_port()
    places = {"/etc/octavo": str(tmp_path), "/run/octavo": str(tmp_path), "dir /data": f"dir {tmp_path}", "port 6379": f"port {port}"}

    def here(there: str) -> str:
        for path, own in places.items():
            there = there.replace(path, own)
        return there

    for folder in ("secret", "config"):
        (tmp_path / folder).mkdir()
    password = objects["Secret"]["stringData"]["password"]
    (tmp_path / "secret" / "password").write_text(password)
    file = tmp_path / "config" / "redis.conf"
    file.write_text(here(objects["ConfigMap"]["data"]["redis.conf"]).replace("bind * -::*", "bind 127.0.0.1"))
    (container,) = objects["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    found = Rendered(port, password, file)
    with running([*container["command"], *map(here, container["args"])], log=tmp_path / "log"):
        wait_until(lambda: found.client().ping() is True, what="Redis does not answer")
        yield found


def test_events_are_added_and_read(rendered: Rendered) -> None:
    client = rendered.client()
    key = stream_key("luna")
    client.execute_command("XADD", key, "MAXLEN", "~", STREAM_LENGTH, "*", "j", "1", "t", "job.started", "e", "{}")
    client.expire(key, STREAM_TTL_S)
    (_, entries) = client.xread({key: "0"}, count=10)[0]
    assert [fields["t"] for _, fields in entries] == ["job.started"]
    assert client.publish("octavo:wake", "tiny-stories") == 0


@pytest.mark.parametrize(
    "command",
    [
        ("CONFIG", "GET", "*"),
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("SAVE",),
        ("SET", "elsewhere", "1"),
        ("PUBLISH", "elsewhere", "1"),
        ("REPLICAOF", "127.0.0.1", "1"),
    ],
    ids=" ".join,
)
def test_whoever_has_the_password_can_do_no_more_than_events_need(rendered: Rendered, command: tuple[str, ...]) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        rendered.client().execute_command(*command)


def test_without_the_password_nothing_is_answered(rendered: Rendered) -> None:
    with pytest.raises(redis.exceptions.AuthenticationError):
        rendered.client(password=None).ping()
    with pytest.raises(redis.exceptions.AuthenticationError):
        rendered.client(password="wrong").ping()


def test_the_probe_can_do_nothing_but_ask(rendered: Rendered) -> None:
    probe = rendered.client(username="probe", password="none")
    assert probe.ping() is True
    with pytest.raises(redis.exceptions.NoPermissionError):
        probe.execute_command("XLEN", stream_key("luna"))


def test_the_probes_command_line_works(rendered: Rendered) -> None:
    sets = [m for m in helm.manifests(helm.render("octavo-platform", *ALONE)) if m["kind"] == "StatefulSet"]
    (container,) = sets[0]["spec"]["template"]["spec"]["containers"]
    *shell, line = container["readinessProbe"]["exec"]["command"]
    here = line.replace("redis-cli", f"redis-cli -p {rendered.port}")
    assert subprocess.run([*shell, here], check=False, timeout=10).returncode == 0
    gone = line.replace("redis-cli", f"redis-cli -p {free_port()}")
    assert subprocess.run([*shell, gone], check=False, timeout=10, stderr=subprocess.DEVNULL).returncode != 0


def test_when_memory_is_full_old_events_go_and_new_ones_are_taken(rendered: Rendered) -> None:
    client = rendered.client()
    for user in range(400):
        client.execute_command("XADD", stream_key(str(user)), "*", "e", "x" * 20_000)
        client.expire(stream_key(str(user)), STREAM_TTL_S)
    assert client.exists(stream_key("399")) == 1
    assert sum(client.exists(stream_key(str(user))) for user in range(400)) < 400


def test_the_password_stands_in_no_configuration(rendered: Rendered) -> None:
    files = [file for file in rendered.config.parents[1].rglob("*") if file.is_file()]
    assert [file.name for file in files if rendered.password.encode() in file.read_bytes()] == ["password"]
    assert [oct(file.stat().st_mode & 0o777) for file in files if file.name == "users.acl"] == ["0o600"]


def test_events_outlive_a_restart(rendered: Rendered, tmp_path: Path) -> None:
    """The configuration writes them down: another server on the same folder has them."""
    client = rendered.client()
    client.execute_command("XADD", stream_key("luna"), "*", "e", "kept")
    wait_until(lambda: any(b"kept" in file.read_bytes() for file in tmp_path.rglob("*.aof")), what="the event is not on disk")


def test_the_helm_tests_own_script_passes_and_can_fail(rendered: Rendered) -> None:
    (pod,) = [m for m in helm.manifests(helm.render("octavo-platform", *ALONE)) if m["kind"] == "Pod"]
    (container,) = pod["spec"]["containers"]
    script = container["args"][0].replace("-h octavo-platform-redis -p 6379", f"-h 127.0.0.1 -p {rendered.port}")

    def run(password: str) -> subprocess.CompletedProcess[str]:
        environ = {"REDISCLI_AUTH": password, "PATH": "/usr/bin:/bin"}
        return subprocess.run([*container["command"], script], env=environ, capture_output=True, text=True, timeout=30, check=False)

    done = run(rendered.password)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "events are kept" in done.stdout
    assert run("wrong").returncode != 0
