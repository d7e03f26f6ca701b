"""What an operator does from a shell, over the database and the master key that the settings name; the service need not run.

A running service notices within half a minute.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from octavo_auth.adapters.key_files import read_master_key
from octavo_auth.adapters.store import AuthStore, open_auth_store
from octavo_auth.domain.identifiers import classify
from octavo_auth.domain.journal import Journal
from octavo_auth.domain.keyring import KeyRing
from octavo_auth.domain.model import Origin, StoredKey, User
from octavo_auth.settings import AuthSettings
from octavo_core.clock import Clock, SystemClock
from octavo_core.errors import NotFound

KeyKind = Literal["signing", "data"]
_SHELL = Origin(address="shell", agent="", correlation_id="")


async def rotate_keys(settings: AuthSettings, kind: KeyKind, *, at_once: bool = False, clock: Clock | None = None) -> StoredKey:
    """The new key. A signing key is published now and signs in a minute, the older ones are published for an hour longer; `at_once`
    (a key was stolen): it signs now, and all access tokens of before are refused. A data key encrypts from now on; what is encrypted
    stays readable. Raises `Misconfigured` and `Unavailable`."""
    clock = clock or SystemClock()
    async with _opened(settings) as store:
        keys = KeyRing(store.keys, read_master_key(settings), clock)
        await keys.start()
        return await (keys.rotate_signing(at_once=at_once) if kind == "signing" else keys.rotate_data())


async def list_keys(settings: AuthSettings) -> list[StoredKey]:
    """Without their secret halves being opened."""
    async with _opened(settings) as store:
        return await store.keys.all()


async def promote(settings: AuthSettings, username: str) -> User:
    """Makes the account of that e-mail address, number or name an admin. Raises `NotFound`."""
    async with _opened(settings) as store:
        found = classify(username)
        user = None if found is None else await store.users.find(*found)
        if user is None:
            raise NotFound("there is no such account; it must have been registered and confirmed")
        journal = Journal(store.audit, SystemClock())
        entry = journal.entry("promote", _SHELL, actor="shell", subject=user.id)
        return await store.users.administer(user.id, role="admin", status=None, entry=entry)


@asynccontextmanager
async def _opened(settings: AuthSettings) -> AsyncIterator[AuthStore]:
    store = open_auth_store(settings.users_url())
    try:
        await store.migrate()
        yield store
    finally:
        await store.close()
