"""Deliveries as durable jobs: what starts one, and what an attempt of it does.

A delivery is a row before it is a job, and both have an id that is given out once: whoever dies in between is repeated by whoever comes
next, and finds what is there already. A call may be made twice (the process dies between the answer and its record); the receiver knows
it by `webhook-id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import structlog

from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured, Unavailable
from octavo_core.ids import correlation_id, generate_uuid
from octavo_jobs.context import JobContext
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, Policy
from octavo_jobs.model import NewJob
from octavo_notifications import metrics
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore
from octavo_notifications.webhooks.model import GONE, Answer, Attempt, Delivery, DeliveryState, Webhook
from octavo_notifications.webhooks.sealing import SecretBox

if TYPE_CHECKING:
    from octavo_notifications.webhooks.sending import Sender
from octavo_notifications.webhooks.signing import signed_headers

log = structlog.get_logger(__name__)

QUEUE = "notifications.webhook"
SIDE_EFFECTS_OWNER = "service:notifications"
"""Whose jobs these are: their own events go to nobody's stream."""
MAX_QUEUED = 1_000_000
RETRY_MAX_MS = 12 * 3_600_000


async def start_delivery(intake: JobIntake, tuning: NotificationsTuning, delivery: Delivery) -> None:
    """Idempotent for the first run of a delivery; each replay is a job of its own. Raises `Unavailable` and `Throttled`."""
    first = delivery.runs == 1
    policy = Policy(
        max_attempts=tuning.webhook_attempts,
        timeout_ms=60_000,
        lease_ms=30_000,
        retry_base_ms=round(tuning.webhook_retry_seconds * 1000),
        retry_max_ms=RETRY_MAX_MS,
        retention_ms=86_400_000,
    )
    await intake.accept(
        NewJob(
            id=delivery.id if first else generate_uuid(),
            queue=QUEUE,
            owner=SIDE_EFFECTS_OWNER,
            request=orjson.dumps({"delivery": delivery.id}).decode(),
            correlation_id=correlation_id(delivery.id),
            policy=policy,
            keeps_id=first,
        ),
        max_queued=MAX_QUEUED,
    )


class DeliveryHandler:
    """Of the queue `notifications.webhook`. Any number of calls at once."""

    def __init__(self, store: NotificationStore, box: SecretBox, sender: Sender, clock: Clock, tuning: NotificationsTuning) -> None:
        self._store = store
        self._box = box
        self._sender = sender
        self._clock = clock
        self._tuning = tuning

    async def __call__(self, job: Job, context: JobContext) -> str:
        delivery = await self._store.delivery(str(orjson.loads(job.request)["delivery"]))
        if delivery is None:
            return _result("gone", None)
        if delivery.state is not DeliveryState.WAITING:
            # A repeat of an attempt that was recorded, or a replay beside a run that was first.
            return _result(delivery.state.value, delivery.status)
        webhook = await self._store.webhook(delivery.owner, delivery.webhook)
        if webhook is None or (not webhook.enabled and delivery.runs == 1):
            await self._store.drop_delivery(delivery.id)
            return _result("dropped", None)
        answer = await self._call(webhook, delivery)
        last = answer.status == GONE or job.failures + 1 >= job.policy.max_attempts
        disabled = await self._store.record_attempt(
            Attempt(delivery.id, answer.ok, answer.status, answer.error, answer.took_ms, last),
            disable_days=self._tuning.webhook_disable_days,
        )
        metrics.DELIVERIES.labels("delivered" if answer.ok else "failed" if last else "retried").inc()
        if disabled is not None:
            log.warning("a webhook was disabled", webhook=webhook.id, reason=disabled.disabled_reason)
        if answer.ok or last:
            return _result("delivered" if answer.ok else "failed", answer.status)
        raise Unavailable(answer.error or "it was not delivered", retry_after=answer.retry_after_s)

    async def _call(self, webhook: Webhook, delivery: Delivery) -> Answer:
        now = self._clock.now_ms()
        sealed = [webhook.secret]
        if webhook.former_secret is not None and (webhook.former_until or 0) > now:
            sealed.append(webhook.former_secret)
        try:
            secrets = [self._box.open(webhook.id, one) for one in sealed]
        except Misconfigured as error:
            return Answer(None, error.message[:255], 0)
        return await self._sender.post(
            delivery.url or webhook.url, delivery.body.encode(), signed_headers(delivery.id, delivery.body, secrets=secrets, now_ms=now)
        )


def _result(state: str, status: int | None) -> str:
    return orjson.dumps({"state": state, "status": status}).decode()
