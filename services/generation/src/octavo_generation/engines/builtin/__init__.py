"""Models that ship with Octavo, each a folder beside this file."""

from __future__ import annotations

from pathlib import Path

from octavo_core.errors import Misconfigured


def builtin_path(name: str) -> Path:
    """The folder of `builtin://NAME`. Raises `Misconfigured` that lists those that exist."""
    here = Path(__file__).parent
    known = {folder.name.replace("_", "-"): folder for folder in here.iterdir() if (folder / "model.json").exists()}
    if name not in known:
        raise Misconfigured(f"there is no built-in model {name!r}; there is {', '.join(sorted(known)) or 'none'}")
    return known[name]
