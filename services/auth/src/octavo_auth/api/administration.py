"""For admins: people, and the log of what they did."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from octavo_auth.api.answers import AuditAnswer, AuditLog, Deleting, OneUser, SignedOut, UserAnswer, Users
from octavo_auth.api.bodies import Action, AdminBody, Cursor, Limit, OfOutcome, OfUser, Search, UserId
from octavo_auth.api.callers import Admin, From, Person, Services
from octavo_auth.api.pictures import PICTURE_ANSWERS, picture_response
from octavo_auth.domain.model import AuditPage, Role, Status, User, UserPage
from octavo_core.errors import Forbidden, NotFound

router = APIRouter(prefix="/api/auth", tags=["administration"])


@router.get("/users", summary="People, newest first; `q` is a part of a name, an address or a number")
async def users(
    _caller: Admin,
    services: Services,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Search = None,
    role: Role | None = None,
    status: Status | None = None,
) -> Users:
    found = await services.users.page(UserPage(limit + 1, before=cursor, search=q, role=role, status=status))
    items = found[:limit]
    return Users(items=[UserAnswer.of(user) for user in items], next_cursor=items[-1].id if len(found) > limit else None)


@router.get("/users/{user}", summary="One person")
async def one_user(user: UserId, _caller: Admin, services: Services) -> OneUser:
    return OneUser(user=UserAnswer.of(await _known(services, user)))


@router.patch("/users/{user}", summary="Change the role, suspend, or let in again")
async def administer(user: UserId, body: AdminBody, caller: Admin, services: Services, origin: From) -> OneUser:
    """Suspending ends all sessions. The last admin stays one."""
    detail = ", ".join(f"{what} {value}" for what, value in (("role", body.role), ("status", body.status)) if value is not None)
    entry = services.journal.entry("administer", origin, actor=caller.user.id, subject=user, detail=detail)
    changed = await services.users.administer(user, role=body.role, status=body.status, entry=entry)
    if body.status == "suspended":
        await services.work.send_notice(user, "account_suspended")
    return OneUser(user=UserAnswer.of(changed))


@router.delete("/users/{user}", status_code=202, summary="Delete the account, and all that every service keeps of the person")
async def delete(user: UserId, caller: Admin, services: Services, origin: From) -> Deleting:
    erasure = await services.profile.erase(user, origin, actor=caller.user.id)
    return Deleting(message="the account is deleted; what is left of it is being erased", erasure_id=erasure)


@router.post("/users/{user}/logout", summary="Sign a person out everywhere")
async def sign_out(user: UserId, caller: Admin, services: Services, origin: From) -> SignedOut:
    await _known(services, user)
    count = await services.login.logout_all(user, origin, actor=caller.user.id)
    return SignedOut(message="signed out everywhere", sessions=count)


@router.get("/users/{user}/picture", summary="A person's picture", response_class=Response, responses=PICTURE_ANSWERS)
async def picture(user: UserId, caller: Person, services: Services) -> Response:
    """One's own; an admin sees everybody's."""
    if user != caller.user.id and caller.user.role != "admin":
        raise Forbidden("this is somebody else's")
    return picture_response(await services.users.picture(user))


@router.get("/audit", summary="Who did what, newest first")
async def audit(
    _caller: Admin,
    services: Services,
    limit: Limit = 50,
    cursor: Cursor = None,
    user: OfUser = None,
    action: Action = None,
    outcome: OfOutcome = None,
) -> AuditLog:
    found = await services.audit.page(AuditPage(limit + 1, before=cursor, user=user, action=action, outcome=outcome))
    items = found[:limit]
    return AuditLog(items=[AuditAnswer.of(entry) for entry in items], next_cursor=items[-1].id if len(found) > limit else None)


async def _known(services: Services, user: str) -> User:
    found = await services.users.get(user)
    if found is None:
        raise NotFound("there is no such user")
    return found
