"""The headers of a delivery, as Standard Webhooks has them (https://www.standardwebhooks.com, version 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer


def signed_headers(delivery_id: str, body: str, *, secrets: Sequence[str], now_ms: int) -> dict[str, str]:
    """One signature for each secret, so that a receiver may change over while both are good. The id is the same in every attempt."""
    seconds = now_ms // 1000
    at = datetime.fromtimestamp(seconds, UTC)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(Signer(secret).sign(delivery_id, at, body) for secret in secrets),
    }
