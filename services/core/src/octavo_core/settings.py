"""Settings every process reads from its environment, once, in its composition root. A bad value fails at start with its name.

Some have other names, those of programs whose installations move here (`also`): they count where Octavo's own is not set.
"""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from octavo_core.errors import Fault, Misconfigured

Settings = TypeVar("Settings", bound=BaseSettings)


LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda value: str(value).upper())]


def also(*variables: str) -> JsonDict:
    """For a field's `json_schema_extra`: the variables that count where the field's own is not set, the first that is set."""
    return {"also": list(variables)}


def other_names(field: FieldInfo) -> tuple[str, ...]:
    extra = field.json_schema_extra
    names = extra.get("also") if isinstance(extra, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


class _OtherNames(PydanticBaseSettingsSource):
    """The last source of all: what any other says counts before it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return next((value for name in other_names(field) if (value := os.environ.get(name))), None), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class CommonSettings(BaseSettings):
    """Variables begin with `OCTAVO_`."""

    model_config = SettingsConfigDict(env_prefix="OCTAVO_", extra="ignore", frozen=True)

    home: Path = Field(Path(".octavo"), json_schema_extra=also("DATA_ROOT_PATH"), description="Folder for data of a laptop installation.")
    log_level: LogLevel = Field("INFO", json_schema_extra=also("LOG_LEVEL"), description="Least level that is logged.")
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for a person.")
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Redis: the bell, events.")
    database_url: SecretStr | None = Field(None, description="Jobs: sqlite:///PATH, postgresql://… or mysql://…; default SQLite in home.")
    otlp_endpoint: str | None = Field(None, description="OpenTelemetry collector (OTLP over HTTP); off when absent.")
    application_insights: SecretStr | None = Field(
        None,
        json_schema_extra=also("APPLICATIONINSIGHTS_CONNECTION_STRING"),
        description="Connection string of Azure's Application Insights, where spans are sent; off when absent.",
    )
    environment: str | None = Field(
        None,
        max_length=200,
        json_schema_extra=also("ENVIRONMENT"),
        description="What this installation is for, such as production; it stands on every span.",
    )
    cors_origins: list[str] = Field(default_factory=list, description="Origins that browsers may call from; JSON list.")
    max_body_bytes: int = Field(1_048_576, ge=1_024, le=64 * 1_048_576, description="Largest request body.")
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description="Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; JSON list.",
    )
    edge_requests_per_minute: int = Field(
        120_000,
        ge=0,
        le=100_000_000,
        description="How many requests one address, and one user, may make to one process in a minute, in the long run; 0: not counted."
        " The default stops floods alone; 600 suits people. Callers on the machine itself are not counted.",
    )
    edge_burst: int = Field(10_000, ge=1, le=1_000_000, description="How many of them at once.")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, proxies: list[str]) -> list[str]:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError:
                # Nor `*`: then every caller could say that they are somebody else.
                raise ValueError("must be addresses and networks such as 10.0.0.0/8") from None
        return proxies

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, file_secret_settings, _OtherNames(settings_cls)

    def jobs_url(self) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.home / 'jobs.db').resolve()}"


def read_settings(kind: type[Settings]) -> Settings:
    """The settings from the environment. Raises `Misconfigured` that names each bad variable, never its value."""
    try:
        return kind()
    except SettingsError as error:
        # A list or an object that is no JSON; the library names the field in its message and nowhere else.
        field = re.search(r'field "(\w+)"', str(error))
        fault = Fault(_variable(kind, field[1] if field else "*"), "cannot be read as JSON")
        raise Misconfigured(f"{fault.path}: {fault.message}", faults=(fault,)) from None
    except ValidationError as error:
        faults = tuple(Fault(_variable(kind, *map(str, e["loc"])), e["msg"]) for e in error.errors())
        raise Misconfigured("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=faults) from None


def _variable(kind: type[BaseSettings], name: str = "", *inner: str) -> str:
    """The variable that was read for the field of this name."""
    own = str(kind.model_config.get("env_prefix", "")) + "_".join((name, *inner))
    field = kind.model_fields.get(name)
    if field is not None and own.upper() not in {variable.upper() for variable in os.environ}:
        return next((other for other in other_names(field) if os.environ.get(other)), own.upper())
    return own.upper()
