"""Work that vendors let one poll for. A task is only its times and its outcome; its picture is drawn when somebody fetches it."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from octavo_fakes.pictures import Spec

Outcome = Literal["done", "refused", "filtered"]
"""`refused` for what was asked, `filtered` for what came out of it."""
KEEP_TASKS = 2_000
KEEP_S = 600.0


@dataclass(frozen=True, slots=True)
class Task:
    id: str
    provider: str
    spec: Spec
    outcome: Outcome
    began: float
    """Both on the monotonic clock."""
    ready: float
    began_ms: int
    action: str = ""

    def progress(self) -> float:
        """0..1."""
        now = time.monotonic()
        return 1.0 if now >= self.ready else (now - self.began) / (self.ready - self.began)


class Tasks:
    """The newest of them, for ten minutes: vendors forget them too."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, Task] = OrderedDict()

    def begin(self, task_id: str, provider: str, spec: Spec, *, outcome: Outcome, takes_s: float, action: str = "") -> Task:
        now = time.monotonic()
        while self._tasks and (len(self._tasks) >= KEEP_TASKS or next(iter(self._tasks.values())).began < now - KEEP_S):
            self._tasks.popitem(last=False)
        task = Task(task_id, provider, spec, outcome, now, now + takes_s, time.time_ns() // 1_000_000, action)
        self._tasks[task_id] = task
        return task

    def find(self, provider: str, task_id: str) -> Task | None:
        task = self._tasks.get(task_id)
        return (
            task
            if task is not None and task.provider == provider and task.began >= time.monotonic() - KEEP_S - (task.ready - task.began)
            else None
        )
