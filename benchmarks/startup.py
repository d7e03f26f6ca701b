"""How long a laptop waits for its first story, and how much memory is held while a model works.

    python -m benchmarks.startup --out benchmarks/results/startup.json

Each run has an empty OCTAVO_HOME. The clock starts when the command is started and is read when `/health/ready` first answers 200 and
when the first story has been read to its end. Memory is looked at afterwards, while stories are written, because reading it takes time
from what is timed. The operating system's file cache is as the last run left it; the first run is reported on its own for that reason.
"""

import argparse
import logging
import os
import shlex
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import machine
from benchmarks.figures import middle
from benchmarks.processes import Memory, Program, StartError, answers, descendants, free_port, memory, role
from benchmarks.report import render

EXAMPLE = Path(__file__).parents[1] / "examples" / "tiny-stories.yaml"
READY_DEADLINE_S = 120.0
STORY_DEADLINE_S = 120.0
SAMPLE_EVERY_S = 0.2

log = logging.getLogger("benchmarks.startup")


@dataclass(frozen=True, slots=True)
class StartupSample:
    """One run, from nothing."""

    ready_s: float
    first_story_s: float
    """From the same start as `ready_s`: it contains it."""
    rss_mb: float
    pss_mb: float
    """The highest sum that was seen while stories were written; the whole process tree, Redis included."""
    pss_mb_by_role: dict[str, float]
    """At that moment."""
    processes: int


@dataclass(frozen=True, slots=True)
class Peak:
    memory: Memory
    pss_mb_by_role: dict[str, float]
    processes: int


def post_story(port: int, generator: str, wait_s: float) -> bytes:
    """A whole story; StartError where the answer is not 200."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/generators/{generator}/api/v1/generate",
        data=orjson.dumps({"prompt": "Once upon a time there was a small boat", "audience": "children"}),
        headers={"content-type": "application/json", "prefer": f"wait={wait_s:g}"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=wait_s + 5) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except OSError as error:
        raise StartError(f"the story was not answered: {error}") from error
    if status != 200:
        raise StartError(f"the story was answered with HTTP {status}: {body[:300].decode(errors='replace')}")
    return bytes(body)


def look(root: int) -> Peak:
    """The tree's memory now."""
    tree = descendants([root])
    by_role: dict[str, float] = {}
    for process in tree:
        name = role(process, [root])
        by_role[name] = round(by_role.get(name, 0.0) + memory([process]).pss_bytes / 1e6, 1)
    return Peak(memory(tree), by_role, len(tree))


def peak_while_writing(program: Program, port: int, generator: str, stories: int) -> Peak:
    """The highest sum of PSS while `stories` callers write one story each, looked at every SAMPLE_EVERY_S."""
    failures: list[StartError] = []

    def write() -> None:
        try:
            post_story(port, generator, STORY_DEADLINE_S)
        except StartError as error:
            failures.append(error)

    writers = [threading.Thread(target=write, daemon=True) for _ in range(stories)]
    for writer in writers:
        writer.start()
    peak = look(program.pid)
    while any(writer.is_alive() for writer in writers):
        now = look(program.pid)
        if now.memory.pss_bytes > peak.memory.pss_bytes:
            peak = now
        time.sleep(SAMPLE_EVERY_S)
    if failures:
        raise failures[0]
    return peak


def measure(command: Sequence[str], generator: str, stories: int) -> StartupSample:
    """One run; nothing is left running."""
    with tempfile.TemporaryDirectory(prefix="octavo-bench-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        port = free_port()
        begun = time.perf_counter()
        program = Program("octavo", [*command, "--port", str(port)], folder, {"OCTAVO_HOME": str(folder / "home")})
        try:
            program.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), READY_DEADLINE_S)
            ready_s = time.perf_counter() - begun
            try:
                post_story(port, generator, STORY_DEADLINE_S)
                first_story_s = time.perf_counter() - begun
                peak = peak_while_writing(program, port, generator, stories)
            except StartError as error:
                raise StartError(f"{error}\n{program.log_tail()}") from error
        finally:
            program.stop()
    return StartupSample(
        ready_s=ready_s,
        first_story_s=first_story_s,
        rss_mb=peak.memory.rss_bytes / 1e6,
        pss_mb=peak.memory.pss_bytes / 1e6,
        pss_mb_by_role=peak.pss_mb_by_role,
        processes=peak.processes,
    )


def report(samples: Sequence[StartupSample], files: Sequence[Path]) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "benchmark": "startup",
        "at": machine.now(),
        "machine": asdict(machine.describe()),
        "settings": {"runs": len(samples), "files": [file.name for file in files]},
        "ready_s": {"first": samples[0].ready_s, "median": middle([sample.ready_s for sample in samples])},
        "first_story_s": {"first": samples[0].first_story_s, "median": middle([sample.first_story_s for sample in samples])},
        "first_story_s_highest": max(sample.first_story_s for sample in samples),
        "pss_mb_highest": max(sample.pss_mb for sample in samples),
        "rss_mb_highest": max(sample.rss_mb for sample in samples),
        "runs": [asdict(sample) for sample in samples],
    }


def typed() -> list[str]:
    """The installed command of this environment, as a person types it; else the module."""
    installed = Path(sys.executable).parent / "octavo"
    return [str(installed)] if os.access(installed, os.X_OK) else [sys.executable, "-m", "octavo"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--file", type=Path, action="append", help="GeneratorServices to start; again for more (default: examples/tiny-stories.yaml)"
    )
    parser.add_argument("--generator", default="tiny-stories", help="the one that writes the story")
    parser.add_argument("--stories", type=int, default=4, help="written at once while memory is looked at")
    parser.add_argument("--octavo-command", default=shlex.join(typed()), help="what is typed before `up`")
    parser.add_argument("--out", type=Path, help="where the JSON goes; else to standard output")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    files: list[Path] = [file.resolve() for file in options.file or [EXAMPLE]]
    command = [*shlex.split(options.octavo_command), "up", *(word for file in files for word in ("-f", str(file)))]
    samples = []
    try:
        for number in range(1, options.runs + 1):
            sample = measure(command, options.generator, options.stories)
            log.info(
                "run %d  ready %.2f s  first story %.2f s  PSS %.0f MB %s",
                *(number, sample.ready_s, sample.first_story_s, sample.pss_mb, sample.pss_mb_by_role),
            )
            samples.append(sample)
    except StartError as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        return 130
    result = report(samples, files)
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2)
    if options.out is None:
        sys.stdout.buffer.write(text + b"\n")
    else:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(text + b"\n")
        print(render([result]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
