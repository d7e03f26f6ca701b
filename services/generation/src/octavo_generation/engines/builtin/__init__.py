"""Models that ship inside the package, one folder each; a spec names them `builtin://tiny-stories`."""

from __future__ import annotations

from pathlib import Path

from octavo_core.errors import Misconfigured

_HERE = Path(__file__).parent


def builtin_names() -> tuple[str, ...]:
    return tuple(sorted(folder.name.replace("_", "-") for folder in _HERE.iterdir() if (folder / "model.json").is_file()))


def builtin_path(name: str) -> Path:
    """Folder of the builtin model `name` (`tiny-stories`, or `builtin://tiny-stories`); raises Misconfigured for any other."""
    plain = name.removeprefix("builtin://").strip("/")
    if plain not in builtin_names():
        raise Misconfigured(f"there is no builtin model {plain!r}; there are: {', '.join(builtin_names()) or 'none'}")
    return _HERE / plain.replace("-", "_")
