"""`kubectl octavo wake`: an annotation on the resource, which the operator takes for a request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from octavo.commands.kube.kubectl import RESOURCE, Kubectl, name_of
from octavo_core.errors import Unavailable
from octavo_operator.names import WAKE_ANNOTATION

_LOOK_EVERY_S = 1.0


def run(kubectl: Kubectl, given: str, *, wait_s: int) -> None:
    """Raises `Unavailable` with what keeps it, when it is not awake in time."""
    name, console = name_of(given), Console(soft_wrap=True, highlight=False)
    # A time, so that an operator that starts only now still knows how fresh it is.
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kubectl.run("annotate", RESOURCE, name, f"{WAKE_ANNOTATION}={now}", "--overwrite")
    if wait_s == 0:
        console.print(Text(f"{name} is told to wake; `kubectl octavo status {name}` shows how far it is"))
        return
    deadline = time.monotonic() + wait_s
    while not is_awake(resource := kubectl.json("get", RESOURCE, name)):
        if time.monotonic() > deadline:
            raise Unavailable(f"{name} is not awake after {wait_s} s: {_why(resource)}")
        time.sleep(min(_LOOK_EVERY_S, max(0.05, deadline - time.monotonic())))
    console.print(Text(f"{name} is awake"))


def is_awake(resource: Mapping[str, Any]) -> bool:
    """Whether a request would be worked on now: the API answers and a worker takes jobs."""
    status = resource.get("status") or {}
    ready = next((item["status"] for item in status.get("conditions") or () if item["type"] == "Ready"), "Unknown")
    workers, api = status.get("workers") or {}, status.get("api") or {}
    return bool(ready == "True" and workers.get("ready", 0) > 0 and api.get("ready", 0) > 0)


def _why(resource: Mapping[str, Any]) -> str:
    conditions = {item["type"]: item for item in (resource.get("status") or {}).get("conditions") or ()}
    for kind in ("Degraded", "Progressing"):
        if conditions.get(kind, {}).get("status") == "True":
            return str(conditions[kind].get("message", ""))
    return "the operator has not acted on it; is it running?"
