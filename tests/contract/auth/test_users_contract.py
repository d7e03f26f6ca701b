"""Users, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import asyncio

import pytest
from tests.contract.auth.rows import LATER, NOW, entry, session, token, user

from octavo_auth.adapters.store import AuthStore
from octavo_auth.domain.model import AuditPage, Erasure, Identity, Picture, UserPage
from octavo_core.errors import Conflict, NotFound
from octavo_core.ids import generate_uuid


async def test_a_user_is_found_by_every_name_they_have(store: AuthStore) -> None:
    made = await store.users.create(user("Ana", email="ana@example.org", phone="+34600111222", password_hash="h"), None, entry())
    for kind, key in (("email", "ana@example.org"), ("phone", "+34600111222"), ("name", "ana")):
        assert await store.users.find(kind, key) == made
    assert await store.users.find("email", "ANA@example.org") is None
    assert await store.users.get(made.id) == made
    assert await store.users.get(generate_uuid()) is None


async def test_an_address_has_one_account_and_a_name_its_first_owner(store: AuthStore) -> None:
    first = await store.users.create(user("Ana", email="ana@example.org"), None, entry())
    with pytest.raises(Conflict):
        await store.users.create(user("Eva", email="ana@example.org"), None, entry())
    second = await store.users.create(user("Ana", email="other@example.org"), None, entry())
    assert (first.name_key, second.name_key) == ("ana", None)
    found = await store.users.find("name", "ana")
    assert found is not None
    assert found.id == first.id
    assert (await store.users.rename(second.id, "Eva", "eva", entry())).name_key == "eva"
    with pytest.raises(Conflict):
        await store.users.set_contact(second.id, "email", "ana@example.org", entry())
    assert (await store.users.set_contact(second.id, "phone", "+34600111222", entry())).phone == "+34600111222"


async def test_two_at_once_for_one_address_make_one_account(store: AuthStore) -> None:
    results = await asyncio.gather(
        *(store.users.create(user(f"U{n}", email="same@example.org"), None, entry()) for n in range(5)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, Conflict) for result in results if isinstance(result, BaseException))


async def test_one_of_the_last_two_admins_stays_whoever_demotes_whom(store: AuthStore) -> None:
    admins = [await store.users.create(user(f"A{n}", role="admin"), None, entry()) for n in range(2)]
    results = await asyncio.gather(
        *(store.users.administer(admin.id, role="user", status=None, entry=entry()) for admin in admins), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "User"]
    left = [found for admin in admins if (found := await store.users.get(admin.id)) is not None and found.role == "admin"]
    assert len(left) == 1
    for change in ({"role": "user", "status": None}, {"role": None, "status": "suspended"}):
        with pytest.raises(Conflict):
            await store.users.administer(left[0].id, entry=entry(), **change)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        await store.users.begin_erasure(Erasure(generate_uuid(), left[0].id, NOW), entry())


async def test_the_first_admin_is_made_once(store: AuthStore) -> None:
    await store.users.create(user("Root", email="root@example.org"), None, entry())
    await store.users.create(user("Eve", email="eve@example.org"), None, entry())
    assert not await store.users.promote_first_admin("nobody@example.org", entry())
    assert await store.users.promote_first_admin("root@example.org", entry())
    assert not await store.users.promote_first_admin("eve@example.org", entry())


async def test_suspending_ends_sessions(store: AuthStore) -> None:
    made = await store.users.create(user(), None, entry())
    await store.sessions.open(session(made), token("t"), entry())
    await store.users.administer(made.id, role=None, status="suspended", entry=entry())
    assert await store.sessions.of_user(made.id, NOW) == []


async def test_pages_go_through_all_of_them_once(store: AuthStore) -> None:
    made = [await store.users.create(user(f"Person {n}", email=f"p{n}@example.org"), None, entry()) for n in range(5)]
    seen: list[str] = []
    before = None
    while page := await store.users.page(UserPage(2, before=before)):
        seen += [found.id for found in page]
        before = page[-1].id
    assert seen == [found.id for found in reversed(made)]
    assert [found.name for found in await store.users.page(UserPage(9, search="P3@"))] == ["Person 3"]
    assert len(await store.users.page(UserPage(9, search="PERSON"))) == 5
    assert await store.users.page(UserPage(9, search="%")) == []
    assert await store.users.page(UserPage(9, search="' OR '1'='1")) == []
    assert await store.users.page(UserPage(9, role="admin")) == []


async def test_pictures_come_back_byte_by_byte(store: AuthStore) -> None:
    made = await store.users.create(user(), None, entry())
    picture = Picture("image/png", bytes(range(256)) * 1_000, "d" * 64)
    assert (await store.users.set_picture(made.id, picture, entry())).picture == picture.digest
    assert await store.users.picture(made.id) == picture
    assert (await store.users.set_picture(made.id, None, entry())).picture is None
    assert await store.users.picture(made.id) is None


async def test_an_identity_leads_to_its_account(store: AuthStore) -> None:
    new = user("Ana")
    made = await store.users.create(new, Identity("https://issuer.example", "s-1", new.id), entry())
    found = await store.users.find_identity("https://issuer.example", "s-1")
    assert found == made
    assert await store.users.find_identity("https://issuer.example", "S-1") is None
    await store.users.link_identity(Identity("https://issuer.example", "s-1", generate_uuid()), entry())
    assert await store.users.find_identity("https://issuer.example", "s-1") == made


async def test_a_password_that_changed_meanwhile_is_not_rehashed(store: AuthStore) -> None:
    made = await store.users.create(user(password_hash="old"), None, entry())
    await store.users.set_password(made.id, "new", keep=None, entry=entry())
    await store.users.rehash(made.id, "old", "old, again")
    found = await store.users.get(made.id)
    assert found is not None
    assert found.password_hash == "new"
    with pytest.raises(NotFound):
        await store.users.set_password(generate_uuid(), "new", keep=None, entry=entry())


async def test_an_erasure_takes_all_that_there_is(store: AuthStore) -> None:
    made = await store.users.create(user("Ana", email="ana@example.org", phone="+34600111222"), None, entry(actor="someone"))
    await store.users.set_picture(made.id, Picture("image/png", b"x", "d" * 64), entry(actor=made.id, subject=made.id))
    await store.sessions.open(session(made), token("t"), entry(actor=made.id, subject=made.id))
    begun = await store.users.begin_erasure(Erasure(generate_uuid(), made.id, NOW), entry(subject=made.id))
    # Asked again, by a second click or an admin at the same time: the same one.
    assert (await store.users.begin_erasure(Erasure(generate_uuid(), made.id, NOW), entry())).id == begun.id
    assert await store.users.find("email", "ana@example.org") is None
    with pytest.raises(NotFound):
        await store.users.rename(made.id, "Eva", "eva", entry())
    assert [erasure.id for erasure in await store.users.pending_erasures(10)] == [begun.id]
    await store.users.finish_erasure(begun.id, LATER)
    await store.users.finish_erasure(begun.id, LATER + 1)
    assert await store.users.get(made.id) is None
    assert await store.users.pending_erasures(10) == []
    assert await store.users.get_erasure(begun.id) == Erasure(begun.id, None, NOW, LATER)
    log = await store.audit.page(AuditPage(50))
    assert log
    assert all(made.id not in (found.actor, found.subject) for found in log)
    # The address and the name are free again.
    again = await store.users.create(user("Ana", email="ana@example.org"), None, entry())
    assert again.name_key == "ana"
