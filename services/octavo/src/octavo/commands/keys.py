"""`octavo keys` and `octavo users`: what an operator does with auth's database and master key; the platform need not run."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console
from rich.table import Table

from octavo_auth.operations import KeyKind, list_keys, promote, rotate_keys
from octavo_auth.settings import AuthSettings
from octavo_core.clock import SystemClock, to_iso
from octavo_core.settings import read_settings


def rotate(kind: KeyKind, *, at_once: bool, home: Path) -> None:
    made = asyncio.run(rotate_keys(_settings(home), kind, at_once=at_once))
    console = Console(soft_wrap=True)
    console.print(f"new {made.purpose} key, version {made.version}: {made.id}", markup=False)
    if kind == "data":
        console.print("it encrypts from now on; what was encrypted before stays readable")
    elif at_once:
        console.print("it signs now; access tokens of before are refused within half a minute, and whoever has a session refreshes them")
    else:
        console.print(f"it is published now and signs from {to_iso(made.active_at)}; the older ones stay published for an hour after that")


def show(*, home: Path) -> None:
    table = Table("kind", "version", "id", "state", "since", "until")
    now = SystemClock().now_ms()
    for key in asyncio.run(list_keys(_settings(home))):
        retired = key.retired_at is not None and key.retired_at <= now
        state = "retired" if retired else "published" if key.retired_at is not None or key.active_at > now else "in use"
        until = "" if key.retired_at is None else to_iso(key.retired_at)
        table.add_row(key.purpose, str(key.version), key.id, state, to_iso(key.active_at), until)
    Console(soft_wrap=True).print(table)


def make_admin(username: str, *, home: Path) -> None:
    user = asyncio.run(promote(_settings(home), username))
    Console(soft_wrap=True).print(f"{user.name} ({user.id}) is an admin", markup=False)


def _settings(home: Path) -> AuthSettings:
    return read_settings(AuthSettings).model_copy(update={"home": home})
