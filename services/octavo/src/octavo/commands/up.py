"""`octavo up`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from octavo.runner.lines import LinePrinter
from octavo.runner.up import up


def run(files: Sequence[Path], *, host: str, port: int, home: Path) -> None:
    up(paths=files, home=home, host=host, port=port, printer=LinePrinter(raw=os.environ.get("OCTAVO_LOG_FORMAT") == "json"))
