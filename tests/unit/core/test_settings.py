"""Settings from the environment, and how a bad one is told."""

from __future__ import annotations

import os

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from octavo_core.errors import Misconfigured
from octavo_core.settings import CommonSettings, read_settings

SECOND = ("LOG_LEVEL", "ENVIRONMENT", "APPLICATIONINSIGHTS_CONNECTION_STRING")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OCTAVO_") or name in SECOND]:
        monkeypatch.delenv(name)


def test_without_an_environment_everything_has_a_default() -> None:
    settings = read_settings(CommonSettings)
    assert settings.jobs_url().startswith("sqlite:////")
    assert settings.jobs_url().endswith("/.octavo/jobs.db")
    assert settings.otlp_endpoint is None


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_DATABASE_URL", "postgresql://octavo:geheim@db/jobs")
    monkeypatch.setenv("OCTAVO_CORS_ORIGINS", '["https://a.example"]')
    settings = read_settings(CommonSettings)
    assert settings.jobs_url() == "postgresql://octavo:geheim@db/jobs"
    assert settings.cors_origins == ["https://a.example"]
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OCTAVO_MAX_BODY_BYTES", "geheim-7"),
        ("OCTAVO_MAX_BODY_BYTES", "12"),
        ("OCTAVO_LOG_LEVEL", "geheim-loud"),
        ("OCTAVO_CORS_ORIGINS", "https://geheim.example"),
        ("OCTAVO_CORS_ORIGINS", '{"geheim": 1}'),
    ],
)
def test_a_bad_value_is_told_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        read_settings(CommonSettings)
    assert caught.value.message.startswith(f"{name}: ")
    assert [fault.path for fault in caught.value.faults] == [name]
    assert "geheim" not in caught.value.message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__, "nor in the traceback"


def test_every_bad_variable_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_MAX_BODY_BYTES", "x")
    monkeypatch.setenv("OCTAVO_LOG_FORMAT", "x")
    with pytest.raises(Misconfigured) as caught:
        read_settings(CommonSettings)
    assert {fault.path for fault in caught.value.faults} == {"OCTAVO_MAX_BODY_BYTES", "OCTAVO_LOG_FORMAT"}


def test_a_missing_variable_is_named_too() -> None:
    class Needy(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="OCTAVO_MAIL_")
        password: SecretStr

    with pytest.raises(Misconfigured, match=r"^OCTAVO_MAIL_PASSWORD: "):
        read_settings(Needy)


def test_a_second_name_counts_where_octavos_own_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("ENVIRONMENT", "development")
    settings = read_settings(CommonSettings)
    assert (settings.log_level, settings.environment) == ("DEBUG", "development")
    monkeypatch.setenv("OCTAVO_LOG_LEVEL", "WARNING")
    assert read_settings(CommonSettings).log_level == "WARNING"


def test_a_bad_value_under_the_second_name_is_told_by_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "geheim-loud")
    with pytest.raises(Misconfigured) as caught:
        read_settings(CommonSettings)
    assert caught.value.message.startswith("LOG_LEVEL: ")
    assert "geheim" not in caught.value.message
