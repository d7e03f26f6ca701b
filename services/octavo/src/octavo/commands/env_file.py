"""Files of variables, as Docker and many programs take them: `VARIABLE=value` lines, with `#` before remarks."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values

from octavo_core.errors import InvalidInput


def read_env_file(path: Path) -> dict[str, str]:
    """Raises `InvalidInput`. A `$` in a value is a `$`."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return {name: value for name, value in dotenv_values(stream=file, interpolate=False).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from None


def add_to_environment(path: Path) -> None:
    """What is set already stays."""
    for name, value in read_env_file(path).items():
        os.environ.setdefault(name, value)
