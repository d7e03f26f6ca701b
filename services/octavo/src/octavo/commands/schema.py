"""`octavo schema` and `octavo crds`: the resource's schema, for editors and for clusters."""

from __future__ import annotations

import sys
from pathlib import Path

from octavo_core.spec import crd, json_schema


def write_schema(out: Path | None) -> None:
    if out is None:
        sys.stdout.write(json_schema.render())
    else:
        json_schema.write(out)


def write_crds(out: Path | None) -> None:
    if out is None:
        sys.stdout.write(crd.render())
    else:
        crd.write(out)
