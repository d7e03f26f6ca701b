"""When a worker process starts and when it may sleep. Pure."""

from __future__ import annotations

from enum import Enum

from octavo.runner.layout import WorkerPlan


class Decision(Enum):
    START = "start"
    STOP = "stop"
    KEEP = "keep"


def decide(plan: WorkerPlan, *, open_jobs: int, running: bool, idle_for_s: float) -> Decision:
    """`open_jobs` counts queued, delayed and running jobs of the plan's generators; `idle_for_s` is since there was one."""
    wanted = plan.always or open_jobs > 0
    if not running:
        return Decision.START if wanted else Decision.KEEP
    return Decision.STOP if not wanted and idle_for_s >= plan.idle_s else Decision.KEEP
