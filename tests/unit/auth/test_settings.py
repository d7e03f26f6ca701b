"""Settings that are wrong are named."""

from __future__ import annotations

import base64

import pytest

from octavo_auth.settings import AuthSettings
from octavo_core.errors import Misconfigured
from octavo_core.settings import read_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OCTAVO_MASTER_KEY", "short"),
        ("OCTAVO_SERVICE_CLIENTS", '{"stories": "short"}'),
        ("OCTAVO_SERVICE_CLIENTS", "{"),
        ("OCTAVO_ERASE_URLS", '["ftp://x"]'),
        ("OCTAVO_OIDC", '[{"name": "x"}]'),
        ("OCTAVO_MAIL", "pigeon"),
        ("OCTAVO_PUBLIC_URL", "octavo"),
        ("OCTAVO_WHATSAPP_PHONE_ID", "../x"),
    ],
)
def test_a_bad_variable_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured) as caught:
        read_settings(AuthSettings)
    assert variable in caught.value.message
    if len(value) > 2:
        assert value not in caught.value.message.replace(variable, "")


def test_users_are_beside_the_jobs_where_a_database_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(AuthSettings).users_url().endswith("/auth.db")
    monkeypatch.setenv("OCTAVO_DATABASE_URL", "mysql://db/octavo")
    assert read_settings(AuthSettings).users_url() == "mysql://db/octavo"
    monkeypatch.setenv("OCTAVO_USERS_DATABASE_URL", "mysql://db/users")
    monkeypatch.setenv("OCTAVO_MASTER_KEY", base64.b64encode(b"k" * 32).decode())
    settings = read_settings(AuthSettings)
    assert settings.users_url() == "mysql://db/users"
    assert settings.jobs_url() == "mysql://db/octavo"
    assert "a2tr" not in repr(settings)
