"""In a process of its own: what is frozen stays frozen."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from octavo_core.garbage import freeze_what_is_loaded

class Ring:
    pass

before = gc.get_threshold()
freeze_what_is_loaded()
assert gc.get_freeze_count() > 1_000, gc.get_freeze_count()
assert len(gc.get_objects()) < 1_000, "what was loaded is not walked any more"
assert gc.get_threshold() > before
ring = Ring()
ring.self = ring
del ring
assert gc.collect() > 0, "what comes later is collected"
"""


def test_what_is_loaded_is_left_alone_and_what_comes_later_is_not() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
