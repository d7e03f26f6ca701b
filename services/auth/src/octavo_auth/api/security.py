"""Keys for the world, tokens for services, encryption for both services and admins."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from octavo_auth.api.answers import Decrypted, Encrypted, Jwks, ServiceTokenAnswer
from octavo_auth.api.bodies import DecryptBody, EncryptBody, ServiceTokenBody
from octavo_auth.api.callers import From, ServiceOrAdmin, Services
from octavo_auth.domain.throttling import SERVICE_ADDRESS
from octavo_auth.domain.tokens import SERVICE_TOKEN_S
from octavo_core.errors import InvalidInput, NotFound, Unauthenticated

router = APIRouter(tags=["security"])
public = APIRouter(tags=["security"])

_JWKS_AGE_S = 60


@public.get("/.well-known/jwks.json", summary="The public keys that tokens of ours are signed with (RFC 7517)")
async def jwks(services: Services, response: Response) -> Jwks:
    response.headers["cache-control"] = f"public, max-age={_JWKS_AGE_S}"
    return Jwks(**await services.keys.jwks())


@router.post("/api/auth/service-token", summary="A token for a service, 5 minutes long, against its secret")
async def service_token(body: ServiceTokenBody, services: Services, origin: From) -> ServiceTokenAnswer:
    """As the client credentials grant of RFC 6749, in JSON: `sub` is `service:NAME`, `role` is `service`. With `on_behalf_of`, `sub` is
    that person and `role` is `user`: 404 where there is no such account, or it is suspended."""
    await services.throttle.check(SERVICE_ADDRESS, origin.address)
    if not services.clients.accepts(body.client_id, body.client_secret):
        await services.journal.refused("service_token", origin)
        raise Unauthenticated("the name or the secret of the service is wrong")
    if body.on_behalf_of is None:
        return ServiceTokenAnswer(access_token=await services.tokens.service_token(body.client_id), expires_in=SERVICE_TOKEN_S)
    user = await services.users.get(body.on_behalf_of)
    if user is None or user.status != "active":
        raise NotFound("there is no such account")
    return ServiceTokenAnswer(access_token=await services.tokens.acting_token(user, body.client_id), expires_in=SERVICE_TOKEN_S)


@router.post("/api/security/encrypt", summary="Encrypt a text under the newest key (AES-256-GCM), bound to a context")
async def encrypt(body: EncryptBody, _actor: ServiceOrAdmin, services: Services) -> Encrypted:
    ciphertext, version = await services.encryption.encrypt(body.plaintext.encode(), body.context, realm="api")
    return Encrypted(ciphertext=ciphertext, key_version=version)


@router.post("/api/security/decrypt", summary="Decrypt what was encrypted here, with its context")
async def decrypt(body: DecryptBody, actor: ServiceOrAdmin, services: Services, origin: From) -> Decrypted:
    try:
        plain, version = await services.encryption.decrypt(body.ciphertext, body.context, realm="api")
    except InvalidInput:
        await services.journal.refused("decrypt", origin, actor=actor.name)
        raise
    return Decrypted(plaintext=plain.decode(), key_version=version)
