"""What webhooks are told of an event, and the sweep behind it."""

from __future__ import annotations

import asyncio

import orjson
import structlog

from octavo_core.clock import Clock
from octavo_core.errors import OctavoError
from octavo_jobs.intake import JobIntake
from octavo_jobs.named_webhooks import NamedWebhook
from octavo_jobs.store import JobStore
from octavo_jobs.stream import StreamEvent
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore
from octavo_notifications.webhooks.delivering import start_delivery
from octavo_notifications.webhooks.model import Attempt, NewDelivery
from octavo_notifications.webhooks.of_jobs import webhook_of_jobs
from octavo_notifications.webhooks.sealing import SecretBox

log = structlog.get_logger(__name__)

SWEEP_EVERY_S = 300.0
_PAGE = 500
_LOST_AFTER_MS = 600_000


class WebhookTeller:
    def __init__(
        self, store: NotificationStore, intake: JobIntake, jobs: JobStore, box: SecretBox, clock: Clock, tuning: NotificationsTuning
    ) -> None:
        self._store = store
        self._intake = intake
        self._jobs = jobs
        self._box = box
        self._clock = clock
        self._tuning = tuning

    async def tell(self, owner: str, event: StreamEvent) -> None:
        """A delivery for each webhook that wants it: the row first, then its job. Idempotent."""
        wanting = [webhook for webhook in await self._store.webhooks(owner) if webhook.wants(event.type, event.id)]
        if not wanting:
            return
        version, body = int(orjson.loads(event.body)["version"]), event.with_id().decode()
        new = [NewDelivery(webhook.id, owner, event.id, event.type, event.job, version, body) for webhook in wanting]
        for delivery in await self._store.add_deliveries(new):
            await start_delivery(self._intake, self._tuning, delivery)

    async def tell_named(self, named: NamedWebhook) -> None:
        """A delivery to the address that the job names itself. Idempotent."""
        webhook, _ = await webhook_of_jobs(self._store, self._box, self._clock, named.user)
        new = NewDelivery(webhook.id, named.user, named.id, named.type, named.job, named.version, named.body, named.url)
        for delivery in await self._store.add_deliveries([new]):
            await start_delivery(self._intake, self._tuning, delivery)

    async def sweep_forever(self) -> None:
        while True:
            try:
                while await self._store.delete_deliveries(older_than_ms=round(self._tuning.webhook_log_days * 86_400_000), limit=_PAGE):
                    pass
                await self._settle_lost()
            except OctavoError as error:
                log.warning("deliveries could not be swept", error=error.code)
            await asyncio.sleep(SWEEP_EVERY_S)

    async def _settle_lost(self) -> None:
        """The job of a delivery may end without the handler's word: cancelled by an operator, or its worker died in the last attempt."""
        waiting = [one for one in await self._store.waiting_deliveries(older_than_ms=_LOST_AFTER_MS, limit=_PAGE) if one.runs == 1]
        jobs = await self._jobs.get_many([one.id for one in waiting])
        for delivery, job in zip(waiting, jobs, strict=True):
            if job is None:
                await start_delivery(self._intake, self._tuning, delivery)
            elif job.state.ended:
                attempt = Attempt(delivery.id, ok=False, status=None, error="its job ended without an answer", took_ms=0, last=True)
                await self._store.record_attempt(attempt, disable_days=self._tuning.webhook_disable_days)
