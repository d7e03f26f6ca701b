"""What is done after the answer, as durable jobs of `octavo_jobs`: `auth.mail` (codes and notices) and `auth.cascade` (erasures).

What a job carries is encrypted with a data key: ids of people stand in no row that outlives them. The jobs belong to nobody's stream.
"""

from __future__ import annotations

import hashlib

import orjson
import structlog

from octavo_auth.domain.encryption import Encryption
from octavo_auth.domain.erasing import Erasing
from octavo_auth.domain.sending import CodeSending
from octavo_auth.domain.work import Notice
from octavo_core.errors import InvalidInput, OctavoError
from octavo_core.ids import correlation_id, generate_uuid
from octavo_jobs.context import JobContext
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job, Policy, State
from octavo_jobs.model import NewJob
from octavo_jobs.runner import Lane

log = structlog.get_logger(__name__)

MAIL, CASCADE = "auth.mail", "auth.cascade"
OWNER = "octavo-auth"
MAX_QUEUED = 20_000
_CONTEXT = "job"
_DONE = "{}"
_MAIL_POLICY = Policy(max_attempts=6, timeout_ms=60_000, retry_base_ms=2_000, retry_max_ms=60_000, retention_ms=86_400_000)
_CASCADE_POLICY = Policy(max_attempts=100, timeout_ms=120_000, retry_base_ms=1_000, retry_max_ms=60_000, retention_ms=86_400_000)


class JobWork:
    """See `domain.work.Work`."""

    def __init__(self, intake: JobIntake, encryption: Encryption) -> None:
        self._intake = intake
        self._encryption = encryption

    async def send_code(self, code: str) -> None:
        await self._accept(MAIL, {"code": code}, _MAIL_POLICY)

    async def send_notice(self, user: str, notice: Notice) -> None:
        try:
            await self._accept(MAIL, {"user": user, "notice": notice}, _MAIL_POLICY)
        except OctavoError as error:
            log.warning("a notice is not sent", notice=notice, error=error.code)

    async def send_mail(self, user: str, *, subject: str, text: str, key: str | None) -> None:
        mail = {"user": user, "subject": subject, "text": text}
        await self._accept(MAIL, mail, _MAIL_POLICY, key=None if key is None else f"mail {key}")

    async def erase(self, erasure: str) -> None:
        job = await self._accept(CASCADE, {"erasure": erasure}, _CASCADE_POLICY, key=f"erase {erasure}")
        if job.state in (State.FAILED, State.CANCELLED):
            await self._intake.replay([job.id])

    async def _accept(self, queue: str, what: dict[str, str], policy: Policy, *, key: str | None = None) -> Job:
        sealed, _ = await self._encryption.encrypt(orjson.dumps(what), _CONTEXT, realm="auth")
        bound = structlog.contextvars.get_contextvars().get("correlation_id")
        new = NewJob(
            id=generate_uuid(),
            queue=queue,
            owner=OWNER,
            request=orjson.dumps({"sealed": sealed}).decode(),
            correlation_id=correlation_id(bound),
            policy=policy,
            idempotency_key=key,
            body_hash=None if key is None else hashlib.sha256(orjson.dumps(what)).hexdigest(),
        )
        return (await self._intake.accept(new, max_queued=MAX_QUEUED)).job


class Handlers:
    """What runs those jobs, in this process or another."""

    def __init__(self, *, sending: CodeSending, erasing: Erasing, encryption: Encryption) -> None:
        self._sending = sending
        self._erasing = erasing
        self._encryption = encryption

    def lanes(self) -> list[Lane]:
        return [Lane(MAIL, self._mail, 4), Lane(CASCADE, self._cascade, 2)]

    async def _mail(self, job: Job, _context: JobContext) -> str:
        match await self._opened(job):
            case {"code": str(code)}:
                await self._sending.send_code(code)
            case {
                "user": str(user),
                "notice": ("password_changed" | "contact_changed" | "session_revoked" | "account_suspended") as notice,
            }:
                await self._sending.send_notice(user, notice)
            case {"user": str(user), "subject": str(subject), "text": str(text)}:
                await self._sending.send_mail(user, subject, text)
            case _:
                raise InvalidInput("this is no mail of ours")
        return _DONE

    async def _cascade(self, job: Job, _context: JobContext) -> str:
        match await self._opened(job):
            case {"erasure": str(erasure)}:
                await self._erasing.run(erasure)
            case _:
                raise InvalidInput("this is no erasure of ours")
        return _DONE

    async def _opened(self, job: Job) -> dict[str, str]:
        plain, _ = await self._encryption.decrypt(str(orjson.loads(job.request)["sealed"]), _CONTEXT, realm="auth")
        opened: dict[str, str] = orjson.loads(plain)
        return opened
