"""Accounts, characters and stories in the laptop's one process; in a cluster each is a process of its own.

They are the same services, told by settings where the others are, and here all of it is this process's own port. Only what would be a
detour is handed over: auth's public keys, and what each service erases when an account goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import SecretStr
from starlette.types import ASGIApp

import octavo_auth.app
import octavo_characters.app
import octavo_stories.app
from octavo_auth.adapters.key_files import read_service_secret
from octavo_auth.settings import AuthSettings
from octavo_characters.settings import CharactersSettings
from octavo_core.clock import Clock
from octavo_core.identity import KeySource
from octavo_core.settings import CommonSettings, read_settings
from octavo_stories.settings import StoriesSettings

Settings = TypeVar("Settings", bound=CommonSettings)
Eraser = Callable[[str], Awaitable[None]]
"""Erases what is kept of a user. Idempotent; raises when something is left."""


class People:
    """Composed, not connected. `start` needs the database and Redis; `close` drains."""

    def __init__(self, port: int, clock: Clock, erasers: Sequence[Eraser]) -> None:
        """`erasers`: of what the platform itself keeps. Raises `Misconfigured`."""
        here = f"http://127.0.0.1:{port}"
        settings = read_settings(AuthSettings)
        self._auth = octavo_auth.app.create_service(settings, clock=clock, erasers=[*erasers, self._erase_documents])
        self.keys: KeySource = self._auth.keys
        tokens = {
            "service_token_url": f"{here}/api/auth/service-token",
            "service_secret": SecretStr(read_service_secret(settings)),
        }
        self.of_mails: Mapping[str, Any] = {"mail_url": f"{here}/api/auth/internal/mail", **tokens}
        """Settings with which notifications can have mails sent."""
        others = {"generators_url": here, "characters_url": here, **tokens}
        self._characters = octavo_characters.app.create_service(_told(CharactersSettings, others), clock=clock, keys=self.keys)
        self._stories = octavo_stories.app.create_service(_told(StoriesSettings, others), clock=clock, keys=self.keys)
        services = (self._auth, self._characters, self._stories)
        self._apps: tuple[tuple[str, ASGIApp], ...] = tuple((prefix, service.app) for service in services for prefix in service.prefixes)

    def find(self, path: str) -> ASGIApp | None:
        """Whose path it is."""
        return next((app for prefix, app in self._apps if path == prefix or path.startswith(f"{prefix}/")), None)

    async def _erase_documents(self, user: str) -> None:
        await self._stories.erase(user)
        await self._characters.erase(user)

    async def start(self) -> None:
        await self._auth.start()
        await self._characters.start()
        await self._stories.start()

    async def close(self) -> None:
        await self._stories.close()
        await self._characters.close()
        await self._auth.close()


def _told(kind: type[Settings], said: Mapping[str, Any]) -> Settings:
    """From the environment; what that leaves out, and the service has a setting for, as said."""
    settings = read_settings(kind)
    return settings.model_copy(
        update={name: value for name, value in said.items() if name in kind.model_fields and name not in settings.model_fields_set}
    )
