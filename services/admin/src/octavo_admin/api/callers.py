"""Who may call: admins, with a token that is checked offline. What they do, and not only look at, is checked by auth as it stands now,
when it writes it into the audit log: a role that was lost holds there at once, and here for reading when the token ends."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import Depends
from starlette.requests import Request

from octavo_admin.domain.model import Admin
from octavo_core.errors import Forbidden
from octavo_core.http.callers import Caller

log = structlog.get_logger(__name__)


async def admin(request: Request, caller: Caller) -> Admin:
    if caller.role != "admin":
        log.info("no admin was let in", user=caller.user, route=request.url.path)
        raise Forbidden("this is for admins")
    return Admin(caller.user, request.client.host if request.client is not None else "unknown")


AdminCaller = Annotated[Admin, Depends(admin)]
