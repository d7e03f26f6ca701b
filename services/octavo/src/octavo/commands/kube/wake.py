"""`kubectl octavo wake`: an annotation on the resource, which the operator takes for a request."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from octavo.commands.kube.kubectl import RESOURCE, Kubectl, name_of
from octavo_core.errors import Unavailable
from octavo_operator.names import WAKE_ANNOTATION


def run(kubectl: Kubectl, given: str, *, wait_s: int) -> None:
    name, console = name_of(given), Console(soft_wrap=True, highlight=False)
    # A time, so that an operator that starts only now still knows how fresh it is.
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    kubectl.run("annotate", RESOURCE, name, f"{WAKE_ANNOTATION}={now}", "--overwrite")
    if wait_s == 0:
        console.print(f"{escape(name)} is told to wake; `kubectl octavo status {escape(name)}` shows how far it is")
        return
    try:
        kubectl.run("wait", f"{RESOURCE}/{name}", "--for=condition=Sleeping=False", f"--timeout={wait_s}s", timeout_s=wait_s + 30)
        kubectl.run("wait", f"{RESOURCE}/{name}", "--for=jsonpath={.status.workers.ready}", f"--timeout={wait_s}s", timeout_s=wait_s + 30)
    except Unavailable as error:
        if "timed out" not in error.message:
            raise
        raise Unavailable(f"{name} is not awake after {wait_s} s; `kubectl octavo status {name}` says why") from None
    console.print(f"{escape(name)} is awake")
