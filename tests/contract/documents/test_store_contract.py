"""The contract of the document store, against every adapter on its real server."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from octavo_core.clock import ManualClock
from octavo_core.errors import InvalidInput, NotFound, PreconditionFailed, TooLarge
from octavo_documents import AlreadyThere, Collection, Document, DocumentStore, Query, cursor_behind, update

FOXES = Collection(
    "foxes", filters=("den", "tame", "age"), sorts={"name": "text", "age": "number"}, searched=("name", "tale"), max_bytes=4_096
)
BEARS = Collection("bears")


async def put(documents: DocumentStore, document_id: str, owner: str = "ana", **body: Any) -> Document:
    return await documents.insert(FOXES, document_id, owner=owner, body={"name": document_id, **body})


async def ids(documents: DocumentStore, owner: str | None = "ana", **query: Any) -> list[str]:
    return [one.id for one in (await documents.page(FOXES, Query(owner, **query))).items]


async def walk(documents: DocumentStore, **query: Any) -> list[list[str]]:
    """All pages."""
    pages, cursor = [], None
    while True:
        page = await documents.page(FOXES, Query("ana", cursor=cursor, **query))
        pages.append([one.id for one in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return pages


async def test_what_was_inserted_comes_back_as_it_was(documents: DocumentStore, clock: ManualClock) -> None:
    body = {"name": "Zorro Ñandú 🦊", "n": -3, "x": 0.5, "big": 2**53 + 1, "none": None, "yes": True, "deep": [{"a": []}, {}]}
    made = await documents.insert(FOXES, "f-1", owner="ana", body=body)
    assert made == Document("f-1", "ana", 1, clock.now_ms(), clock.now_ms(), body)
    assert await documents.get(FOXES, "f-1", owner="ana") == made


async def test_an_id_is_taken_once(documents: DocumentStore) -> None:
    await put(documents, "f-1")
    with pytest.raises(AlreadyThere):
        await put(documents, "f-1", owner="eva")
    assert (await documents.get(FOXES, "f-1", owner=None)).owner == "ana"  # type: ignore[union-attr]


async def test_of_many_who_insert_the_same_id_at_once_one_does(documents: DocumentStore) -> None:
    answers = await asyncio.gather(*(put(documents, "f-1", n=n) for n in range(12)), return_exceptions=True)
    assert sum(isinstance(answer, Document) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyThere) for answer in answers) == 11


async def test_another_owners_document_is_as_good_as_absent(documents: DocumentStore) -> None:
    await put(documents, "f-1")
    assert await documents.get(FOXES, "f-1", owner="eva") is None
    assert not await documents.remove(FOXES, "f-1", owner="eva")
    assert await ids(documents, "eva") == []
    assert await documents.count(FOXES, owner="eva") == 0
    assert await documents.get(FOXES, "f-1", owner=None) is not None


async def test_a_change_is_the_next_version(documents: DocumentStore, clock: ManualClock) -> None:
    made = await put(documents, "f-1")
    clock.advance(5)
    changed = await documents.replace(FOXES, made, {"name": "Reineke"})
    assert changed == Document("f-1", "ana", 2, made.created_at, made.created_at + 5_000, {"name": "Reineke"})
    assert await documents.get(FOXES, "f-1", owner="ana") == changed


async def test_a_version_that_was_seen_too_early_changes_nothing(documents: DocumentStore) -> None:
    made = await put(documents, "f-1")
    await documents.replace(FOXES, made, {"name": "first"})
    assert await documents.replace(FOXES, made, {"name": "second"}) is None
    assert (await documents.get(FOXES, "f-1", owner="ana")).body == {"name": "first"}  # type: ignore[union-attr]


async def test_of_many_writers_of_one_version_one_wins(documents: DocumentStore) -> None:
    made = await put(documents, "f-1")
    answers = await asyncio.gather(*(documents.replace(FOXES, made, {"name": str(n)}) for n in range(10)))
    [winner] = [answer for answer in answers if answer is not None]
    assert await documents.get(FOXES, "f-1", owner="ana") == winner


async def test_a_document_that_is_gone_is_not_written_again(documents: DocumentStore) -> None:
    made = await put(documents, "f-1")
    assert await documents.remove(FOXES, "f-1", owner="ana")
    assert await documents.replace(FOXES, made, {"name": "ghost"}) is None
    assert await documents.get(FOXES, "f-1", owner=None) is None


async def test_removal_may_ask_for_a_version(documents: DocumentStore) -> None:
    made = await put(documents, "f-1")
    await documents.replace(FOXES, made, {"name": "changed"})
    assert not await documents.remove(FOXES, "f-1", owner="ana", version=1)
    assert await documents.remove(FOXES, "f-1", owner="ana", version=2)
    assert not await documents.remove(FOXES, "f-1", owner="ana")


async def test_an_update_without_a_version_loses_no_other_writers_word(documents: DocumentStore) -> None:
    await put(documents, "f-1", eaten=[])

    async def eat(what: int) -> None:
        await update(documents, FOXES, "f-1", lambda seen: {**seen.body, "eaten": [*seen.body["eaten"], what]}, owner="ana")

    await asyncio.gather(*(eat(n) for n in range(6)))
    found = await documents.get(FOXES, "f-1", owner="ana")
    assert found is not None
    assert sorted(found.body["eaten"]) == list(range(6))
    assert found.version == 7


async def test_an_update_of_a_version_is_of_that_version(documents: DocumentStore) -> None:
    made = await put(documents, "f-1")
    changed = await update(documents, FOXES, "f-1", lambda _: {"name": "a"}, owner="ana", version=made.version)
    with pytest.raises(PreconditionFailed):
        await update(documents, FOXES, "f-1", lambda _: {"name": "b"}, owner="ana", version=made.version)
    assert await update(documents, FOXES, "f-1", lambda _: None, owner="ana") == changed
    with pytest.raises(NotFound):
        await update(documents, FOXES, "f-1", lambda _: {"name": "c"}, owner="eva")


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_hold_each_document_once_in_order(documents: DocumentStore, clock: ManualClock, descending: bool) -> None:
    for n in range(7):
        # Pairs share a moment: the id decides then.
        await put(documents, f"f-{n}")
        clock.advance(n % 2)
    expected = [f"f-{n}" for n in range(7)]
    pages = await walk(documents, limit=3, descending=descending)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [one for page in pages for one in page] == (expected[::-1] if descending else expected)


async def test_a_page_that_is_exactly_full_says_that_nothing_follows(documents: DocumentStore) -> None:
    for n in range(4):
        await put(documents, f"f-{n}")
    assert [len(page) for page in await walk(documents, limit=2)] == [2, 2]


async def test_pages_stay_true_while_documents_come_and_go(documents: DocumentStore, clock: ManualClock) -> None:
    for n in range(6):
        await put(documents, f"f-{n}")
        clock.advance(1)
    first = await documents.page(FOXES, Query("ana", limit=2))
    assert [one.id for one in first.items] == ["f-5", "f-4"]
    await put(documents, "f-9")
    await documents.remove(FOXES, "f-4", owner="ana")
    second = await documents.page(FOXES, Query("ana", limit=2, cursor=first.next_cursor))
    assert [one.id for one in second.items] == ["f-3", "f-2"]


async def test_names_sort_as_people_read_them(documents: DocumentStore) -> None:
    for name in ("zorro", "Árbol", "arena", "Ñu", "nube", "10", ""):
        await put(documents, f"f-{name or 'none'}", name=name)
    assert await ids(documents, sort="name", descending=False) == ["f-none", "f-10", "f-Árbol", "f-arena", "f-Ñu", "f-nube", "f-zorro"]
    assert next(one for page in await walk(documents, sort="name", limit=2) for one in page) == "f-zorro"


async def test_numbers_sort_as_numbers(documents: DocumentStore) -> None:
    for age in (10, 9, 2.5, -1):
        await put(documents, f"f{age}", age=age)
    await put(documents, "f-none")
    assert await ids(documents, sort="age", descending=False) == ["f-1", "f-none", "f2.5", "f9", "f10"]
    assert [one for page in await walk(documents, sort="age", limit=1, descending=False) for one in page][-1] == "f10"


async def test_search_minds_neither_case_nor_accents_and_takes_all_words(documents: DocumentStore) -> None:
    await put(documents, "f-1", name="La Niña y el Zorro", tale={"chapters": [{"text": "Érase una vez…"}]})
    await put(documents, "f-2", name="EL ZORRO SOLO")
    assert await ids(documents, search="zorro", sort="name", descending=False) == ["f-2", "f-1"]
    assert await ids(documents, search="nina ZÓRRO") == ["f-1"]
    assert await ids(documents, search="erase vez") == ["f-1"]
    assert await ids(documents, search="orr") == await ids(documents)
    assert await ids(documents, search="lobo") == []
    assert await ids(documents, search=" … ") == await ids(documents)


@pytest.mark.parametrize("search", [".*", "%", "_", "$where", "^f", "a|b", "(?x)", "\\", '"', "'; DROP TABLE documents_foxes; --", "[a-z]"])
async def test_nothing_in_a_search_is_an_operator(documents: DocumentStore, search: str) -> None:
    await put(documents, "f-1", name="quiet")
    found = await ids(documents, search=search)
    # What has no letter at all asks for nothing; the others are words that are not there.
    assert found == (["f-1"] if not any(sign.isalnum() for sign in search) else [])
    assert await documents.count(FOXES, owner="ana") == 1


async def test_filters_compare_value_and_kind(documents: DocumentStore) -> None:
    await put(documents, "f-1", den="a", tame=True, age=1)
    await put(documents, "f-2", den="b", tame=False, age=0)
    await put(documents, "f-3")
    assert await ids(documents, where={"den": "a"}) == ["f-1"]
    assert await ids(documents, where={"tame": True}) == ["f-1"]
    assert await ids(documents, where={"tame": 1}) == []
    assert await ids(documents, where={"age": "1"}) == []
    assert await ids(documents, where={"den": None}) == ["f-3"]
    assert await ids(documents, where={"den": "b", "age": 0}) == ["f-2"]
    assert await documents.count(FOXES, owner="ana", where={"tame": False}) == 1


@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, ["a"], {"$regex": ".*"}, object()])
async def test_a_filter_takes_no_operator(documents: DocumentStore, value: Any) -> None:
    await put(documents, "f-1", den="a")
    with pytest.raises(InvalidInput):
        await documents.page(FOXES, Query("ana", where={"den": value}))
    with pytest.raises(InvalidInput):
        await documents.remove_where(FOXES, owner="ana", where={"den": value})
    with pytest.raises(InvalidInput):
        await documents.count(FOXES, owner=None, where={"den": value})


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "owner"}, {"sort": "$where"}, {"where": {"owner": "eva"}}, {"where": {"$or": "x"}}, {"where": {"tale": "x"}}, {"limit": 0},
        {"limit": 101}, {"cursor": "x"}, {"cursor": "W10"}, {"search": "a b c d e f g h i"},
        # The cursor of another order, and one with an operator in it.
        {"cursor": "WyJuYW1lIix0cnVlLCJhIiwiYiJd"}, {"cursor": "WyJjcmVhdGVkX2F0Iix0cnVlLHsiJGd0IjowfSwiYiJd"},
    ],
)  # fmt: skip
async def test_what_was_not_declared_is_refused(documents: DocumentStore, query: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await documents.page(FOXES, Query("ana", **query))


@pytest.mark.parametrize(
    "body",
    [{"$set": 1}, {"a": {"$gt": 1}}, {"a.b": 1}, {"": 1}, {"a": float("nan")}, {"a": 2**63}, {"a": "\0"}, {"a": {1, 2}}, {"a": b"x"}],
)
async def test_a_body_that_a_store_could_not_keep_is_refused(documents: DocumentStore, body: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await documents.insert(FOXES, "f-1", owner="ana", body=body)
    assert await documents.get(FOXES, "f-1", owner=None) is None


async def test_a_body_has_a_bound(documents: DocumentStore) -> None:
    with pytest.raises(TooLarge):
        await put(documents, "f-1", tale="x" * 5_000)
    made = await put(documents, "f-2")
    with pytest.raises(TooLarge):
        await documents.replace(FOXES, made, {"tale": "x" * 5_000})


async def test_some_go_by_what_they_hold(documents: DocumentStore) -> None:
    for n in range(3):
        await put(documents, f"a-{n}", den="a")
        await put(documents, f"e-{n}", owner="eva", den="a")
    await put(documents, "b", den="b")
    assert await documents.remove_where(FOXES, owner="ana", where={"den": "a"}) == 3
    assert await ids(documents) == ["b"]
    assert await documents.count(FOXES, owner="eva") == 3
    with pytest.raises(InvalidInput):
        await documents.remove_where(FOXES, owner="eva", where={})


async def test_all_of_an_owner_goes_and_nothing_of_others(documents: DocumentStore) -> None:
    for n in range(4):
        await put(documents, f"a-{n}")
        await documents.insert(BEARS, f"a-{n}", owner="ana", body={})
    await put(documents, "e", owner="eva")
    assert await documents.remove_all_of([FOXES, BEARS], "ana") == 8
    assert await documents.remove_all_of([FOXES, BEARS], "ana") == 0
    assert await ids(documents, None) == ["e"]
    assert await documents.count(BEARS, owner=None) == 0


async def test_many_of_others_do_not_show(documents: DocumentStore) -> None:
    await asyncio.gather(*(put(documents, f"e-{n:04}", owner="eva") for n in range(200)))
    await put(documents, "a")
    assert await ids(documents, limit=100) == ["a"]
    assert await documents.count(FOXES, owner=None) == 201


async def test_it_answers_a_ping(documents: DocumentStore) -> None:
    await documents.ping()


TALES = Collection("tales", filters=("state",), sorts={"told_at": "number"}, listed=(("state", "told_at"), ("state", "created_at")))


async def test_everybodys_are_listed_by_a_filter_and_a_sort(documents: DocumentStore) -> None:
    for n in range(6):
        body = {"state": "told" if n % 2 == 0 else "draft", "told_at": n}
        await documents.insert(TALES, f"t-{n}", owner=f"user-{n % 4}", body=body)
    query = Query(None, where={"state": "told"}, sort="told_at", descending=True, limit=2)
    page = await documents.page(TALES, query)
    assert [one.id for one in page.items] == ["t-4", "t-2"]
    rest = await documents.page(TALES, replace(query, cursor=page.next_cursor))
    assert [one.id for one in rest.items] == ["t-0"]


async def test_a_cursor_can_be_made_of_the_last_document_that_was_shown(documents: DocumentStore, clock: ManualClock) -> None:
    for n in range(5):
        await documents.insert(TALES, f"t-{n}", owner="ana", body={"state": "told", "told_at": n // 2})
        clock.advance(1)
    for sort in ("told_at", "created_at", "updated_at"):
        query = Query("ana", sort=sort, descending=True, limit=2)
        page = await documents.page(TALES, query)
        assert cursor_behind(TALES, query, page.items[-1]) == page.next_cursor


@pytest.mark.parametrize("listed", [("owner", "told_at"), ("state", "name"), ("told_at", "state")])
def test_a_list_is_of_a_filter_and_a_sort_that_the_collection_has(listed: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="no filter and sort"):
        Collection("tales", filters=("state",), sorts={"told_at": "number"}, listed=(listed,))
