"""Every command that README and the guides tell a person to type is typed here, in their order, and must do what it says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tests.servers.starting import ServerDidNotStart, free_port, wait_until

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/guides").glob("*.md"))]
ELSEWHERE = {
    "./task test": "this run is part of it",
    "./task chaos": "tests/chaos, with fewer jobs",
    "./task train:setup": "CI runs it before the tests",
    "./task install:models": "it builds llama.cpp; `./task test:models` needs it",
    ".venv-models/bin/octavo up -f examples/hub/gpt2.yaml": "tests/contract/generation/test_model_engines.py, with a hub of its own",
    "./task images": "CI builds them before the tests",
    "buildah --root": "it throws away what the images are made from",
    "docker ": "tests/integration/cluster and e2e load the same archives; there is no registry to push to",
    ".venv/bin/python -m octavo_generation.engines.sketch.describing.measuring": "the tests of the engine hold what it measured",
    ".venv-train/bin/python scripts/models/train_tiny_translator.py": "tests/contract/octavo/test_train_own.py, with fewer steps",
    ".venv-train/bin/python scripts/models/train_tiny_stories.py": "tests/contract/octavo/test_train_story.py, with fewer steps",
}
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(\.venv/bin/octavo [^`]+|curl -[^`]*localhost:8080/[^`]+)`")


def commands_of(page: Path) -> list[str]:
    """Blocks and inline commands in the order of the page; a line that ends with a backslash goes on in the next."""
    found: list[tuple[int, str]] = []
    text = page.read_text()
    for block in _BLOCK.finditer(text):
        joined = block[1].replace("\\\n", " ")
        found += [(block.start() + n, command) for n, command in enumerate(_whole(joined.splitlines())) if not command.startswith("#")]
    outside = _BLOCK.sub(lambda match: " " * len(match[0]), text)
    found += [(match.start(), match[1]) for match in _INLINE.finditer(outside)]
    return [command for _, command in sorted(found)]


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """A quote that is open at the end of a line goes on in the next."""
    command = ""
    for line in lines:
        command = f"{command}\n{line}" if command else line.strip()
        if command and command.count("'") % 2 == 0:
            yield command
            command = ""


class Terminal:
    """A folder that looks like the checkout, and the platforms started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[tuple[subprocess.Popen[bytes], Path]] = []
        # All of it: `./task up` looks at every package to tell whether one has changed since it was installed.
        for path in ROOT.iterdir():
            if path.name not in (".git", ".octavo"):
                (folder / path.name).symlink_to(path)
        self.environment = {**os.environ, "HOME": str(folder), "SHELL": "/bin/bash", "OCTAVO_HOME": str(folder / "data")}
        self.port = 0
        self.fakes_port = 0
        self.generator = ""
        """One that the platform started last has."""

    def start(self, command: str) -> None:
        self.port = free_port()
        self.environment |= {"OCTAVO_PORT": str(self.port), "OCTAVO_HOME": str(self.folder / f"data-{self.port}")}
        log = self.folder / f"up-{self.port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                shell=True,
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.started.append((process, log))
        try:
            wait_until(self._ready, what=f"`{command}` is not ready", deadline_s=90)
        except ServerDidNotStart as error:
            raise AssertionError(f"{error}:\n{log.read_text()}") from None
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/generators", timeout=5) as answer:
            self.generator = json.loads(answer.read())["items"][0]["name"]

    def start_fakes(self, command: str) -> None:
        self.fakes_port = free_port()
        log = self.folder / f"fakes-{self.fakes_port}.log"
        with log.open("wb") as output:
            argv = command.replace("8090", str(self.fakes_port)).split()
            process = subprocess.Popen(argv, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self.started.append((process, log))
        wait_until(lambda: "url" in log.read_text(), what=f"`{command}` does not listen; see {log}")

    def run(self, command: str) -> str:
        typed = command.replace("localhost:8080", f"localhost:{self.port}").replace("localhost:8090", f"localhost:{self.fakes_port}")
        typed = typed.replace(" NAME", f" {self.generator}")
        # The shell stays the command's parent, as it is for a person: completion asks which shell that is.
        shell = ["bash", "-c", f"{typed}; exit $?"]
        done = subprocess.run(shell, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{typed}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def close(self) -> None:
        for process, _ in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
        for process, log in self.started:
            assert process.wait(40) is not None, log.read_text()

    def _ready(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=2) as answer:
            return answer.status == 200


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


@pytest.mark.needs("redis")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(page: Path, terminal: Terminal) -> None:
    commands = [command for command in commands_of(page) if not any(command.startswith(known) for known in ELSEWHERE)]
    if page.stem == "README":
        assert len(commands) >= 10
    outputs: dict[str, str] = {}
    for command in commands:
        if command.startswith("OCTAVO_PORT="):
            # Its point is the variable; the port is the test's own.
            command = command.partition(" ")[2]
        if command.endswith("task up") or " octavo up" in command or "/octavo up" in command:
            terminal.start(command)
            continue
        if " fake-providers " in command:
            terminal.start_fakes(command)
            continue
        if " new " in command and (terminal.folder / f"{command.split()[2]}.yaml").exists():
            continue
        outputs[command] = terminal.run(command)
    for command, output in outputs.items():
        if "Luna" in command:
            assert "Luna" in output, command
        if "/generators/images/" in command and "-d " in command:
            assert '"success":true' in output, command
            wanted = sum(body.get("num_images", 1) for body in _bodies(command))
            assert output.count('"image_id"') == wanted, command


def _bodies(command: str) -> list[dict[str, int]]:
    body = json.loads(command.partition("-d '")[2].rpartition("'")[0])
    return body if isinstance(body, list) else [body]
