"""Accounts, characters, stories and the pages in the laptop's one process; in a cluster each is a process of its own.

They are the same services, told by settings where the others are, and here all of it is this process's own port. Only what would be a
detour is handed over: auth's public keys, and what each service erases when an account goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import structlog
from pydantic import SecretStr
from starlette.types import ASGIApp

import octavo_auth.app
import octavo_characters.app
import octavo_stories.app
import octavo_web.app
from octavo_auth.adapters.key_files import read_service_secret
from octavo_auth.settings import AuthSettings
from octavo_characters.settings import CharactersSettings
from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured
from octavo_core.identity import KeySource
from octavo_core.settings import CommonSettings, read_settings
from octavo_stories.settings import StoriesSettings
from octavo_web.settings import WebSettings

log = structlog.get_logger(__name__)

Settings = TypeVar("Settings", bound=CommonSettings)
Eraser = Callable[[str], Awaitable[None]]
"""Erases what is kept of a user. Idempotent; raises when something is left."""


class _Composed(Protocol):
    @property
    def app(self) -> ASGIApp: ...

    @property
    def prefixes(self) -> tuple[str, ...]: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...


class People:
    """Composed, not connected. `start` needs the database and Redis; `close` drains."""

    def __init__(self, port: int, clock: Clock, erasers: Sequence[Eraser]) -> None:
        """`erasers`: of what the platform itself keeps. Raises `Misconfigured`."""
        here = self._here = f"http://127.0.0.1:{port}"
        settings = read_settings(AuthSettings)
        self._auth = octavo_auth.app.create_service(settings, clock=clock, erasers=[*erasers, self._erase_documents])
        self.keys: KeySource = self._auth.keys
        tokens = {
            "service_token_url": f"{here}/api/auth/service-token",
            "service_secret": SecretStr(read_service_secret(settings)),
        }
        self.of_mails: Mapping[str, Any] = {"mail_url": f"{here}/api/auth/internal/mail", **tokens}
        """Settings with which notifications can have mails sent."""
        names = ("generators", "characters", "stories", "auth", "notifications", "admin")
        others = {**{f"{name}_url": here for name in names}, **tokens}
        self._characters = octavo_characters.app.create_service(_told(CharactersSettings, others), clock=clock, keys=self.keys)
        self._stories = octavo_stories.app.create_service(_told(StoriesSettings, others), clock=clock, keys=self.keys)
        self._elsewhere = others
        self._services: list[_Composed] = []
        self._apps: list[tuple[str, ASGIApp]] = []
        self.readiness = {"platform": f"{here}/health/ready"}
        """Where each service tells how it is, by its name; `add` adds to it."""
        for service in (self._auth, self._characters, self._stories):
            self.add(service)
        pages = _pages(_told(WebSettings, others), self.keys)
        if pages is not None:
            self.add(pages)

    def add(self, service: _Composed) -> None:
        """Before `start`. It is started after those that were added before it, and closed before them."""
        self._services.append(service)
        self._apps += [(prefix, service.app) for prefix in service.prefixes]
        first = service.prefixes[0]
        self.readiness[first.removeprefix("/api/")] = f"{self._here}{first}/health/ready"

    def settings_of(self, kind: type[Settings]) -> Settings:
        """Of a service to add: from the environment, and what that leaves out as it is here."""
        return _told(kind, self._elsewhere)

    def find(self, path: str) -> ASGIApp | None:
        """Whose path it is; `/` is that page alone."""
        return next((app for prefix, app in self._apps if path == prefix or (prefix != "/" and path.startswith(f"{prefix}/"))), None)

    async def _erase_documents(self, user: str) -> None:
        await self._stories.erase(user)
        await self._characters.erase(user)

    async def start(self) -> None:
        for service in self._services:
            await service.start()

    async def close(self) -> None:
        for service in reversed(self._services):
            await service.close()


def _pages(settings: WebSettings, keys: KeySource) -> octavo_web.app.Service | None:
    """None where the scripts and styles of the pages were not made, as in a checkout that was not installed: all else is served."""
    try:
        return octavo_web.app.create_service(settings, keys=keys)
    except Misconfigured as error:
        log.warning("there are no pages", reason=error.message)
        return None


def _told(kind: type[Settings], said: Mapping[str, Any]) -> Settings:
    """From the environment; what that leaves out, and the service has a setting for, as said."""
    settings = read_settings(kind)
    return settings.model_copy(
        update={name: value for name, value in said.items() if name in kind.model_fields and name not in settings.model_fields_set}
    )
