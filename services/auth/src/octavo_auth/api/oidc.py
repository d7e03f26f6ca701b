"""Login by another issuer, in a browser: there, back, and a ticket that is exchanged for tokens."""

from __future__ import annotations

import re
import secrets
from typing import Annotated

import orjson
from fastapi import APIRouter, Cookie, Query
from starlette.responses import RedirectResponse, Response

from octavo_auth.api.answers import Issuers, TokensAnswer
from octavo_auth.api.bodies import Provider, TicketBody
from octavo_auth.api.callers import From, Services
from octavo_auth.api.services import AuthServices
from octavo_auth.domain.issuers import Issuer
from octavo_auth.domain.throttling import OIDC_ADDRESS
from octavo_core.errors import Fault, InvalidInput, NotFound, Unauthenticated

router = APIRouter(prefix="/api/auth/oidc", tags=["oidc"])

COOKIE = "octavo_oidc"
_PATH = "/api/auth/oidc"
_VALID_S = 600
_LOCAL = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%-]{0,500}")
_REDIRECT: dict[int | str, dict[str, object]] = {302: {"description": "Go on there."}, 303: {"description": "Go on there."}}


@router.get("", summary="The issuers whose users may log in")
async def issuers(services: Services) -> Issuers:
    return Issuers(items=sorted(services.issuers))


@router.get("/{provider}/start", summary="To the issuer, in a browser", response_class=RedirectResponse, status_code=302)
async def start(
    provider: Provider,
    services: Services,
    origin: From,
    return_to: Annotated[str, Query(max_length=501, description="Path of ours that gets the ticket, as `#ticket=…`.")] = "/login",
    binding: Annotated[
        str,
        Query(
            pattern=r"^([0-9a-f]{64})?$",
            description="SHA-256, in hex, of a secret of the browser that begins: its ticket is worth nothing without that.",
        ),
    ] = "",
) -> Response:
    await services.throttle.check(OIDC_ADDRESS, origin.address)
    if not _LOCAL.fullmatch(return_to):
        message = "is not a path of this place"
        raise InvalidInput(f"return_to: {message}", faults=(Fault("return_to", message, "/login"),))
    departure = await _issuer(services, provider).depart()
    kept = {
        "state": departure.state,
        "nonce": departure.nonce,
        "verifier": departure.verifier,
        "return_to": return_to,
        "binding": binding,
        "until": str(services.clock.now_ms() + _VALID_S * 1000),
    }
    sealed, _ = await services.encryption.encrypt(orjson.dumps(kept), _context(provider), realm="auth")
    answer = RedirectResponse(departure.url, 302, headers={"cache-control": "no-store"})
    # Lax: the browser comes back by a link from elsewhere.
    answer.set_cookie(COOKIE, sealed, max_age=_VALID_S, path=_PATH, secure=services.secure_cookies, httponly=True, samesite="lax")
    return answer


@router.get("/{provider}/callback", summary="Back from the issuer", response_class=RedirectResponse, status_code=303, responses=_REDIRECT)
async def callback(
    provider: Provider,
    services: Services,
    origin: From,
    state: Annotated[str, Query(max_length=512)] = "",
    code: Annotated[str, Query(max_length=4_096)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    kept: Annotated[str | None, Cookie(alias=COOKIE, max_length=4_096)] = None,
) -> Response:
    await services.throttle.check(OIDC_ADDRESS, origin.address)
    issuer = _issuer(services, provider)
    remembered = await _remembered(services, provider, kept)
    if not secrets.compare_digest(remembered["state"].encode(), state.encode()) or error or not code:
        await services.journal.refused("login", origin, detail=f"oidc:{provider}")
        raise Unauthenticated("the login was not finished, or was begun in another browser")
    person = await issuer.arrive(code, nonce=remembered["nonce"], verifier=remembered["verifier"])
    ticket = await services.federation.arrived(
        issuer=person.issuer,
        subject=person.subject,
        name=person.name,
        email=person.email,
        trust_email=issuer.trusts_email,
        provider=provider,
        # A start of an earlier version knew none.
        binding=remembered.get("binding", ""),
        origin=origin,
    )
    # Behind the #, which goes into no log of a server.
    answer = RedirectResponse(f"{remembered['return_to']}#ticket={ticket}", 303, headers={"cache-control": "no-store"})
    answer.delete_cookie(COOKIE, path=_PATH)
    return answer


@router.post("/token", summary="Exchange the ticket, within a minute and once, for tokens")
async def token(body: TicketBody, services: Services, origin: From) -> TokensAnswer:
    return TokensAnswer.of(await services.federation.exchange(body.ticket, body.binding, origin))


def _issuer(services: AuthServices, provider: str) -> Issuer:
    found = services.issuers.get(provider)
    if found is None:
        raise NotFound("there is no such issuer")
    return found


async def _remembered(services: AuthServices, provider: str, kept: str | None) -> dict[str, str]:
    late = Unauthenticated("the login was not begun in this browser, or too long ago")
    try:
        plain, _ = await services.encryption.decrypt(kept or "", _context(provider), realm="auth")
    except InvalidInput:
        raise late from None
    remembered: dict[str, str] = orjson.loads(plain)
    if int(remembered["until"]) < services.clock.now_ms():
        raise late
    return remembered


def _context(provider: str) -> str:
    return f"oidc {provider}"
