"""A rule over several fields of one model: written once, kept by pydantic on a laptop and by CEL in the API server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic.config import JsonDict


@dataclass(frozen=True, slots=True)
class Rule:
    """`cel` and `check` say the same of one model; both are true where the rule holds.

    `cel` speaks of `self` in YAML names and relies on the defaults that the CRD fills in; `check` gets the validated model.
    `reads` names the fields (YAML names) that the rule looks at: where one of them is faulty already, the rule is silent.
    `at` is the field that the fault points to, None for the model itself. `schema` says the same as a fragment of JSON
    Schema, for editors, where that language can say it. `missing` tells the API server that something is to be added.
    """

    name: str
    cel: str
    message: str
    check: Callable[[Any], bool]
    reads: tuple[str, ...]
    at: str | None = None
    allowed: str | None = None
    missing: bool = False
    schema: Mapping[str, object] = field(default_factory=dict)

    def as_validation(self) -> dict[str, object]:
        """The entry of `x-kubernetes-validations`."""
        # the reason chooses the server's first words, which would be `Invalid value: "object"` without one
        reason = "FieldValueRequired" if self.missing else "FieldValueForbidden"
        entry: dict[str, object] = {"rule": self.cel, "message": self.message, "reason": reason}
        if self.at is not None:
            entry["fieldPath"] = f".{self.at}"
        return entry


def one_of(*fields: str, message: str) -> Rule:
    """Exactly one of the fields is given."""
    attributes = tuple("".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in fields)
    return Rule(
        name=f"exactly one of {', '.join(fields)}",
        cel=f"[{', '.join(f'has(self.{name})' for name in fields)}].filter(given, given).size() == 1",
        message=message,
        check=lambda model: sum(getattr(model, name) is not None for name in attributes) == 1,
        reads=fields,
        allowed=f"exactly one of {', '.join(fields)}",
        missing=True,
        schema={"oneOf": [{"required": [name]} for name in fields]},
    )


def any_of(*fields: str, message: str) -> Rule:
    """At least one of the fields is given."""
    attributes = tuple("".join(f"_{c.lower()}" if c.isupper() else c for c in name) for name in fields)
    return Rule(
        name=f"at least one of {', '.join(fields)}",
        cel=" || ".join(f"has(self.{name})" for name in fields),
        message=message,
        check=lambda model: any(getattr(model, name) is not None for name in attributes),
        reads=fields,
        allowed=f"at least one of {', '.join(fields)}",
        missing=True,
        schema={"anyOf": [{"required": [name]} for name in fields]},
    )


def immutable(what: str, remedy: str = "make a new GeneratorService") -> JsonDict:
    """`json_schema_extra` of a field that may not change once written. Only the API server knows the old value."""
    rule: JsonDict = {"rule": "self == oldSelf", "message": f"{what} cannot change; {remedy}", "reason": "FieldValueForbidden"}
    return {"x-kubernetes-validations": [rule]}
