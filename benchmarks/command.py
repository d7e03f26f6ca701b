"""How a benchmark of several stacks is called, and where its result goes."""

import argparse
import asyncio
import logging
import shlex
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson
import uvloop

from benchmarks.client import RunError
from benchmarks.processes import StartError
from benchmarks.stacks import Stack

log = logging.getLogger("benchmarks.command")

Offered = TypeVar("Offered", bound=Stack)


def options_of(description: str, *, stacks: str, levels: str, of_level: str, of_window: str) -> argparse.ArgumentParser:
    """With what all have; `stacks` and `levels` are the defaults, the rest are words."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stacks", default=stacks, help="which, in the order of a round")
    parser.add_argument("--levels", default=levels, help=of_level)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help=of_window)
    parser.add_argument("--latency-ms", type=float, default=50.0, help="of the upstream")
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds to wait, at most, for a quiet machine before each level")
    parser.add_argument("--octavo-command", default=shlex.join([sys.executable, "-m", "octavo"]), help="what is typed before `up`")
    parser.add_argument("--out", type=Path, help="where the JSON goes; else to standard output")
    return parser


def levels_of(options: argparse.Namespace) -> tuple[int, ...]:
    return tuple(int(level) for level in options.levels.split(","))


def chosen(parser: argparse.ArgumentParser, options: argparse.Namespace, offered: Sequence[Offered]) -> list[Offered]:
    """Ends the program where `--stacks` names one that is none."""
    available = {stack.name: stack for stack in offered}
    try:
        return [available[name] for name in options.stacks.split(",")]
    except KeyError as unknown:
        parser.error(f"no stack is called {unknown}")


def run_and_write(work: Coroutine[Any, Any, dict[str, Any]], out: Path | None, render: Callable[[dict[str, Any]], str]) -> int:
    """The exit status. With `out` the result goes there, and is shown rendered."""
    try:
        result = uvloop.run(work)
    except (RunError, StartError) as error:
        log.error("%s", error)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2)
    if out is None:
        sys.stdout.buffer.write(text + b"\n")
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(text + b"\n")
        print(render(result))
    return 0
