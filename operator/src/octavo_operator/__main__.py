from __future__ import annotations

import sys

from octavo_core.errors import Misconfigured
from octavo_operator.main import main

if __name__ == "__main__":
    try:
        main()
    except Misconfigured as error:
        sys.exit(f"octavo-operator: {error.message}")
