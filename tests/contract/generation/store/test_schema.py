"""The tables of generation, beside those of the jobs in one database, made by any number of processes at once."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from octavo_core.clock import ManualClock
from octavo_core.errors import Misconfigured
from octavo_generation.store import GenerationStore, open_generation_store
from octavo_generation.store.migrations import GENERATION
from octavo_generation.store.schema import images, metadata
from octavo_jobs.store import open_store


async def test_both_stores_migrate_one_database_at_once_and_twice(database_url: str, clock: ManualClock) -> None:
    stores = [opener(database_url, clock) for _ in range(3) for opener in (open_store, open_generation_store)]
    await asyncio.gather(*(store.migrate() for store in stores))
    await asyncio.gather(*(store.migrate() for store in stores))
    for store in stores:
        await store.close()


async def test_the_migrated_schema_is_the_one_that_the_code_uses(store: GenerationStore, migrated_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def differences(connection: sa.Connection) -> list[object]:
        assert GENERATION.current(connection) == GENERATION.head
        options = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables, "compare_type": False}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    url = sa.make_url(migrated_url)
    if url.drivername == "sqlite":
        with sa.create_engine(migrated_url).connect() as connection:
            assert differences(connection) == []
        return
    driver = {"postgresql": "postgresql+asyncpg", "mysql": "mysql+aiomysql"}[url.drivername]
    engine = create_async_engine(url.set(drivername=driver))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_picture_reads_back_as_it_was_written(store: GenerationStore) -> None:
    row = {
        "id": "0193a6f0-0000-7000-8000-000000000001", "generator": "images", "owner": "ana", "job": "0193a6f0-0000-7000-8000-000000000002",
        "created_at": 1_767_225_600_000, "expires_at": None, "path": "2026/01/01/x.png", "media_type": "image/png", "bytes": 5_000_000_000,
        "width": 1024, "height": 1792, "sha256": "a" * 64, "provider": "dalle", "model": "dall-e-3", "prompt": "un ñandú 🦊" * 20_000,
        "revised_prompt": None, "seed": 2**62, "metadata": '{"style":"vivid"}', "deleted_at": None,
    }  # fmt: skip
    await store.transactions.write(lambda connection: connection.execute(sa.insert(images).values(row)))
    (found,) = await store.transactions.read(lambda connection: connection.execute(sa.select(images)).mappings().all())
    assert dict(found) == row


@pytest.mark.parametrize("url", ["mongodb://u:geheim@h/x", "sqlite:///:memory:", "nonsense"])
def test_a_url_that_is_no_database_of_ours_is_named_without_its_password(url: str, clock: ManualClock) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_generation_store(url, clock)
    assert "geheim" not in caught.value.message
