"""What the service reads from its environment."""

from __future__ import annotations

from pydantic import Field, SecretStr

from octavo_core.errors import Misconfigured
from octavo_core.identity import ServiceTokens
from octavo_core.net.webhooks import WebhookSettings
from octavo_core.settings import CommonSettings

MIN_KEY_CHARS = 32
NO_CONTACT = "mailto:octavo@localhost"
"""Of a laptop that nobody has given one. Apple's service refuses it, the others do not."""


class NotificationsTuning(WebhookSettings):
    """What holds wherever the service runs: alone, or inside the platform's process on a laptop."""

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
    push_key: SecretStr | None = Field(
        None,
        min_length=MIN_KEY_CHARS,
        description="What the key pair of Web Push (VAPID) is made from, 32 characters or more; made in OCTAVO_HOME when absent. With"
        " another one, people must turn pushes on anew.",
    )
    push_contact: str | None = Field(
        None,
        pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$",
        max_length=200,
        description="Whom push services may write to, mailto:… or https://…; OCTAVO_PUBLIC_URL when absent, if it is https.",
    )
    pushes_per_user: int = Field(
        10, ge=1, le=100, description="Browsers of one user that are pushed to; with one more, the oldest is no more."
    )
    push_attempts: int = Field(8, ge=1, le=20, description="How often a push is tried.")
    push_retry_seconds: float = Field(10.0, gt=0, description="Pause before the second attempt of a push; it doubles with each.")
    public_url: str | None = Field(None, pattern=r"^https?://[^\s/?#]+[^\s?#]*$", description="Where people reach the pages.")
    mail_url: str | None = Field(None, description="Where auth takes mails (https://…/api/internal/mail); without it nobody gets any.")
    service_token_url: str | None = Field(None, description="Where auth gives services their tokens (https://…/api/auth/service-token).")
    service_secret: SecretStr | None = Field(None, description="The service's own secret, for OCTAVO_SERVICE_TOKEN_URL.")

    @property
    def sends_mails(self) -> bool:
        return self.mail_url is not None and self.service_token_url is not None and self.service_secret is not None

    def contact(self) -> str:
        """`sub` of the tokens for push services (RFC 8292, section 2.1)."""
        if self.push_contact is not None:
            return self.push_contact
        return self.public_url if self.public_url is not None and self.public_url.startswith("https://") else NO_CONTACT

    def service_tokens(self) -> ServiceTokens:
        """Raises `Misconfigured` where `sends_mails` is False."""
        if self.service_token_url is None or self.service_secret is None:
            raise Misconfigured("mails need OCTAVO_MAIL_URL, OCTAVO_SERVICE_TOKEN_URL and OCTAVO_SERVICE_SECRET")
        return ServiceTokens(self.service_token_url, client_id="notifications", client_secret=self.service_secret.get_secret_value())


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
