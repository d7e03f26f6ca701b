"""The reference page of all settings, from the settings' own models: `python -m octavo.settings_reference docs/reference`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from octavo.platform.app import PlatformSettings
from octavo_core.settings import CommonSettings
from octavo_generation.worker import WorkerSettings

_PAGE = "settings.md"
_HEAD = """\
# Settings

Every process reads these from its environment, once, when it starts; a bad value ends it with the variable's name. `octavo up` sets
`OCTAVO_REDIS_URL`, `OCTAVO_GENERATORS_FILE` and the like for the processes that it starts. This page is written by `./task crds`.
"""
_SECTIONS: tuple[tuple[str, type[BaseSettings], type[BaseSettings] | None], ...] = (
    ("Every process", CommonSettings, None),
    ("The HTTP process", PlatformSettings, CommonSettings),
    ("A worker process", WorkerSettings, CommonSettings),
)


def render() -> str:
    parts = [_HEAD]
    for title, settings, base in _SECTIONS:
        inherited = set() if base is None else set(base.model_fields)
        rows = [_row(settings, name, field) for name, field in settings.model_fields.items() if name not in inherited]
        parts.append(f"## {title}\n\n| Variable | Default | What |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def write(folder: Path) -> Path:
    path = folder / _PAGE
    path.write_text(render(), encoding="utf-8")
    return path


def _row(settings: type[BaseSettings], name: str, field: FieldInfo) -> str:
    variable = f"{settings.model_config.get('env_prefix', '')}{name}".upper()
    return f"| `{variable}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "needed"
    if value is None or value == []:
        return "–"
    return f"`{value.get_secret_value() if isinstance(value, SecretStr) else value}`"


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]))}\n")
