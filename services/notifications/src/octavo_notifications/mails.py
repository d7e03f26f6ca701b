"""Mails about jobs that took long, for those who asked for it. Auth knows the addresses and sends them; we call its internal route from a
durable job."""

from __future__ import annotations

import uuid
from datetime import datetime

import orjson
import structlog

from octavo_core.clock import Clock
from octavo_core.errors import Unavailable
from octavo_core.identity import ServiceTokens
from octavo_core.ids import correlation_id
from octavo_jobs.context import JobContext
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, Policy
from octavo_jobs.model import NewJob
from octavo_jobs.stream import StreamEvent
from octavo_notifications import metrics
from octavo_notifications.settings import NotificationsTuning
from octavo_notifications.store import NotificationStore
from octavo_notifications.webhooks.delivering import SIDE_EFFECTS_OWNER

log = structlog.get_logger(__name__)

QUEUE = "notifications.mail"
MAX_QUEUED = 100_000
STALE_MS = 3_600_000
"""News that is older than this is not worth a mail: events that were missed for long, or a choice that was made later."""
_TIMEOUT_S = 10.0
_MAIL_IDS = uuid.UUID("5b1f0c0e-7f0c-4c7e-9a55-0d3c2a6b9e11")
_ENDED = {"job.succeeded": "succeeded", "job.failed": "failed"}


class MailTeller:
    def __init__(self, store: NotificationStore, intake: JobIntake, clock: Clock) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock

    async def tell(self, owner: str, event: StreamEvent) -> None:
        """A job that mails, when the event ends a job that took longer than the owner set. Idempotent."""
        if event.type not in _ENDED:
            return
        wanted = await self._store.mail_after_s(owner)
        if wanted is None:
            return
        body = orjson.loads(event.body)
        ended_ms = round(datetime.fromisoformat(body["at"]).timestamp() * 1000)
        began_ms = accepted_at(event.job)
        if began_ms is None or ended_ms - began_ms < wanted * 1000 or self._clock.now_ms() - ended_ms > STALE_MS:
            return
        mail = {
            "user": owner,
            "job": event.job,
            "generator": body["generator"],
            "status": _ENDED[event.type],
            "seconds": round((ended_ms - began_ms) / 1000),
        }
        await self._intake.accept(
            NewJob(
                id=str(uuid.uuid5(_MAIL_IDS, f"{owner}\n{event.job}\n{body['version']}")),
                queue=QUEUE,
                owner=SIDE_EFFECTS_OWNER,
                request=orjson.dumps(mail).decode(),
                correlation_id=correlation_id(event.job),
                policy=Policy(max_attempts=8, timeout_ms=30_000, retry_base_ms=5_000, retry_max_ms=600_000, retention_ms=86_400_000),
                keeps_id=True,
            ),
            max_queued=MAX_QUEUED,
        )


class MailHandler:
    """Of the queue `notifications.mail`. The call may be made twice (the process dies before its record); auth knows it by its key."""

    def __init__(self, tuning: NotificationsTuning) -> None:
        self._tuning = tuning
        self._tokens: ServiceTokens | None = None

    async def __call__(self, job: Job, context: JobContext) -> str:
        # Here and not above: most installations send no mails, and should not pay 15 MB for it.
        import aiohttp

        if self._tokens is None:
            self._tokens = self._tuning.service_tokens()
        url, token = self._tuning.mail_url or "", await self._tokens.token()
        said = orjson.loads(job.request)
        headers = {"authorization": f"Bearer {token}", "idempotency-key": job.id}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as session,
                session.post(url, json={"user": said["user"], **worded(said)}, headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            metrics.MAILS.labels("retried").inc()
            raise Unavailable(f"the mail service does not answer ({type(error).__name__})") from None
        if status == 404:
            # Auth does not know the user any more: nobody is left to write to.
            metrics.MAILS.labels("dropped").inc()
            return orjson.dumps({"status": status}).decode()
        if not 200 <= status < 300:
            metrics.MAILS.labels("retried").inc()
            raise Unavailable(f"the mail service answered {status}")
        metrics.MAILS.labels("sent").inc()
        return orjson.dumps({"status": status}).decode()


def worded(said: dict[str, object]) -> dict[str, str]:
    """Subject and text; no content of the job, which a mailbox is no place for."""
    outcome = "is ready" if said["status"] == "succeeded" else "failed"
    return {
        "subject": f"Your {said['generator']} job {outcome}",
        "text": f"The job {said['job']} of {said['generator']} {said['status']} after {said['seconds']} seconds.\n",
    }


def accepted_at(job_id: str) -> int | None:
    """When the job was accepted, in ms since the epoch, as its id says (UUID version 7); None for another kind of id."""
    try:
        parsed = uuid.UUID(job_id)
    except ValueError:
        return None
    return parsed.int >> 80 if parsed.version == 7 else None
