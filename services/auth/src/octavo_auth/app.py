"""The composition root of auth: settings in, a service out that a process serves alone or a platform beside others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog
from fastapi import FastAPI

from octavo_auth.adapters.erasers import http_eraser
from octavo_auth.adapters.key_files import read_master_key, read_service_secret
from octavo_auth.adapters.messages.catcher import Catcher
from octavo_auth.adapters.messages.channels import open_channels
from octavo_auth.adapters.oidc import OidcClient
from octavo_auth.adapters.password_hashing import Argon2Hashing
from octavo_auth.adapters.portraits import Portraits
from octavo_auth.adapters.rates import RedisThrottle
from octavo_auth.adapters.store import AuthStore, open_auth_store
from octavo_auth.adapters.work import Handlers, JobWork
from octavo_auth.api import AuthServices, create_auth_app
from octavo_auth.api.services import ServiceClients
from octavo_auth.domain.encryption import Encryption
from octavo_auth.domain.erasing import Eraser, Erasing
from octavo_auth.domain.federation import Federation
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.keyring import KeyRing
from octavo_auth.domain.login import Login
from octavo_auth.domain.model import Origin
from octavo_auth.domain.profile import Profile
from octavo_auth.domain.recovery import Recovery
from octavo_auth.domain.registration import Registration
from octavo_auth.domain.sending import CodeSending
from octavo_auth.domain.tokens import TokenIssuer
from octavo_auth.settings import AuthSettings
from octavo_core.clock import Clock, SystemClock
from octavo_core.errors import OctavoError
from octavo_core.http import lifespan_of
from octavo_core.identity import TokenVerifier
from octavo_jobs.embedded import EmbeddedWorker
from octavo_jobs.ending import end_task

log = structlog.get_logger(__name__)

PREFIXES = ("/api/auth", "/api/security", "/api/internal/mail", "/.well-known/jwks.json")
TEND_EVERY_S = 60.0
PURGE_EVERY_S = 600.0
DAY_MS = 86_400_000
_HERE = Origin(address="", agent="", correlation_id="")


class AuthService:
    """`app` answers everything under `prefixes`. Its lifespan starts and closes it; where a platform composes services and runs no
    lifespans but its own, it calls `start` and `close`. `keys` is a `KeySource` for whoever checks tokens in the same process, and
    `tokens.service_token(NAME)` is what a service beside us needs to call another."""

    prefixes: tuple[str, ...] = PREFIXES

    def __init__(
        self,
        settings: AuthSettings,
        *,
        clock: Clock,
        store: AuthStore,
        jobs: EmbeddedWorker,
        handlers: Handlers,
        erasing: Erasing,
        hashing: Argon2Hashing,
        portraits: Portraits,
        throttle: RedisThrottle,
        services: AuthServices,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._jobs = jobs
        self._handlers = handlers
        self._erasing = erasing
        self._hashing = hashing
        self._portraits = portraits
        self._throttle = throttle
        self._services = services
        self._tending: asyncio.Task[None] | None = None
        self._purged_at = -PURGE_EVERY_S
        self.keys = services.keys
        self.tokens = services.tokens
        self.app: FastAPI = create_auth_app(
            services,
            checks={"database": store.ping},
            degraded_by={"jobs": jobs.check_database, "redis": jobs.check_redis},
            lifespan=lifespan_of(self),
            cors_origins=settings.cors_origins,
            trusted_proxies=settings.trusted_proxies,
            max_body_bytes=settings.max_body_bytes,
        )

    async def start(self) -> None:
        """Brings the schema up to date, makes the first keys, begins to run jobs. Raises `Unavailable` without a database, and may be
        called again then; `Misconfigured` when the master key is another one."""
        await self._store.migrate()
        await self.keys.start()
        await self._hashing.prepare()
        if self._settings.admin_email is not None:
            entry = self._services.journal.entry("promote", _HERE, detail="OCTAVO_ADMIN_EMAIL")
            await self._store.users.promote_first_admin(self._settings.admin_email.lower(), entry)
        await self._jobs.start(self._handlers.lanes())
        self._tending = asyncio.create_task(self._tend_forever(), name="tend auth")

    async def close(self) -> None:
        if self._tending is not None:
            await end_task(self._tending)
        await self._jobs.close(self._settings.drain_seconds / 2)
        await self._throttle.close()
        self._hashing.close()
        self._portraits.close()
        await self._store.close()

    async def tend(self) -> None:
        """One round of what falls due by itself: erasures without a job, a signing key that is too old, what has expired."""
        await self._erasing.sweep(self._services.work)
        now = self._clock.now_ms()
        newest = (await self.keys.signing_key()).stored.created_at
        too_old = now - round(self._settings.signing_key_days * DAY_MS)
        if newest <= too_old:
            await self.keys.rotate_signing(unless_newer_than=too_old)
        if time.monotonic() - self._purged_at > PURGE_EVERY_S:
            await self._store.housekeeping.purge(now, audit_before=now - round(self._settings.audit_days * DAY_MS))
            self._purged_at = time.monotonic()

    async def _tend_forever(self) -> None:
        while True:
            try:
                await self.tend()
            except OctavoError as error:
                log.warning("auth could not be tended; later again", error=error.code)
            except Exception:
                log.exception("auth could not be tended; later again")
            await asyncio.sleep(TEND_EVERY_S)


def create_service(settings: AuthSettings, *, clock: Clock | None = None, erasers: Sequence[Eraser] = ()) -> AuthService:
    """Nothing is connected before `start`, but keys of a laptop are read from OCTAVO_HOME or made there. `erasers`: of services in the
    same process, beside those of OCTAVO_ERASE_URLS. Raises `Misconfigured`."""
    clock = clock or SystemClock()
    store = open_auth_store(settings.users_url())
    redis_url = settings.redis_url.get_secret_value()
    keys = KeyRing(store.keys, read_master_key(settings), clock)
    encryption = Encryption(keys)
    tokens = TokenIssuer(keys, clock, issuer=settings.issuer, audience=settings.audience, access_s=settings.access_token_seconds)
    journal = Journal(store.audit, clock)
    hashing = Argon2Hashing(memory_kib=settings.password_memory_kib, passes=settings.password_passes)
    throttle = RedisThrottle(redis_url, scale=settings.throttle_scale)
    portraits = Portraits(max_bytes=settings.picture_max_bytes, max_pixels=settings.picture_max_pixels)
    jobs = EmbeddedWorker(settings, clock=clock)
    work = JobWork(jobs.intake, encryption)
    catcher = Catcher(store.outbox, encryption, clock)
    erasing = Erasing(users=store.users, erasers=[*(http_eraser(url, tokens) for url in settings.erase_urls), *erasers], clock=clock)
    sending = CodeSending(
        users=store.users, codes=store.codes, sender=open_channels(settings, catcher), clock=clock, code_key=keys.code_key
    )
    login = Login(
        users=store.users,
        sessions=store.sessions,
        hashing=hashing,
        tokens=tokens,
        throttle=throttle,
        journal=journal,
        work=work,
        clock=clock,
        idle_days=settings.session_idle_days,
        session_days=settings.session_days,
    )
    services = AuthServices(
        users=store.users,
        audit=store.audit,
        outbox=store.outbox,
        caught=catcher,
        registration=Registration(
            users=store.users,
            codes=store.codes,
            hashing=hashing,
            work=work,
            throttle=throttle,
            journal=journal,
            clock=clock,
            code_key=keys.code_key,
            admin_email=settings.admin_email,
            offers_phone=settings.offers_phone,
        ),
        login=login,
        recovery=Recovery(
            users=store.users,
            codes=store.codes,
            hashing=hashing,
            work=work,
            throttle=throttle,
            journal=journal,
            clock=clock,
            code_key=keys.code_key,
        ),
        profile=Profile(
            users=store.users,
            codes=store.codes,
            hashing=hashing,
            work=work,
            throttle=throttle,
            journal=journal,
            clock=clock,
            code_key=keys.code_key,
            offers_phone=settings.offers_phone,
        ),
        federation=Federation(
            users=store.users,
            codes=store.codes,
            login=login,
            throttle=throttle,
            journal=journal,
            clock=clock,
            code_key=keys.code_key,
        ),
        issuers={
            provider.name: OidcClient(provider, f"{settings.reached_at}/api/auth/oidc/{provider.name}/callback")
            for provider in settings.oidc
        },
        keys=keys,
        encryption=encryption,
        tokens=tokens,
        verifier=TokenVerifier(keys, issuer=settings.issuer, audience=settings.audience),
        clients=_clients(settings),
        throttle=throttle,
        journal=journal,
        pictures=portraits,
        clock=clock,
        work=work,
        catches_mail=settings.mail == "catcher",
        picture_max_bytes=settings.picture_max_bytes,
        secure_cookies=settings.reached_at.startswith("https://"),
    )
    handlers = Handlers(sending=sending, erasing=erasing, encryption=encryption)
    return AuthService(
        settings,
        clock=clock,
        store=store,
        jobs=jobs,
        handlers=handlers,
        erasing=erasing,
        hashing=hashing,
        portraits=portraits,
        throttle=throttle,
        services=services,
    )


def _clients(settings: AuthSettings) -> ServiceClients:
    named = {name: secret.get_secret_value() for name, secret in settings.service_clients.items()}
    return ServiceClients(named, None if named else read_service_secret(settings))
