"""`octavo doctor`: what is there, what is missing, what for, and how to get it."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
import threading
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from rich.console import Console
from rich.markup import escape

from octavo.runner.redis_server import find_redis_server
from octavo_core.errors import Misconfigured
from octavo_generation.engines.builtin import builtin_path
from octavo_generation.engines.hub import ENDPOINT, PUBLIC_HUB


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    good: bool
    needed: bool
    """Without it nothing runs; the others are for some uses only."""
    text: str


def run(home: Path) -> None:
    console = Console(soft_wrap=True)
    findings = examine(home)
    for finding in findings:
        mark = "[green]✓[/]" if finding.good else "[red]✗[/]" if finding.needed else "[yellow]–[/]"
        console.print(f"{mark} {finding.what}: {escape(finding.text)}", highlight=False)
    if any(finding.needed and not finding.good for finding in findings):
        raise Misconfigured("this machine cannot run Octavo yet; the lines marked ✗ say why")


def examine(home: Path) -> list[Finding]:
    return [
        check(home)
        for check in (_python, _redis, _model, _translator, _engines, _hub, _local_servers, _keys, _folder, _memory, _training, _cluster)
    ]


def _python(_home: Path) -> Finding:
    return Finding("Python", sys.version_info >= (3, 11), True, f"{platform.python_version()} (3.11 or newer is needed)")


def _redis(_home: Path) -> Finding:
    try:
        return Finding("Redis server", True, True, find_redis_server())
    except Misconfigured as error:
        return Finding("Redis server", False, True, error.message)


def _model(_home: Path) -> Finding:
    if importlib.util.find_spec("ctranslate2") is None:
        return Finding("Story model", False, False, "the engine ctranslate2 is missing; `pip install ctranslate2`")
    try:
        return Finding("Story model", True, False, f"builtin://tiny-stories in {builtin_path('tiny-stories').name}")
    except Misconfigured as error:
        return Finding("Story model", False, False, f"{error.message}; `octavo train story` makes one")


def _translator(_home: Path) -> Finding:
    missing = [name for name in ("ctranslate2", "py3langid") if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("Translator", False, False, f"{' and '.join(missing)} missing; `pip install {' '.join(missing)}`")
    try:
        text = f"builtin://tiny-translator in {builtin_path('tiny-translator').name}; docs/guides/translating.md says how to get NLLB-200"
        return Finding("Translator", True, False, text)
    except Misconfigured as error:
        return Finding("Translator", False, False, f"{error.message}; `octavo train translator` makes one")


_OPTIONAL = {"llamacpp": ("llama_cpp", "octavo-generation[llamacpp]"), "transformers": ("torch", "octavo-generation[transformers]")}


def _engines(_home: Path) -> Finding:
    there = [name for name, (package, _) in _OPTIONAL.items() if importlib.util.find_spec(package) is not None]
    missing = [f"{name} (`pip install '{extra}'`)" for name, (_, extra) in _OPTIONAL.items() if name not in there]
    text = "; ".join(
        part
        for part in (
            f"installed: {', '.join(there)}" if there else "",
            f"not installed: {', '.join(missing)}, or `./task install:models` in a checkout" if missing else "",
        )
        if part
    )
    return Finding("Engines for models of your own", not missing, False, text)


_HUB_WAIT_S = 3.0


def _hub(_home: Path) -> Finding:
    """Whether models named hf://… can be fetched. Asked in a thread of its own, for the look-up of a name has no bound."""
    endpoint = (os.environ.get(ENDPOINT) or PUBLIC_HUB).rstrip("/")
    heard: list[str] = []

    def ask() -> None:
        request = urllib.request.Request(f"{endpoint}/api/models/openai-community/gpt2", headers={"user-agent": "octavo-doctor"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_HUB_WAIT_S) as answer:  # noqa: S310 - the endpoint is the person's own setting
                heard.append("" if answer.status == 200 else f"it answers with {answer.status}")
        except HTTPError as error:
            # A mirror that lacks this one model is a hub all the same.
            heard.append("" if error.code in (401, 403, 404) else f"it answers with {error.code}")
        except (OSError, ValueError, HTTPException) as error:
            heard.append(str(getattr(error, "reason", "") or error or type(error).__name__))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_HUB_WAIT_S + 1)
    reason = heard[0] if heard else "no answer in time"
    if not reason:
        return Finding("Model hub", True, False, f"{endpoint} answers")
    text = f"{endpoint} cannot be reached ({reason}); examples/hub/gpt2.yaml and all models named hf://… need it, or a mirror ({ENDPOINT})"
    return Finding("Model hub", False, False, text)


_SERVERS = {"Ollama": 11434, "llama.cpp": 8080, "LM Studio": 1234, "vLLM": 8000}


def _local_servers(_home: Path) -> Finding:
    """Servers with OpenAI's wire format on the ports where they usually are."""
    found = [
        f"{name} at port {port} ({', '.join(models[:3]) or 'no model yet'})"
        for name, port in _SERVERS.items()
        if (models := _models(port)) is not None
    ]
    text = "; ".join(found) if found else "none answers here; examples/hub/ollama.yaml is for one"
    return Finding("Local model servers", bool(found), False, text)


def _models(port: int) -> list[str] | None:
    """The models that an OpenAI-compatible server on this machine lists; None where there is none."""
    try:
        with _DIRECTLY.open(f"http://127.0.0.1:{port}/v1/models", timeout=0.5) as answer:
            listed = json.loads(answer.read(65_536))
        return [str(model["id"]) for model in listed["data"] or ()]
    except (OSError, ValueError, KeyError, TypeError, HTTPException):
        return None


def _keys(_home: Path) -> Finding:
    there = [name for name in _KEYS if os.environ.get(name)]
    missing = [name for name in _KEYS if name not in there]
    text = "; ".join(
        part
        for part in (
            f"set: {', '.join(there)}" if there else "",
            f"not set: {', '.join(missing)} (`octavo up` answers with samples in their stead)" if missing else "",
        )
        if part
    )
    return Finding("Providers' keys", not missing, False, text)


_KEYS = ("XAI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "FLUX_API_KEY")
"""Those that the examples ask for."""
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""A person's HTTP proxy is not the way to their own machine."""


def _folder(home: Path) -> Finding:
    place = next(parent for parent in (home.absolute(), *home.absolute().parents) if parent.exists())
    writable = os.access(place, os.W_OK)
    free = shutil.disk_usage(place).free / 1e9
    text = f"{home} ({free:.1f} GB free)" if writable else f"{place} cannot be written; set OCTAVO_HOME to a folder that can"
    return Finding("Data folder", writable and free > 0.2, True, text)


def _memory(_home: Path) -> Finding:
    try:
        gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    except (ValueError, OSError):
        return Finding("Memory", True, False, "cannot be told on this system")
    return Finding("Memory", gigabytes > 1, False, f"{gigabytes:.1f} GB (the platform with one model at work takes under 0.4)")


def _training(_home: Path) -> Finding:
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    text = f"{' and '.join(missing)} missing; `pip install 'octavo[train]'`, or `./task train:setup` in a checkout" if missing else "ready"
    return Finding("Training (`octavo train`)", not missing, False, text)


def _cluster(_home: Path) -> Finding:
    found = shutil.which("kubectl")
    return Finding("Cluster (kubectl)", found is not None, False, found or "kubectl is not here; only a cluster needs it")
