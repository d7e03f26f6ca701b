"""Settings every process reads from its environment, once, in its composition root. A bad value fails at start with its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from octavo_core.errors import Fault, Misconfigured

Settings = TypeVar("Settings", bound=BaseSettings)


class CommonSettings(BaseSettings):
    """Variables begin with `OCTAVO_`."""

    model_config = SettingsConfigDict(env_prefix="OCTAVO_", extra="ignore", frozen=True)

    home: Path = Field(Path(".octavo"), description="Folder for data of a laptop installation.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for a person.")
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Redis: the bell, events.")
    database_url: SecretStr | None = Field(None, description="Jobs: sqlite:///PATH, postgresql://… or mysql://…; default SQLite in home.")
    otlp_endpoint: str | None = Field(None, description="OpenTelemetry collector (OTLP over HTTP); off when absent.")
    cors_origins: list[str] = Field(default_factory=list, description="Origins that browsers may call from; JSON list.")
    max_body_bytes: int = Field(1_048_576, ge=1_024, le=64 * 1_048_576, description="Largest request body.")

    def jobs_url(self) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.home / 'jobs.db').resolve()}"


def read_settings(kind: type[Settings]) -> Settings:
    """The settings from the environment. Raises `Misconfigured` that names each bad variable, never its value."""
    prefix = str(kind.model_config.get("env_prefix", ""))
    try:
        return kind()
    except SettingsError as error:
        # A list or an object that is no JSON; the library names the field in its message and nowhere else.
        field = re.search(r'field "(\w+)"', str(error))
        fault = Fault((prefix + (field[1] if field else "*")).upper(), "cannot be read as JSON")
        raise Misconfigured(f"{fault.path}: {fault.message}", faults=(fault,)) from None
    except ValidationError as error:
        faults = tuple(Fault(prefix.upper() + "_".join(str(part) for part in e["loc"]).upper(), e["msg"]) for e in error.errors())
        raise Misconfigured("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=faults) from None
