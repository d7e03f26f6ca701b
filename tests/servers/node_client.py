"""OpenAI's own client for Node.js (`openai_node/client.js`): its locked package, installed where it is not yet there."""

from __future__ import annotations

import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "openai_node"


def installed() -> Path:
    """The program that makes the common calls: `node PROGRAM BASE_URL`."""
    mark = FOLDER / "node_modules" / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < (FOLDER / "package-lock.json").stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=FOLDER, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-1500:]
    return FOLDER / "client.js"
