"""Which variables there are, and what may stand in them. Those that Octavo has a setting of its own for (PORT, DATABASE_URL,
DATA_ROOT_PATH) are read where that setting is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from octavo_core.errors import Fault, Misconfigured
from octavo_core.spec.scalars import HttpUrl
from octavo_generation.providers.credentials import is_placeholder

_PLACEHOLDERS = frozenset({"your_key"})


class ScriptServiceVariables(BaseModel):
    """None: not set. A field's name in capital letters is its variable."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    openai_api_key: SecretStr | None = Field(None, description="Key of OpenAI: it is asked first, where it is set.")
    anthropic_api_key: SecretStr | None = Field(
        None, description="Key of Anthropic: it is asked next. With neither key the local writer writes."
    )
    project_service_url: HttpUrl | None = Field(
        None, description="`scripts.projectsUrl`. `octavo up` sets it to its own address where it serves accounts and nothing else is said."
    )
    octavo_script_templates: Path | None = Field(
        None, description="Folder of templates, one YAML file each, beside those that ship and those of `scripts.templates`."
    )


def variable(field: str) -> str:
    return field.upper()


def read_variables(environment: Mapping[str, str]) -> ScriptServiceVariables:
    """Empty ones and the README's own placeholders count as not set. Raises `Misconfigured` that names every bad variable, never its
    value."""
    given = {
        name: value
        for name in ScriptServiceVariables.model_fields
        if (value := environment.get(variable(name), "").strip()) and value not in _PLACEHOLDERS and not is_placeholder(value)
    }
    try:
        return ScriptServiceVariables.model_validate(given)
    except ValidationError as error:
        faults = tuple(Fault(variable(str(e["loc"][0])), e["msg"]) for e in error.errors(include_input=False))
        raise Misconfigured("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=faults) from None
