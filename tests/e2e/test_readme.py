"""What README tells a person to type on Kubernetes, typed in its order."""

from __future__ import annotations

import re
import subprocess

import pytest
from tests.e2e.house import ROOT, Generator, wait
from tests.servers.cluster import Cluster

pytestmark = [pytest.mark.needs("cluster", "images"), pytest.mark.timeout(600)]


def test_the_commands_of_the_readme_make_a_generator(octavo: Cluster) -> None:
    section = (ROOT / "README.md").read_text().partition("## On Kubernetes")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```bash\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    generator = Generator(octavo, "default", "tiny-stories")
    try:
        done = subprocess.run(
            ["bash", "-ec", "\n".join(blocks)], cwd=ROOT, env=octavo.environ, capture_output=True, text=True, timeout=500, check=False
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{generator.account()}"
        table = done.stdout.splitlines()[-2:]
        assert table[0].split() == ["NAME", "READY", "TASK", "MODEL", "WORKERS", "QUEUED", "AGE"]
        assert table[1].split()[:4] == ["tiny-stories", "True", "story", "builtin://tiny-stories"]
    finally:
        octavo.kubectl("delete", "gen", "tiny-stories", "-n", "default", "--ignore-not-found", "--timeout=60s", timeout_s=90)
        wait(lambda: not generator.left(), what="nothing is left")
