"""Sessions, codes, keys, audit log and outbox, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import asyncio

from tests.contract.auth.rows import LATER, NOW, code, entry, key, session, token, user

from octavo_auth.adapters.store import AuthStore
from octavo_auth.adapters.store.housekeeping import GRACE_MS, KEPT
from octavo_auth.domain.model import AuditEntry, AuditPage, Caught, Reused, Rotated, User
from octavo_core.ids import generate_uuid


def rotation(owner: User, reused: bool) -> AuditEntry:
    return entry("refresh", actor=owner.id, detail="reused" if reused else "")


async def test_a_refresh_token_is_exchanged_once_and_its_second_time_ends_the_family(store: AuthStore) -> None:
    owner = await store.users.create(user(), None, entry())
    opened = session(owner)
    await store.sessions.open(opened, token("1"), entry())
    rotated = await store.sessions.rotate(token("1").digest, token("2"), NOW + 1, rotation)
    assert isinstance(rotated, Rotated)
    assert rotated.user.id == owner.id
    assert await store.sessions.rotate(token("nobody's").digest, token("x"), NOW + 1, rotation) is None
    assert isinstance(await store.sessions.rotate(token("1").digest, token("3"), NOW + 2, rotation), Reused)
    assert await store.sessions.rotate(token("2").digest, token("4"), NOW + 3, rotation) is None
    assert await store.sessions.of_user(owner.id, NOW) == []
    assert {found.detail for found in await store.audit.page(AuditPage(9, action="refresh"))} == {"", "reused"}


async def test_of_many_with_one_refresh_token_one_gets_through_at_most(store: AuthStore) -> None:
    owner = await store.users.create(user(), None, entry())
    await store.sessions.open(session(owner), token("1"), entry())
    results = await asyncio.gather(*(store.sessions.rotate(token("1").digest, token(f"n{n}"), NOW + 1, rotation) for n in range(6)))
    assert sum(isinstance(result, Rotated) for result in results) == 1
    assert sum(isinstance(result, Reused) for result in results) == 1


async def test_a_token_of_what_ended_is_not_exchanged(store: AuthStore) -> None:
    owner = await store.users.create(user(), None, entry())
    await store.sessions.open(session(owner), token("old", NOW + 10), entry())
    await store.sessions.open(session(owner, expires_at=NOW + 10), token("short"), entry())
    await store.sessions.open(session(owner), token("suspended"), entry())
    for name in ("old", "short"):
        assert await store.sessions.rotate(token(name).digest, token("x"), NOW + 11, rotation) is None
    await store.users.administer(owner.id, role=None, status="suspended", entry=entry())
    assert await store.sessions.rotate(token("suspended").digest, token("x"), NOW + 1, rotation) is None


async def test_sessions_are_revoked_by_their_owner_alone(store: AuthStore) -> None:
    owner, other = [await store.users.create(user(name), None, entry()) for name in ("Ana", "Eva")]
    sessions = [session(owner) for _ in range(3)]
    for n, opened in enumerate(sessions):
        await store.sessions.open(opened, token(str(n)), entry())
    assert not await store.sessions.revoke(sessions[0].id, other.id, entry())
    assert await store.sessions.revoke(sessions[0].id, owner.id, entry())
    assert not await store.sessions.revoke(sessions[0].id, owner.id, entry())
    await store.users.set_password(owner.id, "h", keep=sessions[1].id, entry=entry())
    assert [found.id for found in await store.sessions.of_user(owner.id, NOW)] == [sessions[1].id]
    assert await store.sessions.revoke_all(owner.id, entry()) == 1
    found = await store.sessions.find(sessions[1].id)
    assert found is not None
    assert found[0].revoked_at is not None


async def test_a_code_holds_five_tries_and_once(store: AuthStore) -> None:
    right, wrong = "a" * 64, "b" * 64
    made = code()
    await store.codes.add(made, entry())
    for _ in range(4):
        assert await store.codes.redeem(made.id, "register", wrong, user=None, now=NOW) is None
    assert await store.codes.redeem(made.id, "recover", right, user=None, now=NOW) is None
    assert await store.codes.redeem(made.id, "register", right, user=None, now=LATER) is None
    results = await asyncio.gather(*(store.codes.redeem(made.id, "register", right, user=None, now=NOW) for _ in range(4)))
    assert sum(result is not None for result in results) == 1
    tried = code()
    await store.codes.add(tried)
    for _ in range(5):
        await store.codes.redeem(tried.id, "register", wrong, user=None, now=NOW)
    assert await store.codes.redeem(tried.id, "register", right, user=None, now=NOW) is None


async def test_a_code_without_a_digest_and_another_s_code_never_match(store: AuthStore) -> None:
    unsent, own = code(digest=None), code(user=generate_uuid(), purpose="contact")
    await store.codes.add(unsent)
    await store.codes.add(own)
    assert await store.codes.redeem(unsent.id, "register", "0" * 64, user=None, now=NOW) is None
    assert await store.codes.redeem(own.id, "contact", "a" * 64, user=generate_uuid(), now=NOW) is None
    assert await store.codes.redeem(own.id, "contact", "a" * 64, user=own.user, now=NOW) is not None


async def test_a_code_is_sent_again_after_a_while(store: AuthStore) -> None:
    made = code()
    await store.codes.add(made)
    ask = {"cool_down_ms": 60_000, "expires_at": LATER + 60_000}
    assert await store.codes.claim_resend(made.id, "register", now=NOW + 20_000, **ask) == 40_000
    claims = await asyncio.gather(*(store.codes.claim_resend(made.id, "register", now=NOW + 60_000, **ask) for _ in range(3)))
    assert sum(not isinstance(claim, int) for claim in claims) == 1
    assert await store.codes.claim_resend(generate_uuid(), "register", now=NOW, **ask) is None
    await store.codes.set_sent(made.id, digest="c" * 64, user=None, now=NOW + 60_001)
    found = await store.codes.get(made.id)
    assert found is not None
    assert (found.digest, found.expires_at) == ("c" * 64, LATER + 60_000)


async def test_of_several_processes_one_makes_the_first_key(store: AuthStore) -> None:
    made = await asyncio.gather(*(store.keys.add("signing", key, unless_newer_than=-1, retire_older_at=None) for _ in range(5)))
    assert {found.version for found in made} == {1}
    second = await store.keys.add("signing", lambda version: key(version, NOW + 5), unless_newer_than=None, retire_older_at=LATER)
    assert second.version == 2
    assert [found.retired_at for found in await store.keys.all()] == [LATER, None]
    assert (await store.keys.add("signing", key, unless_newer_than=NOW, retire_older_at=LATER)).version == 2


async def test_the_log_is_read_by_person_action_and_outcome(store: AuthStore) -> None:
    person = generate_uuid()
    await store.audit.add(entry("login", actor=person, subject=person))
    await store.audit.add(entry("login", outcome="refused", subject=person, detail="x" * 500, address="y" * 100))
    await store.audit.add(entry("register"))
    assert len(await store.audit.page(AuditPage(9))) == 3
    assert len(await store.audit.page(AuditPage(9, user=person))) == 2
    refused = await store.audit.page(AuditPage(9, action="login", outcome="refused"))
    assert [len(found.detail) for found in refused] == [200]
    newest = (await store.audit.page(AuditPage(1)))[0]
    assert [found.action for found in await store.audit.page(AuditPage(9, before=newest.id))] == ["login", "login"]


async def test_what_has_expired_goes(store: AuthStore) -> None:
    owner = await store.users.create(user(), None, entry())
    await store.sessions.open(session(owner), token("1"), entry())
    await store.codes.add(code())
    for n in range(KEPT + 5):
        await store.outbox.add(Caught(generate_uuid(), "email", "ana@example.org", f"mail {n}", "sealed", NOW))
    assert len(await store.outbox.newest(KEPT + 50)) == KEPT
    assert await store.housekeeping.purge(NOW, audit_before=NOW) == 0
    assert await store.housekeeping.purge(LATER + 1, audit_before=NOW) == 1
    long_after = NOW + 10 * 86_400_000 + GRACE_MS
    log = len(await store.audit.page(AuditPage(9)))
    assert await store.housekeeping.purge(long_after, audit_before=NOW + 1) == KEPT + 2 + log
    assert await store.audit.page(AuditPage(9)) == []
    assert await store.outbox.newest(10) == []
