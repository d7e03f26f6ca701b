"""The Redis of octavo-platform, with the configuration that the chart renders, in the machine's own redis-server."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from tests.charts import helm
from tests.servers.starting import find_program, free_port, running, wait_until

from octavo_jobs.channels import stream_key
from octavo_jobs.events import STREAM_LENGTH, STREAM_TTL_S

pytestmark = pytest.mark.needs("helm", "redis")


@dataclass
class Rendered:
    """What the chart gives to the pod, on this machine."""

    port: int
    password: str
    config: Path

    def client(self, **others: Any) -> redis.Redis:
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=5, **({"password": self.password} | others))


@pytest.fixture
def rendered(tmp_path: Path) -> Iterator[Rendered]:
    text = helm.render("octavo-platform", *helm.sets({"redis.maxMemory": "3mb"}))
    objects = {manifest["kind"]: manifest for manifest in helm.manifests(text)}
    secret, config = objects["Secret"]["stringData"], objects["ConfigMap"]["data"]["redis.conf"]
    (tmp_path / "data").mkdir()
    (tmp_path / "users.acl").write_text(secret["users.acl"])
    port = free_port()
    places = {"/etc/octavo/secret": str(tmp_path), "dir /data": f"dir {tmp_path / 'data'}", "port 6379": f"port {port}"}
    for there, here in places.items():
        assert there in config
        config = config.replace(there, here)
    file = tmp_path / "redis.conf"
    file.write_text(config.replace("bind * -::*", "bind 127.0.0.1"))
    found = Rendered(port, secret["password"], file)
    program = find_program("redis-server")
    assert program is not None
    with running([program, str(file)], log=tmp_path / "log"):
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
    sets = [m for m in helm.manifests(helm.render("octavo-platform")) if m["kind"] == "StatefulSet"]
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
    text = helm.render("octavo-platform")
    (secret,) = [m for m in helm.manifests(text) if m["kind"] == "Secret"]
    password = secret["stringData"]["password"]
    rest = [m for m in helm.manifests(text) if m["kind"] != "Secret"]
    assert password not in str(rest)
    assert password not in secret["stringData"]["users.acl"]
    assert base64.b64encode(password.encode()).decode() not in str(rest)


def test_events_outlive_a_restart(rendered: Rendered, tmp_path: Path) -> None:
    """The configuration writes them down: another server on the same folder has them."""
    client = rendered.client()
    client.execute_command("XADD", stream_key("luna"), "*", "e", "kept")
    appended = tmp_path / "data"
    wait_until(lambda: any(b"kept" in file.read_bytes() for file in appended.rglob("*.aof")), what="the event is not on disk")


def test_the_helm_tests_own_script_passes(rendered: Rendered) -> None:
    (pod,) = [m for m in helm.manifests(helm.render("octavo-platform")) if m["kind"] == "Pod"]
    (container,) = pod["spec"]["containers"]
    url = f"redis://:{rendered.password}@127.0.0.1:{rendered.port}/0"
    done = subprocess.run(
        [*container["command"], *container["args"]],
        env={"URL": url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "events are kept" in done.stdout
    wrong = subprocess.run(
        [*container["command"], *container["args"]],
        env={"URL": url.replace(rendered.password, "wrong"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert wrong.returncode != 0
