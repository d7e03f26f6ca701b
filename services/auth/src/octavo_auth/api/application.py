"""The ASGI application of auth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from fastapi import Depends, FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from octavo_auth.api import accounts, administration, internal, me, oidc, outbox, security
from octavo_auth.api.callers import no_store
from octavo_auth.api.services import AuthServices
from octavo_core.http import Check, create_app
from octavo_core.http.lifespan import Lifespan

PREFIX = "/api/auth"
_FRAMING_BYTES = 65_536


def create_auth_app(
    services: AuthServices,
    *,
    checks: Mapping[str, Check],
    degraded_by: Mapping[str, Check],
    lifespan: Lifespan | None,
    cors_origins: Sequence[str],
    trusted_proxies: Sequence[str],
    max_body_bytes: int,
) -> FastAPI:
    app = create_app(
        service="auth",
        title="Octavo auth",
        description="Users, login, tokens and keys.",
        version=version("octavo-auth"),
        checks=checks,
        degraded_by=degraded_by,
        lifespan=lifespan,
        cors_origins=cors_origins,
        max_body_bytes=max(max_body_bytes, services.picture_max_bytes + _FRAMING_BYTES),
        prefix=PREFIX,
    )
    if trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(trusted_proxies))
    app.state.auth = services
    routers = [accounts.router, me.router, administration.router, security.router, oidc.router, internal.router]
    if services.catches_mail:
        routers.append(outbox.router)
    for router in routers:
        app.include_router(router, dependencies=[Depends(no_store)])
    app.include_router(security.public)
    return app
