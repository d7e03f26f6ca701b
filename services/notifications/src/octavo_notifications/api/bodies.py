"""What goes in and out of the routes of webhooks and preferences."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from octavo_core.clock import to_iso
from octavo_core.net import MAX_URL_CHARS
from octavo_notifications.webhooks.model import DELIVERED_TYPES, Delivery, Webhook

EventType = Literal["job.accepted", "job.started", "job.succeeded", "job.failed", "job.cancelled"]
Url = Annotated[
    str, Field(min_length=1, max_length=MAX_URL_CHARS, description="Public https or http address.", examples=["https://example.com/hook"])
]
Events = Annotated[list[EventType], Field(min_length=1, max_length=len(DELIVERED_TYPES), description="Types of events to be told of.")]
Description = Annotated[str, Field(max_length=200)]
_WHOLE = ConfigDict(extra="forbid")


class NewWebhook(BaseModel):
    model_config = _WHOLE

    url: Url
    events: Events = ["job.succeeded", "job.failed", "job.cancelled"]
    description: Description = ""


class WebhookChanges(BaseModel):
    """What is left out stays as it is."""

    model_config = _WHOLE

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: bool | None = None


class WebhookView(BaseModel):
    id: str
    url: str = Field(description="Empty for the one that stands for the addresses that jobs name themselves.")
    events: list[str]
    description: str
    enabled: bool
    disabled_reason: str | None
    failing_since: str | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, webhook: Webhook) -> WebhookView:
        return cls(**_webhook(webhook))


class WebhookWithSecret(WebhookView):
    secret: str = Field(description="Shown here and never again.")

    @classmethod
    def with_secret(cls, webhook: Webhook, secret: str) -> WebhookWithSecret:
        return cls(**_webhook(webhook), secret=secret)


class DeliveryView(BaseModel):
    id: str = Field(description="Also the header webhook-id, the same in every attempt.")
    event: str
    type: str
    job: str
    url: str | None = Field(description="Where it goes, when its job has named an address.")
    state: Literal["waiting", "delivered", "failed", "dropped"]
    attempts: int
    status: int | None = Field(description="HTTP status of the last answer.")
    error: str | None
    took_ms: int | None
    created_at: str
    attempted_at: str | None

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryView:
        return cls(
            id=delivery.id,
            event=delivery.event,
            type=delivery.type,
            job=delivery.job,
            url=delivery.url,
            state=delivery.state.value,
            attempts=delivery.attempts,
            status=delivery.status,
            error=delivery.error,
            took_ms=delivery.took_ms,
            created_at=to_iso(delivery.created_at),
            attempted_at=_iso(delivery.attempted_at),
        )


class WebhookAnswer(BaseModel):
    success: Literal[True] = True
    webhook: WebhookView


class WebhookSecretAnswer(BaseModel):
    success: Literal[True] = True
    webhook: WebhookWithSecret


class WebhookPage(BaseModel):
    success: Literal[True] = True
    items: list[WebhookView]
    next_cursor: str | None = None


class DeliveryAnswer(BaseModel):
    success: Literal[True] = True
    delivery: DeliveryView


class DeliveryPage(BaseModel):
    success: Literal[True] = True
    items: list[DeliveryView]
    next_cursor: str | None = None


class Preferences(BaseModel):
    model_config = _WHOLE

    mail_after_seconds: int | None = Field(ge=1, le=604_800, description="A mail about each job that took longer than this; null for none.")


class PreferencesAnswer(BaseModel):
    success: Literal[True] = True
    preferences: Preferences
    mail_available: bool = Field(description="Whether this installation can send mails.")


def _webhook(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "description": webhook.description,
        "enabled": webhook.enabled,
        "disabled_reason": webhook.disabled_reason,
        "failing_since": _iso(webhook.failing_since),
        "created_at": to_iso(webhook.created_at),
        "updated_at": to_iso(webhook.updated_at),
    }


def _iso(ms: int | None) -> str | None:
    return None if ms is None else to_iso(ms)
