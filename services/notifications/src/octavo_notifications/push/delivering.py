"""Pushes: each is a job whose id is made of the browser and the post, so that a post is pushed once to each, however often it is told.

A call may be made twice (the process dies between the answer and its record): the topic makes the push service keep the later one alone,
and the browser shows both under one tag.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import http_ece
import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from octavo_core.clock import Clock
from octavo_core.errors import Unavailable
from octavo_core.ids import correlation_id
from octavo_jobs.context import JobContext
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, Policy
from octavo_jobs.model import NewJob
from octavo_notifications import metrics
from octavo_notifications.push.keys import VapidKey, decoded
from octavo_notifications.push.model import TTL_S, PostNews, Subscription, job_id
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore
from octavo_notifications.webhooks.delivering import SIDE_EFFECTS_OWNER

if TYPE_CHECKING:
    from octavo_notifications.webhooks.sending import Sender

log = structlog.get_logger(__name__)

QUEUE = "notifications.push"
MAX_QUEUED = 200_000
_RETRY_MAX_MS = 3_600_000
_GONE = (404, 410)
"""The push service knows no such subscription, or no more (RFC 8030, section 7.3)."""
_TOO_MANY = 429


async def start_push(intake: JobIntake, tuning: NotificationsTuning, subscription: Subscription, news: PostNews) -> None:
    """Idempotent while the post is news: its job is kept so long. Raises `Unavailable` and `Throttled`."""
    push = job_id(subscription.id, news.post)
    policy = Policy(
        max_attempts=tuning.push_attempts,
        timeout_ms=60_000,
        lease_ms=30_000,
        retry_base_ms=round(tuning.push_retry_seconds * 1000),
        retry_max_ms=_RETRY_MAX_MS,
        # From its end on, which is not before the post's own time.
        retention_ms=TTL_S * 1000,
    )
    await intake.accept(
        NewJob(
            id=push,
            queue=QUEUE,
            owner=SIDE_EFFECTS_OWNER,
            request=orjson.dumps({"subscription": subscription.id, "news": asdict(news)}).decode(),
            correlation_id=correlation_id(push),
            policy=policy,
            keeps_id=True,
        ),
        max_queued=MAX_QUEUED,
    )


class PushHandler:
    """Of the queue `notifications.push`. Any number of calls at once."""

    def __init__(self, store: NotificationStore, key: VapidKey, sender: Sender, clock: Clock, tuning: NotificationsTuning) -> None:
        self._store = store
        self._key = key
        self._sender = sender
        self._clock = clock
        self._contact = tuning.contact()

    async def __call__(self, job: Job, context: JobContext) -> str:
        said = orjson.loads(job.request)
        news, now = PostNews(**said["news"]), self._clock.now_ms()
        left = news.seconds_left(now)
        to = await self._store.push(str(said["subscription"]))
        if to is None or left <= 0:
            return _ended("dropped", None)
        headers = {
            "Authorization": self._key.authorization(to.endpoint, contact=self._contact, now_ms=now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(left),
            "Topic": news.topic,
            "Urgency": "normal",
            "User-Agent": "Octavo-Push/1",
        }
        answer = await self._sender.post(to.endpoint, encrypted(orjson.dumps(news.message()), to), headers)
        if answer.ok:
            return _ended("delivered", answer.status)
        if answer.status in _GONE:
            await self._store.delete_push(to.owner, to.id)
            return _ended("gone", answer.status)
        if answer.status is not None and answer.status < 500 and answer.status != _TOO_MANY:
            # What it thinks of this message, or of our key, it will think of it again.
            log.warning("a push was refused", status=answer.status)
            return _ended("refused", answer.status)
        metrics.PUSHES.labels("retried").inc()
        raise Unavailable(answer.error or "the push service does not answer", retry_after=answer.retry_after_s)


def encrypted(message: bytes, to: Subscription) -> bytes:
    """For that browser alone (RFC 8291): a key pair and a salt of its own for each message."""
    once = ec.generate_private_key(ec.SECP256R1())
    body: bytes = http_ece.encrypt(message, private_key=once, dh=decoded(to.p256dh), auth_secret=decoded(to.auth), version="aes128gcm")
    return body


def _ended(state: str, status: int | None) -> str:
    metrics.PUSHES.labels(state).inc()
    return orjson.dumps({"state": state, "status": status}).decode()
