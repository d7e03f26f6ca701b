"""The real helm, as the charts' tests run it, and where it is found."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from scripts.cluster.layout import Cache

CHARTS = Path(__file__).parents[2] / "charts"
NAMES = ("octavo-crds", "octavo-operator", "octavo-platform")
NAMESPACE = "octavo-system"
KUBERNETES = "1.34.4"
"""What is rendered for where no cluster is asked."""

Manifest = dict[str, Any]


class Refused(Exception):
    """helm would not; the text is what it said."""


def program() -> str | None:
    """The helm that was built for the test cluster, else the machine's own."""
    built = Cache.of().bin / "helm"
    return str(built) if built.exists() else shutil.which("helm")


def available() -> bool:
    return program() is not None


def helm(*arguments: str, environ: Mapping[str, str] | None = None, timeout_s: float = 60.0) -> str:
    """What it printed. Raises `Refused` with its complaint."""
    found = program()
    assert found is not None, "tests that use helm are marked needs('helm')"
    # Helm's own files go nowhere near the person's.
    done = subprocess.run(
        [found, *arguments],
        env={**(os.environ if environ is None else environ), "HELM_NO_PLUGINS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    return done.stdout


def render(chart: str, *arguments: str, release: str | None = None) -> str:
    """`helm template` with a release named after the chart, as the guide installs it."""
    return helm("template", release or chart, str(CHARTS / chart), "--namespace", NAMESPACE, "--kube-version", KUBERNETES, *arguments)


def manifests(text: str) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(text) if document]


def sets(values: Mapping[str, object]) -> Sequence[str]:
    """Arguments that set values, each of any JSON type."""
    return [part for path, value in values.items() for part in ("--set-json", f"{path}={json.dumps(value)}")]


GENERATED = re.compile(r'^  (?:[a-z]+-)?(?:token|password|secret|key): "?([^\s"]+)"?$', re.MULTILINE)
"""What charts make up, where it stands in a Secret."""


def without_secrets(text: str) -> str:
    """The same for every render: what was generated, and all that follows from it, replaced by words."""
    for secret in set(GENERATED.findall(text)):
        digest = hashlib.sha256(secret.encode()).hexdigest()
        text = text.replace(secret, "(generated)").replace(digest, "(hash)").replace(digest[:16], "(hash)")
    return text
