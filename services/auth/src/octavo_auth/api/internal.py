"""For other services alone: a mail to a person, whose address only auth knows, and what an admin does elsewhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from octavo_auth.api.answers import Done
from octavo_auth.api.bodies import AuditBody, MailBody
from octavo_auth.api.callers import From, Service, Services
from octavo_auth.domain.model import Origin
from octavo_core.errors import Forbidden, NotFound

router = APIRouter(tags=["internal"])

_Key = Annotated[str | None, Header(alias="idempotency-key", pattern="^[A-Za-z0-9._:/+=@-]{1,128}$")]


# The second is for where services share a host.
@router.post("/api/internal/mail", status_code=202, summary="Mail a person; the same Idempotency-Key again is the same mail")
@router.post("/api/auth/internal/mail", status_code=202, summary="Mail a person; the same Idempotency-Key again is the same mail")
async def mail(body: MailBody, actor: Service, services: Services, key: _Key = None) -> Done:
    """404 when there is nobody to write to."""
    user = await services.users.get(body.user)
    if user is None or user.status != "active" or user.email is None:
        raise NotFound("there is nobody to write to")
    await services.work.send_mail(body.user, subject=body.subject, text=body.text, key=None if key is None else f"{actor.name} {key}")
    return Done(message="the mail is on its way")


@router.post("/api/auth/internal/audit", status_code=204, summary="Write down what an admin does at another service, before it is done")
async def audit(body: AuditBody, actor: Service, services: Services, origin: From) -> None:
    """403 when that person is no admin by now, or may not log in: their token is checked offline elsewhere, and this is where a lost
    role holds at once."""
    where = Origin(address=body.address or origin.address, agent="", correlation_id=origin.correlation_id)
    user = await services.users.get(body.actor)
    if user is None or user.role != "admin" or user.status != "active":
        await services.journal.refused(body.action, where, actor=body.actor, subject=body.subject, detail=f"no admin; {body.detail}")
        raise Forbidden("this is for admins")
    entry = services.journal.entry(body.action, where, outcome=body.outcome, actor=body.actor, subject=body.subject, detail=body.detail)
    await services.audit.add(entry)
