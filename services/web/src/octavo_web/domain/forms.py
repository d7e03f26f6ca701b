"""A form from the schema of a generator's request, and the request from the form that came back. Pure.

Nothing here knows a generator, and only the look of a few fields is known by name: one that has never been seen gets the widget that
its schema asks for. What a form cannot express (objects, lists) is left out, unless it is required: then the generator has no form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from octavo_core.errors import Fault, InvalidInput

Widget = Literal["area", "line", "number", "choice", "cards", "switch", "picture"]

_HIDDEN = frozenset({"stream", "response_format", "user", "webhook"})
"""For programs: the studio decides on these itself."""
_AREAS = frozenset({"prompt", "text", "description", "topic", "negative_prompt", "question", "system"})
_CARDS = frozenset({"audience"})
_PICTURES = frozenset({"image"})
_BESIDE_PICTURE = frozenset({"image_url"})
_ADVANCED = frozenset(
    {"max_tokens", "seed", "temperature", "system", "negative_prompt", "quality", "provider", "language", "project_id", "episode_id"}
)
_FIRST = (
    "prompt",
    "text",
    "topic",
    "title",
    "description",
    "image",
    "image_url",
    "question",
    "audience",
    "target_language",
    "source_language",
)
_LONG_CHARS = 200


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    widget: Widget
    required: bool = False
    advanced: bool = False
    help: str = ""
    choices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Of the choices, in the same order, where the schema says them (`x-octavo-choices`)."""
    default: str = ""
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = True
    max_chars: int | None = None
    pattern: str | None = None
    example: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    fields: tuple[Field, ...]
    streams: bool = False
    """Whether a request may ask for its words as they come."""
    by_provider: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What each provider can do, where the schema says it (`x-octavo-providers`)."""

    @property
    def has_picture(self) -> bool:
        return any(one.widget == "picture" for one in self.fields)

    @property
    def is_advanced(self) -> bool:
        return any(one.advanced for one in self.fields)


def form_of(schema: Mapping[str, Any]) -> Form:
    """Raises `InvalidInput` when something is required that a form cannot ask for."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = frozenset(schema.get("required", ()))
    found = {}
    for name, raw in properties.items():
        if name in _HIDDEN:
            continue
        made = _field(name, _resolved(raw, schema), name in required)
        if made is not None:
            found[name] = made
        elif name in required:
            raise InvalidInput(f"{name}: a form cannot ask for this")
    order = [name for name in _FIRST if name in found] + [name for name in found if name not in _FIRST]
    by_provider = schema.get("x-octavo-providers", {})
    return Form(tuple(found[name] for name in order), "stream" in properties, by_provider)


def request_of(form: Form, given: Mapping[str, str], *, picture: str | None = None) -> dict[str, Any]:
    """The request's body. What was left empty is left out. `picture`: in base64. Raises `InvalidInput` with each bad field."""
    body: dict[str, Any] = {}
    faults = []
    for one in form.fields:
        if one.widget == "picture":
            if picture is not None:
                body[one.name] = picture
            continue
        text = given.get(one.name, "")
        if one.widget == "switch":
            body |= {one.name: True} if text else {}
            continue
        if not text.strip():
            if one.required:
                faults.append(Fault(one.name, "must not be empty"))
            continue
        if one.widget == "number":
            number = _number(text, whole=one.whole)
            if number is None:
                faults.append(Fault(one.name, "is no number"))
            else:
                body[one.name] = number
        else:
            body[one.name] = text if one.widget == "area" else text.strip()
    if form.has_picture and picture is not None:
        # One of them: whoever chose a file and left an address behind means the file.
        for name in _BESIDE_PICTURE:
            body.pop(name, None)
    if faults:
        raise InvalidInput("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=tuple(faults))
    return body


def _field(name: str, schema: Mapping[str, Any], required: bool) -> Field | None:
    kind = schema.get("type")
    choices = tuple(str(one) for one in schema.get("enum", ()) if isinstance(one, str))
    default = schema.get("default")
    said = str(schema.get("description", ""))
    examples = schema.get("examples") or ()
    common: dict[str, Any] = {
        "name": name,
        "required": required,
        "advanced": name in _ADVANCED and not required,
        "help": said,
        "default": "" if default is None or isinstance(default, bool) else str(default),
        "example": str(examples[0]) if examples and isinstance(examples[0], str) else "",
    }
    if choices:
        return Field(widget="cards" if name in _CARDS else "choice", choices=choices, **common)
    if isinstance(named := schema.get("x-octavo-choices"), dict) and named:
        return Field(widget="choice", choices=tuple(map(str, named)), names=tuple(map(str, named.values())), **common)
    if kind == "boolean":
        return Field(widget="switch", **common)
    if kind in ("integer", "number"):
        low, high = schema.get("minimum"), schema.get("maximum")
        return Field(widget="number", minimum=low, maximum=high, whole=kind == "integer", **common)
    if kind != "string":
        return None
    if name in _PICTURES:
        return Field(widget="picture", **common)
    most = schema.get("maxLength")
    long = name in _AREAS or (isinstance(most, int) and most > _LONG_CHARS and name not in _BESIDE_PICTURE)
    pattern = schema.get("pattern")
    return Field(
        widget="area" if long else "line",
        max_chars=most if isinstance(most, int) else None,
        pattern=None if pattern is None or long else str(pattern).removeprefix("^").removesuffix("$"),
        **common,
    )


def _resolved(raw: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without `$ref` and without the `null` that stands beside an optional field's own type."""
    if "$ref" in raw:
        name = str(raw["$ref"]).rpartition("/")[2]
        raw = {**schema.get("$defs", {}).get(name, {}), **{key: value for key, value in raw.items() if key != "$ref"}}
    options = [one for one in raw.get("anyOf", ()) if one.get("type") != "null"]
    if len(options) == 1:
        inner = _resolved(options[0], schema)
        return {**inner, **{key: value for key, value in raw.items() if key != "anyOf"}}
    return raw


def _number(text: str, *, whole: bool) -> int | float | None:
    text = text.strip().replace(",", ".")
    if len(text) > 20 or not text.isascii():
        return None
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
