"""`python -m scripts.servers`: builds the servers for tests that no package brings, once per machine and version."""

from __future__ import annotations

import sys

from scripts.cluster.failures import ClusterFailure
from scripts.cluster.layout import Cache
from scripts.cluster.toolchain import ensure
from scripts.cluster.versions import TEST_SERVERS


def main() -> None:
    try:
        print(ensure([program.name for program in TEST_SERVERS], Cache.of(), print))
    except ClusterFailure as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
