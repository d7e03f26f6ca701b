"""Documents in MongoDB, or what speaks its protocol. The body is stored as it is, so that other tools can read it; what is compared
stands beside it in members of its own (`filters`, `sorts`, `words`).

No transactions and no aggregations: every call is about one document, or about many that need not change together. What it stands on
is that `replace_one` with a filter finds and writes in one step, as MongoDB does. FerretDB 1 on SQLite does not: there a second writer
may win where one should, unless something in front lets requests in one at a time (scripts/cluster/go/ferretdb does).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel
from pymongo.errors import ConfigurationError, DuplicateKeyError, InvalidURI, PyMongoError

from octavo_core.clock import Clock
from octavo_core.errors import InvalidInput, Misconfigured, Unavailable
from octavo_documents.document import TIMES, Body, Collection, Document, Indexed, Scalar, indexed
from octavo_documents.port import AlreadyThere
from octavo_documents.query import Page, Plan, Query, checked_where, page_of, plan

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

Record = dict[str, Any]

_AWAY = "the database of documents does not answer"
_DATABASE = "octavo"
_POOL = 32


class MongoDocuments:
    """See `port.DocumentStore`, whose contract this is. `url` names the database (`octavo` when it does not)."""

    def __init__(self, url: str, clock: Clock, *, timeout_s: float = 5.0) -> None:
        self._url = url
        self._clock = clock
        self._timeout_s = timeout_s
        self._client: AsyncMongoClient[Record] | None = None
        self._known: set[str] = set()
        """Collections whose indexes are there."""
        self._indexing = asyncio.Lock()

    async def ping(self) -> None:
        async with self._speaking():
            await self._connected().admin.command("ping")

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def insert(self, collection: Collection, document_id: str, *, owner: str, body: Body) -> Document:
        kept, now = indexed(collection, body), self._clock.now_ms()
        document = Document(document_id, owner, 1, now, now, body)
        async with self._using(collection) as records:
            try:
                await records.insert_one(_record(document, kept))
            except DuplicateKeyError:
                raise AlreadyThere("there is a document with this id") from None
        return document

    async def get(self, collection: Collection, document_id: str, *, owner: str | None) -> Document | None:
        async with self._using(collection) as records:
            found = await records.find_one({"_id": document_id, **_owned(owner)}, _SHOWN)
        return None if found is None else _document(found)

    async def replace(self, collection: Collection, seen: Document, body: Body) -> Document | None:
        kept = indexed(collection, body)
        after = Document(seen.id, seen.owner, seen.version + 1, seen.created_at, max(self._clock.now_ms(), seen.updated_at), body)
        async with self._using(collection) as records:
            done = await records.replace_one({"_id": seen.id, "version": seen.version}, _record(after, kept))
        return after if done.matched_count == 1 else None

    async def remove(self, collection: Collection, document_id: str, *, owner: str | None, version: int | None = None) -> bool:
        which: Record = {"_id": document_id, **_owned(owner), **({} if version is None else {"version": version})}
        async with self._using(collection) as records:
            return (await records.delete_one(which)).deleted_count == 1

    async def page(self, collection: Collection, query: Query) -> Page:
        asked = plan(collection, query)
        key, way = _key(asked), DESCENDING if asked.descending else ASCENDING
        async with self._using(collection) as records:
            cursor = records.find(_selection(asked), {**_SHOWN, "sorts": 1}, sort=[(key, way), ("_id", way)], limit=asked.limit + 1)
            found = await cursor.to_list(asked.limit + 1)
        return page_of(query, [(_document(one), one["sorts"][asked.sort] if asked.of_body else one[asked.sort]) for one in found])

    async def count(self, collection: Collection, *, owner: str | None, where: Mapping[str, Scalar] | None = None) -> int:
        which = _conditions(owner, checked_where(collection, where or {}))
        async with self._using(collection) as records:
            return await records.count_documents(which)

    async def remove_where(self, collection: Collection, *, owner: str | None, where: Mapping[str, Scalar]) -> int:
        if not where:
            raise InvalidInput("say which documents shall go")
        which = _conditions(owner, checked_where(collection, where))
        async with self._using(collection) as records:
            return (await records.delete_many(which)).deleted_count

    async def remove_all_of(self, collections: Sequence[Collection], owner: str) -> int:
        gone = 0
        for collection in collections:
            async with self._using(collection) as records:
                gone += (await records.delete_many({"owner": owner})).deleted_count
        return gone

    def _connected(self) -> AsyncMongoClient[Record]:
        """Made by the first call, because a client belongs to the loop that it was made on. It connects by itself, again too."""
        if self._client is None:
            bound = round(self._timeout_s * 1000)
            try:
                self._client = AsyncMongoClient(
                    self._url,
                    appname="octavo",
                    tz_aware=True,
                    maxPoolSize=_POOL,
                    timeoutMS=bound,
                    serverSelectionTimeoutMS=min(bound, 3_000),
                    connectTimeoutMS=min(bound, 3_000),
                    waitQueueTimeoutMS=bound,
                )
            except (ConfigurationError, InvalidURI, ValueError):
                # What the driver says may repeat the password.
                raise Misconfigured("the URL of the documents' database cannot be read; write mongodb://HOST:PORT/NAME") from None
        return self._client

    @contextlib.asynccontextmanager
    async def _using(self, collection: Collection) -> AsyncIterator[AsyncCollection[Record]]:
        async with self._speaking():
            records = self._connected().get_default_database(_DATABASE)[collection.name]
            if collection.name not in self._known:
                async with self._indexing:
                    await _create_indexes(records, collection)
                self._known.add(collection.name)
            yield records

    @contextlib.asynccontextmanager
    async def _speaking(self) -> AsyncIterator[None]:
        try:
            # Above the driver's own bound, for a server that trickles.
            async with asyncio.timeout(self._timeout_s + 1):
                yield
        except (PyMongoError, OSError, TimeoutError) as error:
            raise Unavailable(f"{_AWAY} ({type(error).__name__})", retry_after=2) from None


_SHOWN = {"owner": 1, "version": 1, "created_at": 1, "updated_at": 1, "body": 1}


async def _create_indexes(records: AsyncCollection[Record], collection: Collection) -> None:
    """Those that are missing, one at a time: FerretDB 1 breaks off a call that names several which are there."""
    there = {index["name"] for index in await (await records.list_indexes()).to_list()}
    for index in _indexes(collection):
        if index.document["name"] not in there:
            await records.create_indexes([index])


def _indexes(collection: Collection) -> list[IndexModel]:
    by_time = [IndexModel([("owner", ASCENDING), (name, ASCENDING), ("_id", ASCENDING)]) for name in ("created_at", "updated_at")]
    by_key = [IndexModel([("owner", ASCENDING), (f"sorts.{name}", ASCENDING), ("_id", ASCENDING)]) for name in collection.sorts]
    by_value = [IndexModel([(f"filters.{name}", ASCENDING), ("owner", ASCENDING)]) for name in collection.filters]
    of_all = [
        IndexModel([(f"filters.{one}", ASCENDING), (order if order in TIMES else f"sorts.{order}", ASCENDING), ("_id", ASCENDING)])
        for one, order in collection.listed
    ]
    return [*by_time, *by_key, *by_value, *of_all]


def _record(document: Document, kept: Indexed) -> Record:
    return {
        "_id": document.id,
        "owner": document.owner,
        "version": document.version,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "body": document.body,
        "filters": dict(kept.filters),
        "sorts": dict(kept.sorts),
        "words": kept.words,
    }


def _document(record: Record) -> Document:
    return Document(
        record["_id"], record["owner"], int(record["version"]), int(record["created_at"]), int(record["updated_at"]), record["body"]
    )


def _owned(owner: str | None) -> Record:
    return {} if owner is None else {"owner": owner}


def _conditions(owner: str | None, where: Mapping[str, str]) -> Record:
    return {**_owned(owner), **{f"filters.{name}": value for name, value in where.items()}}


def _key(asked: Plan) -> str:
    return f"sorts.{asked.sort}" if asked.of_body else asked.sort


def _selection(asked: Plan) -> Record:
    which = _conditions(asked.owner, asked.where)
    parts: list[Record] = [{"words": {"$regex": word}} for word in asked.words]
    if asked.after is not None:
        key, way = _key(asked), "$lt" if asked.descending else "$gt"
        value, last = asked.after
        parts.append({"$or": [{key: {way: value}}, {key: value, "_id": {way: last}}]})
    if parts:
        which["$and"] = parts
    return which
