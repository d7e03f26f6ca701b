"""The templates that there are: those that ship, one YAML file each in `templates/`, and those of a resource."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from octavo_core.errors import Fault, InvalidInput, Misconfigured
from octavo_core.spec import ScriptTemplate, Spec

MOST_OF_FOLDER = 64
MAX_FILE_BYTES = 65_536
_OTHER_NAMES = {
    "scifi": "sci-fi",
    "science-fiction": "sci-fi",
    "kids": "children",
    "advert": "commercial",
    "ad": "commercial",
    "romcom": "romance",
}


@functools.cache
def shipped() -> Mapping[str, ScriptTemplate]:
    """By id. Read once."""
    found = [
        _parsed(one.name, one.read_bytes()) for one in files(__package__).joinpath("templates").iterdir() if one.name.endswith(".yaml")
    ]
    return {one.id: one for one in sorted(found, key=lambda one: one.id)}


def templates_of(spec: Spec) -> Mapping[str, ScriptTemplate]:
    """What a generator of this resource offers, by id. One of its own stands in for the one that ships under the same id."""
    return {**shipped(), **{one.id: one for one in spec.script_settings.templates}}


def read_folder(folder: Path) -> list[ScriptTemplate]:
    """The templates of a folder, one YAML file each. Raises `Misconfigured` that names the file and what is wrong in it."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError as error:
        raise Misconfigured(f"the folder of script templates {folder} cannot be read: {error.strerror}") from None
    if len(paths) > MOST_OF_FOLDER:
        raise Misconfigured(f"the folder of script templates {folder} holds more than {MOST_OF_FOLDER} files")
    return [_read(path) for path in paths]


def genre_of(script_type: str) -> str:
    """`Sci_Fi` is `sci-fi`."""
    plain = "-".join(script_type.lower().replace("_", " ").replace("-", " ").split())
    return _OTHER_NAMES.get(plain, plain)


def choose(templates: Mapping[str, ScriptTemplate], script_type: str, template: str | None) -> ScriptTemplate:
    """The one that is named, else the first of the genre: the one that has the genre's own name before others. Raises `InvalidInput`."""
    if template is not None:
        if template not in templates:
            raise _fault("template", "there is no such template", ", ".join(templates))
        return templates[template]
    genre = genre_of(script_type)
    if genre in templates and templates[genre].genre == genre:
        return templates[genre]
    found = next((one for one in templates.values() if one.genre == genre), None)
    if found is None:
        raise _fault("script_type", "there is no template of this kind", ", ".join(sorted({one.genre for one in templates.values()})))
    return found


def _fault(path: str, message: str, allowed: str) -> InvalidInput:
    return InvalidInput(f"{path}: {message}", faults=(Fault(path, message, allowed),))


def _read(path: Path) -> ScriptTemplate:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Misconfigured(f"the script template {path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise Misconfigured(f"the script template {path} is larger than {MAX_FILE_BYTES} bytes")
    return _parsed(str(path), data)


def _parsed(name: str, data: bytes) -> ScriptTemplate:
    try:
        return ScriptTemplate.model_validate(yaml.safe_load(data))
    except yaml.YAMLError as error:
        raise Misconfigured(f"the script template {name} is not YAML: {' '.join(str(error).split())[:200]}") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False, include_url=False))
        raise Misconfigured(f"the script template {name}: {faults}"[:500]) from None
