"""kubectl as a client: it is there wherever a plugin of its runs, and brings the caller's own login, proxy and rights."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from octavo_core.errors import Forbidden, InvalidInput, Misconfigured, NotFound, OctavoError, Unavailable

RESOURCE = "generatorservices.octavo.dev"
TIMEOUT_S = 60.0
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_PREFIXES = ("gen/", "generatorservice/", "generatorservices/", f"{RESOURCE}/", "generatorservice.octavo.dev/")


class Kubectl:
    def __init__(self, *, namespace: str | None = None, context: str | None = None, kubeconfig: Path | None = None) -> None:
        self._namespace = namespace
        self._options = [
            *(["--context", context] if context else []),
            *(["--kubeconfig", str(kubeconfig)] if kubeconfig else []),
        ]

    @property
    def namespace(self) -> str:
        """The one that was asked for, else the context's."""
        if self._namespace is None:
            found = self.run("config", "view", "--minify", "--output", "jsonpath={..namespace}", in_namespace=False)
            self._namespace = found.strip() or "default"
        return self._namespace

    def json(self, *arguments: str, in_namespace: bool = True) -> dict[str, Any]:
        """Of `kubectl get … --output json`; raises what went wrong, as the errors of Octavo."""
        return _document(self.run(*arguments, "--output", "json", in_namespace=in_namespace))

    def raw(self, path: str) -> dict[str, Any]:
        """Of any path at the API server that answers JSON. A refusal with a problem body raises it in its own words."""
        return _document(self.run("get", "--raw", path, in_namespace=False))

    def run(self, *arguments: str, in_namespace: bool = True, timeout_s: float = TIMEOUT_S) -> str:
        """Its standard output. Raises when it fails."""
        try:
            done = subprocess.run(
                self.command(*arguments, in_namespace=in_namespace), capture_output=True, text=True, errors="replace", timeout=timeout_s
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"the cluster did not answer within {timeout_s:g} s") from None
        if done.returncode != 0:
            raise explain(done.stderr)
        return done.stdout

    def become(self, *arguments: str) -> NoReturn:
        """This process turns into kubectl: for what runs until the person has seen enough."""
        command = self.command(*arguments)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted

    def command(self, *arguments: str, in_namespace: bool = True) -> list[str]:
        """Raises `Misconfigured` where there is no kubectl."""
        program = shutil.which("kubectl")
        if program is None:
            raise Misconfigured("kubectl is not here; install it, or put the folder that it is in on the PATH")
        where = ["--namespace", self._namespace] if in_namespace and self._namespace is not None else []
        return [program, *self._options, *where, *arguments]


def name_of(given: str) -> str:
    """`NAME`, also from `gen/NAME`. Raises `InvalidInput` for what no name can be: it becomes part of selectors and paths."""
    name = next((given.removeprefix(prefix) for prefix in _PREFIXES if given.startswith(prefix)), given)
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"`{given[:80]}` is no name of a generator: lower case letters, digits and hyphens")
    return name


def explain(complaint: str) -> OctavoError:
    """What kubectl wrote to standard error, as the error that it means and with a remedy where there is one."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip() and not line.startswith(("Warning:", "W0", "E0", "I0"))]
    last = lines[-1] if lines else "kubectl failed without a word"
    text = " ".join(lines)
    if 'have a resource type "generatorservices"' in text or 'no matches for kind "GeneratorService"' in text:
        return Misconfigured("this cluster does not know GeneratorServices; install the charts octavo-crds and octavo-operator")
    if (found := re.search(r'\(NotFound\): generatorservices\.octavo\.dev "([^"]+)" not found', text)) is not None:
        return NotFound(
            f"there is no GeneratorService {found[1]} here; `kubectl octavo status` shows those that there are, -A of all namespaces"
        )
    if (problem := _problem(text)) is not None:
        return problem
    if "(NotFound)" in text:
        return NotFound(_said(last))
    if "(Forbidden)" in text or "(Unauthorized)" in text or "You must be logged in" in text:
        return Forbidden(_said(last))
    if "no endpoints available" in text:
        return Unavailable("no pod of its API answers; `kubectl octavo status NAME` says why, or that it sleeps")
    if any(
        word in text for word in ("Unable to connect", "was refused", "no such host", "i/o timeout", "deadline exceeded", "TLS handshake")
    ):
        return Unavailable(f"the cluster is not reached: {_said(last)}")
    if any(word in text for word in ("invalid configuration", "does not exist", "no context exists", "error loading config")):
        return Misconfigured(_said(last))
    return Unavailable(_said(last))


def items_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document.get("items") or []


def selector(**labels: str | Sequence[str]) -> str:
    """Of labels `app.kubernetes.io/…`, as kubectl takes it."""
    parts = []
    for label, value in labels.items():
        key = f"app.kubernetes.io/{label.replace('_', '-')}"
        parts.append(f"{key}={value}" if isinstance(value, str) else f"{key} in ({','.join(value)})")
    return ",".join(parts)


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise Unavailable(f"that is no JSON: {text[:120]!r}; is something else behind that address?") from None
    if not isinstance(found, dict):
        raise Unavailable("the answer is no JSON object")
    return found


def _said(line: str) -> str:
    return re.sub(r"^(?:error|Error from server)(?: \(\w+\))?:\s*", "", line, flags=re.IGNORECASE)[:500]


def _problem(text: str) -> OctavoError | None:
    """A generator's own refusal, which kubectl repeats: `Error from server (…): {"type": …, "message": …}`, or its text alone."""
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return None
    try:
        body = json.loads(text[begin : end + 1])
    except ValueError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return None
    if body.get("status") in (401, 403) or body.get("error") in ("unauthenticated", "forbidden"):
        return Forbidden(f"the generator refuses: {body['message']}")
    return Unavailable(f"the generator answers: {body['message']}")
