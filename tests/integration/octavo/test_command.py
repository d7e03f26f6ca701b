"""`octavo` against a running platform, and without one."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml
from tests.integration.octavo.conftest import EXAMPLES, Small, octavo
from tests.servers.generators import text_generator, write_generators
from tests.servers.model_hub import model_hub
from tests.servers.starting import free_port, wait_until

pytestmark = pytest.mark.needs("redis")

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


class TestGenerate:
    def test_prints_the_text_alone_to_standard_output(self, small: Small) -> None:
        ran = small.octavo("generate", "text", "Why?", "--seed", "3", "--max-tokens", "9")
        assert ran.code == 0
        assert ran.out == "An answer.\n"
        assert "2 tokens" in ran.err
        assert ID.search(ran.err)
        assert small.upstream.requests[-1]["seed"] == 3
        assert small.upstream.requests[-1]["max_tokens"] == 9

    def test_brackets_in_a_text_are_no_markup(self, small: Small) -> None:
        answer = {"choices": [{"message": {"content": "[/b] a [red]list[/red]: [1] :smile:"}}]}
        small.upstream.fail_next.append((200, {}, answer))
        assert small.octavo("generate", "text", "x").out == "[/b] a [red]list[/red]: [1] :smile:\n"

    def test_a_failed_job_is_told_and_ends_with_1(self, small: Small) -> None:
        small.upstream.fail_next.append((400, {}, {"error": "[/bad] model"}))
        ran = small.octavo("generate", "text", "x")
        assert ran.code == 1
        assert ran.out == ""
        assert "failed: up answered 400: [/bad] model" in ran.err

    def test_a_bad_request_ends_with_2(self, small: Small) -> None:
        ran = small.octavo("generate", "tiny-stories", "x", "--audience", "toddlers")
        assert ran.code == 2
        assert "audience" in ran.err
        assert "'children'" in ran.err

    def test_at_a_terminal_the_text_is_written_while_it_comes(self) -> None:
        with one_job_told_slowly() as told, at_a_terminal("generate", "any", "x", OCTAVO_PORT=str(told.port)) as terminal:
            terminal.read_until("Once ")
            # Only now does the platform go on: what was read was written before the end.
            told.go_on.set()
            rest = terminal.read_to_end()
        assert terminal.code == 0
        assert rest.split() == ["upon", "a", "time."], "once, and nothing beside it"


@dataclass
class ToldSlowly:
    """A stand-in for a platform, with one job whose second half waits for a word."""

    port: int
    go_on: threading.Event


@contextlib.contextmanager
def one_job_told_slowly() -> Iterator[ToldSlowly]:
    go_on = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.answer(202, {"generation_id": "1", "status": "queued"})

        def do_GET(self) -> None:
            if not self.path.endswith("/events"):
                result = {"result": {"text": "Once upon a time."}, "usage": {}, "timings": {"run_ms": 1}}
                self.answer(200, {"status": "succeeded", "message": "Done", **result})
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.tell("job.started", {})
            self.tell("job.token", {"text": "Once "})
            assert go_on.wait(30)
            self.tell("job.token", {"text": "upon a time."})
            self.tell("job.succeeded", {})

        def answer(self, status: int, body: object) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def tell(self, kind: str, data: dict[str, str]) -> None:
            event = json.dumps({"id": "1-1", "type": kind, "data": {**data, "attempt": 1}})
            self.wfile.write(f"id: 1-1\nevent: {kind}\ndata: {event}\n\n".encode())

        def log_message(self, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield ToldSlowly(server.server_address[1], go_on)
        finally:
            go_on.set()
            server.shutdown()


class Terminal:
    """The command's standard output, which it takes for a terminal."""

    def __init__(self, master: int) -> None:
        self._master = master
        self.code: int | None = None

    def read_until(self, words: str) -> None:
        seen = ""
        while words not in seen:
            piece = self._read()
            assert piece, f"it ended before {words!r}: {seen!r}"
            seen += piece

    def read_to_end(self) -> str:
        seen = ""
        while piece := self._read():
            seen += piece
        return seen

    def _read(self) -> str:
        try:
            return os.read(self._master, 65_536).decode()
        except OSError:
            return ""


@contextlib.contextmanager
def at_a_terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "octavo", *arguments],
        stdout=slave,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", **environment},
    ) as process:
        os.close(slave)
        terminal = Terminal(master)
        try:
            yield terminal
            terminal.code = process.wait(30)
        finally:
            process.kill()
            os.close(master)


class TestJobs:
    def test_lists_shows_cancels_and_replays(self, small: Small, client: httpx.Client) -> None:
        job = client.post("/generators/slow/api/v1/generate", json={"prompt": "x"}).json()["generation_id"]

        def status() -> str:
            return str(client.get(f"/generators/slow/api/v1/generate/{job}").json()["status"])

        wait_until(lambda: status() == "running", what="the job does not run")
        listed = small.octavo("jobs", "list", "slow", "--status", "running")
        assert listed.code == 0
        assert re.search(rf"^ {job} +running ", listed.out, re.MULTILINE)
        assert "running 1" in listed.out

        assert json.loads(small.octavo("jobs", "show", "slow", job).out)["generation_id"] == job
        cancelled = small.octavo("jobs", "cancel", "slow", job)
        assert cancelled.code == 0
        assert json.loads(cancelled.out)["cancel_requested"] is True
        wait_until(lambda: status() == "cancelled", what="the job is not cancelled")
        again = small.octavo("jobs", "cancel", "slow", job)
        assert again.code == 2
        assert "has ended (cancelled)" in again.err

        small.held.released.set()
        assert json.loads(small.octavo("jobs", "replay", "slow", job).out)["status"] == "queued"
        wait_until(lambda: status() == "succeeded", what="the replay does not end")
        small.held.released.clear()

    def test_messages_in_the_list_are_no_markup_and_a_job_is_a_line(self, small: Small) -> None:
        small.upstream.fail_next.append((400, {}, {"error": "[/red] " + "very long " * 20}))
        assert small.octavo("generate", "text", "x").code == 1
        listed = small.octavo("jobs", "list", "text", "--status", "failed", "--limit", "1")
        assert listed.code == 0
        (line,) = [line for line in listed.out.splitlines() if ID.search(line)]
        assert "up answered 400: [/red] very long" in line

    @pytest.mark.parametrize("action", ["show", "cancel", "replay"])
    def test_a_job_that_is_not_there(self, small: Small, action: str) -> None:
        ran = small.octavo("jobs", action, "text", "nonsense")
        assert ran.code == 1
        assert ran.err == "✗ there is no such generation\n"

    def test_a_state_that_is_none(self, small: Small) -> None:
        ran = small.octavo("jobs", "list", "text", "--status", "done")
        assert ran.code == 2
        assert "'queued'" in ran.err


class TestWhatCannotBeReached:
    def test_a_platform_that_does_not_run(self) -> None:
        port = str(free_port())
        ran = octavo("generate", "text", "x", OCTAVO_PORT=port)
        assert ran.code == 1
        assert f"nothing answers at http://127.0.0.1:{port}; start the platform with `octavo up`" in ran.err

    def test_a_generator_that_is_not_there(self, small: Small) -> None:
        ran = small.octavo("generate", "absent", "x")
        assert ran.code == 1
        assert ran.err == "✗ there is no generator named absent\n"

    def test_a_generator_that_asks_for_a_token(self, small: Small) -> None:
        for token, says in (("", "a bearer token is required"), ("abc", "the token is not valid")):
            ran = small.octavo("generate", "locked", "x", "--token", token)
            assert ran.code == 1
            assert says in ran.err

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--url", "http://127.0.0.1:port"], "is no address of a platform"),
            (["--url", "ftp://127.0.0.1"], "is no address of a platform"),
            (["--token", "ñ\n"], "characters that no token has"),
        ],
    )
    def test_an_address_or_a_token_that_is_none(self, small: Small, arguments: list[str], says: str) -> None:
        ran = small.octavo("generate", "text", "x", *arguments)
        assert ran.code == 2
        assert says in ran.err

    def test_a_proxy_is_not_the_way_to_ones_own_machine(self, small: Small) -> None:
        proxy = "http://127.0.0.1:9"
        ran = small.octavo("generate", "text", "x", http_proxy=proxy, HTTP_PROXY=proxy, no_proxy="", NO_PROXY="")
        assert (ran.code, ran.out) == (0, "An answer.\n")


class TestPlan:
    def test_shows_every_default_what_runs_and_what_cannot(self, tmp_path: Path) -> None:
        one = text_generator("one", "http://127.0.0.1:1/v1", moderation={"enabled": True, "blockedWords": ["[/bold]"]})
        two = text_generator("two", "http://127.0.0.1:1/v1")
        two["spec"].pop("providers")
        two["spec"]["engine"] = {"name": "llamacpp", "model": "file:///m.gguf"}
        ran = octavo("plan", write_generators(tmp_path / "g.yaml", one, two))
        assert ran.code == 0
        shown = yaml.safe_load(ran.out.partition("# one, with every default\n")[2].partition("\nServes")[0])
        assert shown["spec"]["jobs"]["maxAttempts"] == 3
        assert shown["spec"]["moderation"]["blockedWords"] == ["[/bold]"]
        assert "! the engine llamacpp is not installed here" in ran.out
        assert "worker two: two (from its first job until 300 s without work)" in ran.out
        assert "worker providers: one" in ran.out
        assert "# two, in a cluster: 10 objects" in ran.out
        objects = ran.out.partition("# two, in a cluster: 10 objects\n")[2].partition("\nOn this laptop")[0]
        assert [each["kind"] for each in yaml.safe_load_all(objects)].count("Deployment") == 2

    def test_prints_the_objects_alone_for_other_programs(self, tmp_path: Path) -> None:
        one = text_generator("one", "http://127.0.0.1:1/v1")
        ran = octavo("plan", write_generators(tmp_path / "g.yaml", one), "-o", "yaml", "--has", "monitoring.coreos.com")
        assert ran.code == 0
        printed = list(yaml.safe_load_all(ran.out))
        assert {each["metadata"]["name"] for each in printed if each["kind"] == "Deployment"} == {"one-api", "one-worker"}
        assert "ServiceMonitor" in {each["kind"] for each in printed}

    def test_takes_the_operators_settings(self, tmp_path: Path) -> None:
        file = write_generators(tmp_path / "g.yaml", text_generator("one", "http://127.0.0.1:1/v1"))
        assert "image: registry.example.org/service:7\n" in octavo("plan", file, OCTAVO_IMAGE_SERVICE="registry.example.org/service:7").out
        bad = octavo("plan", file, OCTAVO_USER_APP="0")
        assert bad.code == 2
        assert "OCTAVO_USER_APP" in bad.err

    def test_of_every_example(self) -> None:
        ran = octavo("plan", EXAMPLES)
        assert ran.code == 0
        assert "# tiny-stories, with every default" in ran.out

    def test_of_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        ran = octavo("plan", tmp_path / "absent.yaml")
        assert ran.code == 2
        assert "cannot be read" in ran.err

    @pytest.mark.parametrize("output", ["text", "yaml"])
    def test_the_reader_may_go_before_the_end(self, output: str) -> None:
        command = f"{sys.executable} -m octavo plan {EXAMPLES} -o {output} | head -n 1"
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
        assert done.stderr == ""


class TestNew:
    def test_writes_a_yaml_that_plans(self, tmp_path: Path) -> None:
        ran = octavo("new", "mine", "--task", "text", cwd=tmp_path)
        assert ran.code == 0
        assert octavo("plan", tmp_path / "mine.yaml").code == 0
        text = (tmp_path / "mine.yaml").read_text()
        again = octavo("new", "mine", cwd=tmp_path)
        assert again.code == 2
        assert "mine.yaml is there already" in again.err
        assert (tmp_path / "mine.yaml").read_text() == text


def test_doctor_says_what_is_there(tmp_path: Path) -> None:
    ran = octavo("doctor", OCTAVO_HOME=str(tmp_path / "home"))
    assert ran.code == 0
    for what in ("Python", "Redis server", "Story model", "Data folder", "Memory"):
        assert what in ran.out
    assert not (tmp_path / "home").exists(), "looking makes nothing"


def test_doctor_says_whether_the_model_hub_answers(tmp_path: Path) -> None:
    away = octavo("doctor", OCTAVO_HOME=str(tmp_path), HF_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    assert away.code == 0, "nothing else needs it"
    assert "cannot be reached" in away.out
    assert "examples/hub/gpt2.yaml" in away.out
    with model_hub({}) as hub:
        assert f"Model hub: {hub.url} answers" in octavo("doctor", OCTAVO_HOME=str(tmp_path), HF_ENDPOINT=hub.url).out


def test_schema_and_crds_are_what_their_files_hold(tmp_path: Path) -> None:
    schema = octavo("schema")
    assert json.loads(schema.out)["properties"]["spec"]
    assert octavo("schema", "--out", tmp_path / "s.json").code == 0
    assert (tmp_path / "s.json").read_text() == schema.out
    crd = yaml.safe_load(octavo("crds").out)
    assert crd["kind"] == "CustomResourceDefinition"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['octavo', '--help']\n"
        "from octavo.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'sqlalchemy', 'fastapi', 'pydantic', 'ctranslate2', 'redis', 'dramatiq', 'aiohttp', 'httpx', 'uvicorn', 'torch'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    for command in ("up", "plan", "new", "generate", "jobs", "doctor", "schema", "crds", "train"):
        assert command in done.stdout


def test_a_command_that_is_none() -> None:
    ran = octavo("uup")
    assert ran.code == 2
    assert "uup" in ran.err
