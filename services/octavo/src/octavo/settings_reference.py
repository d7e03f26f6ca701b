"""The reference page of all settings, from the settings' own models: `python -m octavo.settings_reference docs/reference`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from octavo.platform.app import PlatformSettings
from octavo_admin.settings import AdminSettings
from octavo_auth.settings import AuthSettings
from octavo_core.http.serving import ServiceSettings
from octavo_core.net.webhooks import WebhookSettings
from octavo_core.settings import CommonSettings, other_names
from octavo_generation.image_service import ImageServiceVariables
from octavo_generation.script_service import ScriptServiceVariables
from octavo_generation.server import ServerSettings
from octavo_generation.uploads import UploadSettings
from octavo_generation.worker import WorkerSettings
from octavo_notifications.settings import NotificationsSettings, NotificationsTuning
from octavo_operator.settings import OperatorSettings
from octavo_web.settings import WebSettings

_PAGE = "settings.md"
_HEAD = """\
# Settings

Every process reads these from its environment, once, when it starts; a bad value ends it with the variable's name. `octavo up` sets
`OCTAVO_REDIS_URL`, `OCTAVO_GENERATORS_FILE` and the like for the processes that it starts, and so does the operator for its pods. This
page is written by `./task crds`.
"""
_IMAGE_SERVICE = "The Image Generator Service's own (image generators)"
_SCRIPT_SERVICE = "The Script Generation Service's own (generators of scripts)"
_PREFACES = {
    _SCRIPT_SERVICE: """\
For who moves here from it: see [scripts](../guides/scripts.md). They count for generators with `task: script`, for the fields that their
YAML leaves out. `PORT`, `DATABASE_URL` and `DATA_ROOT_PATH` stand above, beside Octavo's own names.

""",
    _IMAGE_SERVICE: """\
For who moves here from it: see [pictures](../guides/pictures.md). They count for generators with `task: image`, for the fields that
their YAML leaves out. `LOG_LEVEL`, `API_PORT`, `ENVIRONMENT` and `APPLICATIONINSIGHTS_CONNECTION_STRING` stand above, beside Octavo's
own names.

""",
}
_SECTIONS: tuple[tuple[str, type[BaseModel], type[BaseModel] | None], ...] = (
    ("Every process", CommonSettings, None),
    ("The HTTP process of a laptop", PlatformSettings, CommonSettings),
    ("The API process of one generator, in a cluster", ServerSettings, CommonSettings),
    ("A worker process", WorkerSettings, CommonSettings),
    ("Notifications (alone, and in the HTTP process of a laptop)", NotificationsTuning, WebhookSettings),
    ("The process of notifications, in a cluster", NotificationsSettings, NotificationsTuning),
    ("Webhooks that jobs name (API), and those of people (notifications)", WebhookSettings, None),
    ("Pictures that are sent in (API and workers)", UploadSettings, None),
    (_IMAGE_SERVICE, ImageServiceVariables, None),
    (_SCRIPT_SERVICE, ScriptServiceVariables, None),
    ("Auth: users, login, tokens and keys", AuthSettings, CommonSettings),
    ("The admin API", AdminSettings, ServiceSettings),
    ("The web: pages and the gateway", WebSettings, ServiceSettings),
    ("The operator", OperatorSettings, CommonSettings),
)


def render() -> str:
    parts = [_HEAD]
    for title, settings, base in _SECTIONS:
        inherited = {} if base is None else {**base.model_fields, **CommonSettings.model_fields}
        rows = [_row(settings, name, field) for name, field in settings.model_fields.items() if not _is_same(field, inherited.get(name))]
        preface = _PREFACES.get(title, "")
        parts.append(f"## {title}\n\n{preface}| Variable | Default | What |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def write(folder: Path) -> Path:
    path = folder / _PAGE
    path.write_text(render(), encoding="utf-8")
    return path


def _row(settings: type[BaseModel], name: str, field: FieldInfo) -> str:
    variable = f"{settings.model_config.get('env_prefix', '')}{name}".upper()
    names = ", else ".join(f"`{one}`" for one in (variable, *other_names(field)))
    return f"| {names} | {_default(field)} | {field.description} |"


def _is_same(field: FieldInfo, inherited: FieldInfo | None) -> bool:
    return inherited is not None and other_names(field) == other_names(inherited)


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "needed"
    if value is None or value == [] or value == {}:
        return "–"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, BaseModel):
        value = value.model_dump_json(by_alias=True, exclude_defaults=True)
    if isinstance(value, list | dict):
        value = json.dumps(value)
    return f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1]))}\n")
