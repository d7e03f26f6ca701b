"""A server that answers, and says that it cannot: the port promises one error for that, whatever the driver calls it."""

from __future__ import annotations

import pytest

from octavo_core.clock import SystemClock
from octavo_core.errors import Unavailable
from octavo_jobs.store import open_store

SERVERS = [
    pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    pytest.param("mariadb", marks=pytest.mark.needs("mariadb")),
]


@pytest.mark.parametrize("server", SERVERS)
async def test_a_database_that_does_not_exist_is_unavailable(server: str, request: pytest.FixtureRequest) -> None:
    store = open_store(f"{request.getfixturevalue(f'{server}_url')}/nowhere", SystemClock())
    with pytest.raises(Unavailable):
        await store.ping()
    with pytest.raises(Unavailable):
        await store.cancel("x")
    await store.close()


@pytest.mark.parametrize("server", SERVERS)
async def test_a_login_that_is_refused_is_unavailable_and_stays_secret(server: str, request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue(f"{server}_url"))
    store = open_store(f"{url.split('//')[0]}//nobody:geheim@{url.split('@')[1]}/nowhere", SystemClock())
    with pytest.raises(Unavailable) as caught:
        await store.ping()
    assert "geheim" not in caught.value.message
    assert "nobody" not in caught.value.message
    await store.close()
