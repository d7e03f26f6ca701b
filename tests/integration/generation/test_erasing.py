"""A person's pictures and jobs go, also those of generators that are served no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from tests.contract.generation.images.test_library_contract import drawn, origin
from tests.integration.generation.conftest import Shared
from tests.servers.answers import assert_problem
from tests.servers.redis import RedisServer

from octavo_core.clock import ManualClock
from octavo_core.errors import Unavailable
from octavo_core.spec import Storage
from octavo_generation.api.services import JobServices, open_job_services
from octavo_generation.images.library import ImageLibrary
from octavo_generation.images.opening import open_image_storage
from octavo_generation.store.schema import images

pytestmark = pytest.mark.needs("redis")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def services(tmp_path: Path, redis_server: RedisServer, clock: ManualClock) -> AsyncIterator[JobServices]:
    opened = open_job_services(
        database_url=f"sqlite:///{tmp_path}/jobs.db", redis_url=redis_server.url, clock=clock, home=tmp_path, pictures=tmp_path / "pictures"
    )
    await opened.store.migrate()
    await opened.generation.migrate()
    yield opened
    await opened.close()


def library(services: JobServices, generator: str, *, retention_days: int | None = None) -> ImageLibrary:
    storage = open_image_storage(Storage(), folder=services.pictures / generator, environment={})
    return ImageLibrary(services.generation, storage, retention_days=retention_days)


async def owners(services: JobServices) -> list[str]:
    return await services.generation.transactions.read(lambda connection: list(connection.execute(sa.select(images.c.owner)).scalars()))


def files(services: JobServices) -> list[Path]:
    return [path for path in services.pictures.rglob("*") if path.is_file()]


async def test_pictures_of_a_generator_that_is_served_no_more_go_too(services: JobServices, clock: ManualClock) -> None:
    services.libraries["images"] = library(services, "images")
    gone = library(services, "gone", retention_days=1)
    await services.libraries["images"].keep(origin(clock), [drawn()])
    await gone.keep(origin(clock, generator="gone"), [drawn()])
    # Past its retention; nobody has swept, for nobody serves it.
    clock.advance(2 * 86_400)
    await gone.keep(origin(clock, generator="gone"), [drawn("blue")])
    await gone.keep(origin(clock, generator="gone", owner="eva"), [drawn("green")])
    await services.erase("ana")
    assert await owners(services) == ["eva"]
    assert len([path for path in files(services) if path.suffix == ".png"]) == 1
    await services.erase("ana")


def test_a_generator_of_its_own_forgets_a_person_and_nobody_else(client: httpx.Client, shared: Shared) -> None:
    def made(user: str) -> str:
        answer = client.post(
            "/generators/private/api/v1/generate", json={"prompt": "x"}, headers={**shared.issuer.headers(user), "prefer": "wait=30"}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["generation_id"])

    def there(user: str, job: str) -> int:
        return client.get(f"/generators/private/api/v1/generate/{job}", headers=shared.issuer.headers(user)).status_code

    gone, kept = made("ana-who-goes"), made("eva-who-stays")
    where = "/generators/private/api/internal/users/ana-who-goes"
    for headers in ({}, shared.issuer.headers("ana-who-goes"), shared.issuer.headers("root", "admin")):
        assert_problem(client.delete(where, headers=headers), 401, 403)
    assert there("ana-who-goes", gone) == 200
    for _ in range(2):
        assert client.delete(where, headers=shared.issuer.headers("service:auth", "service")).status_code == 204
    assert there("ana-who-goes", gone) == 404
    assert there("eva-who-stays", kept) == 200
    # Where everyone may call, nobody is a service without a token.
    assert_problem(client.delete("/generators/text/api/internal/users/anonymous"), 401, 403)


async def test_pictures_in_a_storage_that_nobody_knows_any_more_are_not_passed_over(services: JobServices, clock: ManualClock) -> None:
    elsewhere = open_image_storage(Storage(), folder=services.home / "a-bucket", environment={})
    await ImageLibrary(services.generation, elsewhere).keep(origin(clock, generator="gone"), [drawn()])
    with pytest.raises(Unavailable, match="gone"):
        await services.erase("ana")
    assert await owners(services) == ["ana"]
