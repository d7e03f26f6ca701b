"""Says on stderr what is being done and how long each step took; stdout belongs to what a program may read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from scripts.cluster.failures import ClusterFailure


class Progress:
    """One line a step. On a terminal the running step shows a spinner."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._started = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            with self.console.status(what):
                yield
        except BaseException:
            self.console.print(f"[red]✗[/] {escape(what)} [dim]{time.monotonic() - begun:.1f} s[/]")
            raise
        self.console.print(f"[green]✓[/] {escape(what)} [dim]{time.monotonic() - begun:.1f} s[/]")

    def say(self, what: str) -> None:
        self.console.print(f"[dim]· {escape(what)}[/]")

    def done(self, what: str) -> None:
        self.console.print(f"[bold green]{escape(what)}[/] [dim]{time.monotonic() - self._started:.1f} s[/]")

    def failed(self, failure: ClusterFailure) -> None:
        self.console.print(f"[bold red]{escape(failure.what)}[/]")
        for line in str(failure).splitlines()[len(failure.what.splitlines()) :]:
            self.console.print(escape(line))
        if end := failure.tail():
            self.console.print(f"[dim]the end of {escape(str(failure.log))}:[/]\n{escape(end)}")
