"""From a stranger to a session and back: register, verify, log in, refresh, log out, recover."""

from __future__ import annotations

from fastapi import APIRouter

from octavo_auth.api.answers import Done, OneUser, Recovering, Registered, SessionAnswer, Sessions, SignedOut, TokensAnswer, UserAnswer
from octavo_auth.api.bodies import (
    LoginBody,
    RecoverBody,
    RecoverConfirmBody,
    RefreshBody,
    RegisterBody,
    ResendBody,
    SessionId,
    VerifyBody,
)
from octavo_auth.api.callers import From, Person, Services
from octavo_auth.domain.registration import Applicant

router = APIRouter(prefix="/api/auth", tags=["accounts"])

_SENT = "If that can be, a code is on its way; it holds for 10 minutes."


@router.post("/register", status_code=202, summary="Ask for an account; a code is sent to its address or number")
async def register(body: RegisterBody, services: Services, origin: From) -> Registered:
    """The same answer whether the address has an account or not."""
    applicant = Applicant(name=body.name, password=body.password, email=body.email, phone=body.phone)
    return Registered(message=_SENT, verification_id=await services.registration.register(applicant, origin))


@router.post("/verify", summary="Confirm the address with the code; from here on there is an account")
async def verify(body: VerifyBody, services: Services, origin: From) -> OneUser:
    return OneUser(user=UserAnswer.of(await services.registration.verify(body.verification_id, body.code, origin)))


@router.post("/verify/resend", status_code=202, summary="Send the code again, a minute after the last one at the soonest")
async def resend(body: ResendBody, services: Services, origin: From) -> Done:
    await services.registration.resend(body.verification_id, origin)
    return Done(message=_SENT)


@router.post("/login", summary="Log in by e-mail address, phone number or name")
async def login(body: LoginBody, services: Services, origin: From) -> TokensAnswer:
    return TokensAnswer.of(await services.login.login(body.username, body.password, origin))


@router.post("/refresh", summary="Exchange a refresh token, once, for new tokens")
async def refresh(body: RefreshBody, services: Services, origin: From) -> TokensAnswer:
    return TokensAnswer.of(await services.login.refresh(body.refresh_token, origin))


@router.post("/logout", summary="End this session")
async def logout(caller: Person, services: Services, origin: From) -> Done:
    await services.login.logout(caller.user, caller.session.id, origin)
    return Done(message="logged out")


@router.post("/logout/all", summary="End all sessions of the caller")
async def logout_all(caller: Person, services: Services, origin: From) -> SignedOut:
    count = await services.login.logout_all(caller.user.id, origin, actor=caller.user.id)
    return SignedOut(message="logged out everywhere", sessions=count)


@router.get("/sessions", summary="The caller's sessions, newest first")
async def sessions(caller: Person, services: Services) -> Sessions:
    found = await services.login.sessions(caller.user.id)
    return Sessions(items=[SessionAnswer.of(session, caller.session.id) for session in found])


@router.delete("/sessions/{session}", summary="End one of the caller's sessions")
async def end_session(session: SessionId, caller: Person, services: Services, origin: From) -> Done:
    await services.login.logout(caller.user, session, origin)
    return Done(message="the session has ended")


@router.post("/recover", status_code=202, summary="Forgotten password: a code is sent by e-mail or WhatsApp")
async def recover(body: RecoverBody, services: Services, origin: From) -> Recovering:
    """The same answer, in the same time, whether there is such an account or not."""
    return Recovering(message=_SENT, recovery_id=await services.recovery.begin(body.username, body.way, origin))


@router.post("/recover/confirm", summary="Set a new password with the code; all sessions end")
async def recover_confirm(body: RecoverConfirmBody, services: Services, origin: From) -> Done:
    await services.recovery.confirm(body.recovery_id, body.code, body.password, origin)
    return Done(message="the password is set; log in with it")
