"""What the service reads from its environment."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from octavo_core.errors import Misconfigured
from octavo_core.identity import ServiceTokens
from octavo_core.net.reach import Reach, allowed_beside_public, network_of
from octavo_core.settings import CommonSettings

MIN_KEY_CHARS = 32


class NotificationsTuning(BaseSettings):
    """What holds wherever the service runs: alone, or inside the platform's process on a laptop."""

    model_config = SettingsConfigDict(env_prefix="OCTAVO_", extra="ignore", frozen=True)

    socket_clients: int = Field(4_000, ge=1, description="Socket.IO connections to one process, in all.")
    socket_clients_per_user: int = Field(20, ge=1, description="Socket.IO connections of one user to one process.")
    socket_message_bytes: int = Field(32_768, ge=1_024, description="Largest message that a Socket.IO client may send.")
    socket_subscriptions: int = Field(100, ge=1, description="Jobs that one Socket.IO connection may be subscribed to.")
    socket_stall_seconds: float = Field(20.0, gt=0, description="How long a Socket.IO client may take nothing before it is dropped.")
    socket_grace_seconds: float = Field(30.0, ge=0, description="How long a Socket.IO connection outlives its token.")
    webhook_key: SecretStr | None = Field(
        None,
        min_length=MIN_KEY_CHARS,
        description="What the secrets of webhooks are encrypted with, 32 characters or more; made in OCTAVO_HOME when absent.",
    )
    webhooks_per_user: int = Field(20, ge=1, description="Webhooks that one user may have.")
    webhook_attempts: int = Field(14, ge=1, le=50, description="How often a delivery is tried.")
    webhook_retry_seconds: float = Field(10.0, gt=0, description="Pause before the second attempt of a delivery; it doubles with each.")
    webhook_disable_days: float = Field(5.0, gt=0, description="A webhook that has only failed for so long is disabled.")
    webhook_log_days: float = Field(30.0, gt=0, description="How long deliveries are kept.")
    webhook_ports: Annotated[tuple[int, ...], NoDecode] = Field((80, 443), description="Ports of webhooks, with commas between.")
    webhook_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Host names and networks (10.0.0.0/8), with commas between, that webhooks may lead to though not public."
    )
    mail_url: str | None = Field(None, description="Where auth takes mails (https://…/api/internal/mail); without it nobody gets any.")
    service_token_url: str | None = Field(None, description="Where auth gives services their tokens (https://…/api/auth/service-token).")
    service_secret: SecretStr | None = Field(None, description="The service's own secret, for OCTAVO_SERVICE_TOKEN_URL.")

    @field_validator("webhook_ports", "webhook_allow", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part for part in (part.strip() for part in value.split(",")) if part) if isinstance(value, str) else value

    @field_validator("webhook_ports")
    @classmethod
    def _ports(cls, ports: tuple[int, ...]) -> tuple[int, ...]:
        if not ports or not all(1 <= port <= 65_535 for port in ports):
            raise ValueError("must be ports, 1 to 65535, with commas between")
        return ports

    @field_validator("webhook_allow")
    @classmethod
    def _allow(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if "/" in entry and network_of(entry) is None:
                raise ValueError("must be host names and networks such as 10.0.0.0/8, with commas between")
        return entries

    @property
    def sends_mails(self) -> bool:
        return self.mail_url is not None and self.service_token_url is not None and self.service_secret is not None

    def service_tokens(self) -> ServiceTokens:
        """Raises `Misconfigured` where `sends_mails` is False."""
        if self.service_token_url is None or self.service_secret is None:
            raise Misconfigured("mails need OCTAVO_MAIL_URL, OCTAVO_SERVICE_TOKEN_URL and OCTAVO_SERVICE_SECRET")
        return ServiceTokens(self.service_token_url, client_id="notifications", client_secret=self.service_secret.get_secret_value())

    def webhook_reach(self) -> Reach:
        hosts, networks = allowed_beside_public(self.webhook_allow)
        return Reach(ports=frozenset(self.webhook_ports), hosts=hosts, networks=networks)


class NotificationsSettings(CommonSettings, NotificationsTuning):
    """Of the service as a process of its own."""

    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - a pod is reached by its own address
    port: int = Field(8000, ge=1, le=65_535, description="Port to listen on.")
    events_redis_url: SecretStr | None = Field(None, description="Redis of the event streams, where it is not the one of the bell.")
    jwks_url: str | None = Field(None, description="Public keys that tokens are checked with; without it everyone is one anonymous user.")
    issuer: str = Field("octavo", description="Issuer that tokens must name.")
    audience: str | None = Field("octavo", description="Audience that tokens must name; unchecked when null.")
    start_seconds: float = Field(120.0, ge=0, description="How long the database is waited for at start.")
    drain_seconds: float = Field(10.0, ge=0, description="How long deliveries under way may still take after SIGTERM.")
