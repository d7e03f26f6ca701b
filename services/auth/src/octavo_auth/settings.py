"""What auth reads from its environment."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from octavo_core.settings import CommonSettings

MEBIBYTE = 1_048_576
MASTER_KEY_BYTES = 32
MIN_CLIENT_SECRET_CHARS = 32
_HTTP_URL = re.compile(r"https?://[^\s/?#]+[^\s?#]*")


class OidcProvider(BaseModel):
    """An OpenID Connect issuer whose users may log in. Entra ID: issuer `https://login.microsoftonline.com/TENANT-ID/v2.0`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    client_secret: SecretStr | None = None
    scopes: str = "openid profile email"
    trust_email: bool = False
    """Whether an address that it calls verified is the account of that address here: only for an issuer that checks them itself."""


class AuthSettings(CommonSettings):
    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - a pod is reached by its own address
    port: int = Field(8000, ge=1, le=65_535, description="Port to listen on.")
    start_seconds: float = Field(120.0, ge=0, description="How long the database is waited for at start.")
    drain_seconds: float = Field(20.0, ge=0, description="How long open requests and jobs may still take after SIGTERM.")
    users_database_url: SecretStr | None = Field(
        None, description="Users: sqlite:///PATH, postgresql://… or mysql://…; default OCTAVO_DATABASE_URL, else SQLite in home."
    )
    public_url: str | None = Field(
        None, description="Where people reach the platform; OIDC issuers send them back to it. Left out: this machine, at OCTAVO_PORT."
    )
    issuer: str = Field("octavo", min_length=1, description="Issuer that tokens name.")
    audience: str = Field("octavo", min_length=1, description="Audience that tokens name.")
    access_token_seconds: int = Field(600, ge=60, le=3_600, description="How long an access token is valid.")
    session_idle_days: float = Field(30.0, gt=0, le=365, description="After so long without a refresh a session has ended.")
    session_days: float = Field(90.0, gt=0, le=730, description="After so long a session has ended in any case.")
    master_key: SecretStr | None = Field(
        None, description="What all other keys are encrypted with: 32 bytes in base64; made in OCTAVO_HOME when absent."
    )
    signing_key_days: float = Field(90.0, ge=1, le=730, description="After so long a new signing key is made by itself.")
    service_clients: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Names of services and their secrets (32 characters or more), JSON object. Empty: one secret for all, in OCTAVO_HOME.",
    )
    admin_email: str | None = Field(
        None, max_length=254, description="Whoever confirms an account with this address becomes admin, while there is none."
    )
    erase_urls: list[str] = Field(
        default_factory=list,
        description="Services that keep data of users, JSON list: base URLs (…/api/internal/users/{id} is added) or templates with {id}.",
    )
    mail: Literal["catcher", "smtp"] = Field("catcher", description="catcher: mails are kept and shown at /api/auth/outbox. smtp: sent.")
    mail_from: str = Field("Octavo <octavo@localhost>", max_length=254, description="Sender of mails.")
    smtp_host: str = Field("127.0.0.1", description="Mail server.")
    smtp_port: int = Field(587, ge=1, le=65_535, description="Its port.")
    smtp_user: str | None = Field(None, description="Its user, where it asks for one.")
    smtp_password: SecretStr | None = Field(None, description="That user's password.")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the way to it is protected.")
    whatsapp_url: str = Field("https://graph.facebook.com/v23.0", description="WhatsApp Cloud API.")
    whatsapp_phone_id: str | None = Field(None, pattern=r"^[0-9]{1,32}$", description="Phone number id that messages come from.")
    whatsapp_token: SecretStr | None = Field(None, description="Token of the WhatsApp Cloud API.")
    whatsapp_template: str = Field("octavo_code", pattern=r"^[a-z0-9_]{1,512}$", description="Authentication template there.")
    whatsapp_language: str = Field("en", pattern=r"^[A-Za-z_]{2,8}$", description="Language of that template.")
    oidc: list[OidcProvider] = Field(default_factory=list, description="OpenID Connect issuers whose users may log in; JSON list.")
    audit_days: float = Field(365.0, ge=1, description="How long the audit log is kept.")
    throttle_scale: float = Field(
        1.0, ge=0.1, le=1_000, description="Multiplies how often all things may be tried, as where many people share one address."
    )
    picture_max_bytes: int = Field(4 * MEBIBYTE, ge=1_024, le=16 * MEBIBYTE, description="Largest picture of a person, in bytes.")
    picture_max_pixels: int = Field(25_000_000, ge=10_000, le=100_000_000, description="The same in pixels.")
    password_memory_kib: int = Field(19_456, ge=8_192, le=1_048_576, description="Memory of one password hash (argon2id), in KiB.")
    password_passes: int = Field(2, ge=1, le=16, description="Passes of one password hash.")

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                raw = base64.b64decode(value.get_secret_value(), validate=True)
            except (binascii.Error, ValueError):
                raw = b""
            if len(raw) != MASTER_KEY_BYTES:
                raise ValueError("must be 32 bytes in base64")
        return value

    @field_validator("service_clients")
    @classmethod
    def _are_secrets(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, secret in value.items():
            if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", name):
                raise ValueError("names of services are lower case letters, digits and dashes")
            if len(secret.get_secret_value()) < MIN_CLIENT_SECRET_CHARS:
                raise ValueError("secrets of services have 32 characters or more")
        return value

    @field_validator("erase_urls")
    @classmethod
    def _are_urls(cls, value: list[str]) -> list[str]:
        if not all(_HTTP_URL.fullmatch(url) for url in value):
            raise ValueError("must be http or https URLs")
        return value

    @field_validator("public_url", "whatsapp_url")
    @classmethod
    def _is_a_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _HTTP_URL.fullmatch(value):
            raise ValueError("must be an http or https URL")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _names_are_unique(self) -> AuthSettings:
        if len({provider.name for provider in self.oidc}) != len(self.oidc):
            raise ValueError("OCTAVO_OIDC names a provider twice")
        return self

    @property
    def reached_at(self) -> str:
        return self.public_url or f"http://127.0.0.1:{self.port}"

    @property
    def offers_phone(self) -> bool:
        """Whether a message to a phone can be delivered."""
        return self.mail == "catcher" or (self.whatsapp_phone_id is not None and self.whatsapp_token is not None)

    def users_url(self) -> str:
        if self.users_database_url is not None:
            return self.users_database_url.get_secret_value()
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.home / 'auth.db').resolve()}"
