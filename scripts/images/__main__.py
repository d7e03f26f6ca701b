"""`./task images [-- TARGET… --tag TAG --engine ENGINE --base IMAGE --mirror URL --fresh-base]`"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import time
from pathlib import Path

from scripts.images.building import Options, build_images
from scripts.images.engines import NAMES
from scripts.images.failures import ImagesFailure
from scripts.images.targets import TARGETS, chosen

_ROOT = Path(__file__).parents[2]


def main() -> int:
    arguments = _parser().parse_args()
    started = time.monotonic()
    environment = {**os.environ, "DOCKER_BUILDKIT": "1", "LC_ALL": "C.UTF-8"}

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {line}", flush=True)

    # A build that is stopped ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "octavo/images"
    runtime = os.environ.get("XDG_RUNTIME_DIR") or ("/run" if os.geteuid() == 0 else cache / "run")
    # Another cache has another store, whose state must not be taken for this one's.
    state = Path(runtime) / f"octavo-images-{hashlib.sha256(bytes(cache)).hexdigest()[:8]}"
    options = Options(_ROOT, cache, state, arguments.tag, arguments.engine, arguments.base, arguments.mirror, arguments.fresh_base)
    try:
        build_images(chosen(arguments.targets), options, environment, say)
    except ImagesFailure as failure:
        print(f"images: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(target.name + ("" if target.by_default else " (only when named)") for target in TARGETS)
    parser = argparse.ArgumentParser(
        prog="./task images --",
        description="Builds Octavo's images and exports each to build/images/NAME.tar.",
        epilog=f"Targets: {names}.",
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what to build; all but those built only when named, if none is given")
    parser.add_argument("--tag", default="dev", help="the images' tag (default: dev)")
    parser.add_argument("--engine", choices=NAMES, help="default: the first that answers")
    parser.add_argument("--base", metavar="IMAGE", help="base of all images; default: the Containerfile's, else one made by debootstrap")
    parser.add_argument("--mirror", metavar="URL", help="Debian mirror for base and stores; default: this machine's own, or the base's")
    parser.add_argument("--fresh-base", action="store_true", help="pull the base again, or make it anew, and rebuild on it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
