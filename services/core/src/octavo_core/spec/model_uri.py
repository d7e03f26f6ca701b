"""Where a local model's files are: `scheme://…`, one pattern per scheme."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

Scheme = Literal["builtin", "hf", "pvc", "s3", "az", "file"]

_PATH = r"[^\s?#]+"
_PATTERNS: dict[Scheme, str] = {
    "builtin": r"(?P<place>[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?)",
    "hf": r"(?P<place>[A-Za-z0-9][-\w.]{0,95}/[A-Za-z0-9][-\w.]{0,95})(@(?P<revision>[A-Za-z0-9][-\w.]{0,95}))?(/(?P<path>" + _PATH + "))?",
    "pvc": r"(?P<place>[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?)(/(?P<path>" + _PATH + "))?",
    "s3": r"(?P<place>[a-z0-9][-a-z0-9.]{1,61}[a-z0-9])/(?P<path>" + _PATH + ")",
    "az": r"(?P<place>[a-z0-9][-a-z0-9]{1,61}[a-z0-9])/(?P<path>" + _PATH + ")",
    "file": r"(?P<path>" + _PATH + ")",
}
SHAPES: dict[Scheme, str] = {
    "builtin": "builtin://NAME, a model that ships with Octavo",
    "hf": "hf://ORG/NAME@REVISION, a Hugging Face repository; /FILE may follow",
    "pvc": "pvc://CLAIM/PATH, a folder of a PersistentVolumeClaim",
    "s3": "s3://BUCKET/PATH",
    "az": "az://CONTAINER/PATH, in Azure Blob storage",
    "file": "file:///ABSOLUTE/PATH or file://RELATIVE/PATH, on this machine",
}
_SHORT = [shape.split(",")[0].split(" or ")[0] for shape in SHAPES.values()]
_ALL = f"{', '.join(_SHORT[:-1])} or {_SHORT[-1]}"
_COMPILED = {scheme: re.compile(pattern, re.ASCII) for scheme, pattern in _PATTERNS.items()}
_NAMED = re.compile(r"\(\?P<\w+>")

PATTERN = "^(" + "|".join(f"{scheme}://{_NAMED.sub('(', pattern)}" for scheme, pattern in _PATTERNS.items()) + ")$"
"""All schemes at once, for the CRD and for editors: no named groups."""


@dataclass(frozen=True, slots=True)
class ModelUri:
    """`place` is the built-in's name, the hub's `org/name`, the claim, bucket or container; empty for `file`.

    `path` is what follows it, without a leading slash, except for `file`, where it is the path as written.
    """

    scheme: Scheme
    place: str = ""
    path: str = ""
    revision: str | None = None


def parse_model_uri(text: str) -> ModelUri:
    """Raises `ValueError` whose message says what is wrong; its second argument says what is allowed."""
    name, separator, rest = text.partition("://")
    if not separator or name not in _COMPILED:
        raise ValueError(f"`{text}` does not begin with a known scheme", _ALL)
    scheme = name
    match = _COMPILED[scheme].fullmatch(rest)
    if match is None:
        raise ValueError(f"`{text}` is not a {scheme}:// model", SHAPES[scheme])
    parts = match.groupdict()
    path = parts.get("path") or ""
    if ".." in path.split("/"):
        raise ValueError(f"`{text}` climbs out of its place with `..`", SHAPES[scheme])
    return ModelUri(scheme, parts.get("place") or "", path, parts.get("revision"))


def _check(text: str) -> str:
    try:
        parse_model_uri(text)
    except ValueError as error:
        message, allowed = error.args
        raise PydanticCustomError("octavo_value", "{text}", {"text": message, "allowed": allowed}) from None
    return text


ModelUriText = Annotated[
    str,
    Field(max_length=512, json_schema_extra={"pattern": PATTERN, "x-octavo-allowed": _ALL}),
    AfterValidator(_check),
]
