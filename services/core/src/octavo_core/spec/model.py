"""What every part of the resource has in common: frozen, no unknown fields, camelCase in YAML, rules that CEL shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from octavo_core.spec.rule import Rule

BROKEN_RULES = "octavo_rules"
"""The type of the pydantic error that carries broken rules, in `ctx["broken"]`."""


def _describe_rules(schema: dict[str, Any], model: type[Any]) -> None:
    rules: tuple[Rule, ...] = model.rules
    if rules:
        schema["x-octavo-rules"] = [rule.as_validation() for rule in rules]
        fragments = [dict(rule.schema) for rule in rules if rule.schema]
        if fragments:
            schema["allOf"] = fragments


def _without_nulls(value: object) -> object:
    return {key: child for key, child in value.items() if child is not None} if isinstance(value, Mapping) else value


class Model(BaseModel):
    """A part of the resource. Numbers, strings and booleans are not converted into each other, as in the API server."""

    rules: ClassVar[tuple[Rule, ...]] = ()

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        allow_inf_nan=False,
        json_schema_extra=_describe_rules,
        protected_namespaces=(),
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: object) -> object:
        # the API server prunes nulls before it fills in defaults, those of maps too; the laptop must read the same file alike
        return _without_nulls({key: _without_nulls(value) for key, value in data.items()}) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        broken = tuple(rule for rule in self.rules if not rule.check(self))
        if broken:
            raise PydanticCustomError(BROKEN_RULES, "{text}", {"text": "; ".join(rule.message for rule in broken), "broken": broken})
        return self
