"""For other services alone: a mail to a person, whose address only auth knows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from octavo_auth.api.answers import Done
from octavo_auth.api.bodies import MailBody
from octavo_auth.api.callers import Service, Services
from octavo_core.errors import NotFound

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
