from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from tests.integration.stories.house import Generators, House, house
from tests.servers.generators import generator, provider, write_generators
from tests.servers.jwks import issuer
from tests.servers.mongodb import MongoServer
from tests.servers.platform import platform
from tests.servers.redis import RedisServer
from tests.servers.upstream import upstream

from octavo_core.ids import generate_uuid

STORE_NUMBERS = {"sqlite": 5, "mongodb": 6}
STORES = ["sqlite", pytest.param("mongodb", marks=pytest.mark.needs("mongodb"))]


@pytest.fixture(scope="session")
def generators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generators]:
    folder = tmp_path_factory.mktemp("generators")
    with upstream() as refusing, issuer() as tokens:
        # A refusal that no attempt mends.
        refusing.fail_next = [(400, {}, {"error": {"message": "no such model"}})] * 1_000
        file = write_generators(
            folder / "generators.yaml",
            generator("tale", task="story", engine={"name": "ctranslate2", "model": "builtin://tiny-stories"}),
            generator("pics", task="image", providers=[{"name": "sketch", "type": "sketch"}], auth={"mode": "jwt"}),
            generator("broken", task="story", providers=[provider(refusing.url)], jobs={"maxAttempts": 1}),
        )
        with platform(file, home=folder / "home", environment={"OCTAVO_JWKS_URL": tokens.url}) as started:
            yield Generators(started.base, tokens)


def apart(server: RedisServer, number: int) -> str:
    """Houses that are open at the same time must not hear each other's bells: their jobs are in different databases."""
    return server.url.removesuffix("/0") + f"/{number}"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=STORES)
async def open_house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_session: RedisServer, generators: Generators
) -> AsyncIterator[House]:
    home = tmp_path_factory.mktemp("house")
    url = f"sqlite:///{home}/documents.db"
    if request.param == "mongodb":
        server: MongoServer = request.getfixturevalue("mongodb_session")
        url = server.url("t" + generate_uuid().replace("-", ""))
    redis_url = apart(redis_session, STORE_NUMBERS[request.param])
    async with house(home, documents_url=url, redis_url=redis_url, generators=generators) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def small_house(tmp_path_factory: pytest.TempPathFactory, redis_session: RedisServer, generators: Generators) -> AsyncIterator[House]:
    home = tmp_path_factory.mktemp("small")
    url, few = f"sqlite:///{home}/documents.db", {"max_characters": 3, "max_stories": 3, "max_projects": 3}
    async with house(home, documents_url=url, redis_url=apart(redis_session, 7), generators=generators, **few) as opened:
        yield opened


@pytest.fixture
def at_home(open_house: House) -> House:
    """On both stores."""
    open_house.day = generate_uuid()[-12:]
    return open_house


@pytest.fixture
def on_sqlite(small_house: House) -> House:
    """For what the contract suite has shown to be the same on both stores. Nobody keeps more than three of a kind here."""
    small_house.day = generate_uuid()[-12:]
    return small_house
