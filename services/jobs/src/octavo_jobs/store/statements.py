"""Every statement of the job store, once for all databases.

Each function runs inside a transaction that the adapter has begun, on a plain synchronous connection (SQLite's own, or the
one that SQLAlchemy lends over an asynchronous driver). Rows are read under lock, moved by `lifecycle`, and written back; no
transition is spelled in SQL. `FOR UPDATE` means nothing to SQLite, where the writer holds the whole database anyway.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_jobs import lifecycle
from octavo_jobs.lifecycle import ENDED, Failure, Job, Policy, Refusal, State
from octavo_jobs.model import (
    Accepted,
    Backlog,
    CancelConfirmed,
    Finish,
    HandedBack,
    KeyReused,
    NewJob,
    PageRequest,
    Recent,
    Renewal,
    Succeeded,
)
from octavo_jobs.store.schema import jobs

Argument = TypeVar("Argument")

_MUTABLE = (
    "state", "updated_at", "available_at", "attempt", "failures", "version", "cancel_requested", "worker", "lease_until", "ring_due",
    "publish_due", "started_at", "ended_at", "expires_at", "result", "error", "progress",
)  # fmt: skip
_save = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("b_id"), jobs.c.version == sa.bindparam("b_version"), jobs.c.attempt == sa.bindparam("b_attempt"))
    .values({name: sa.bindparam(f"v_{name}") for name in _MUTABLE})
)
_insert = sa.insert(jobs)
_by_ids = sa.select(jobs).where(jobs.c.id.in_(sa.bindparam("ids", expanding=True))).order_by(jobs.c.id)
_by_ids_locked = _by_ids.with_for_update()
_claimable = (
    sa.select(jobs)
    .where(
        jobs.c.id.in_(sa.bindparam("ids", expanding=True)),
        jobs.c.state == State.QUEUED.value,
        jobs.c.available_at <= sa.bindparam("now"),
        jobs.c.cancel_requested.is_(sa.false()),
    )
    .order_by(jobs.c.id)
    .with_for_update(skip_locked=True)
)
_mark = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("b_id"), jobs.c.published_version < sa.bindparam("b_version"))
    .values(
        published_version=sa.bindparam("b_version"),
        publish_due=sa.case((jobs.c.version == sa.bindparam("b_version"), None), else_=jobs.c.publish_due),
    )
)
_appoint_ring = sa.update(jobs).where(jobs.c.id == sa.bindparam("b_id")).values(ring_due=sa.bindparam("b_due"))
_appoint_publish = sa.update(jobs).where(jobs.c.id == sa.bindparam("b_id")).values(publish_due=sa.bindparam("b_due"))


def accept(connection: Connection, new: Sequence[NewJob], now: int) -> list[Accepted | KeyReused]:
    known = _known_keys(connection, new)
    kept = _kept_ids(connection, new)
    answers: list[Accepted | KeyReused] = []
    rows: list[dict[str, Any]] = []
    for item in new:
        key = (item.queue, item.owner, item.idempotency_key)
        earlier = kept.get(item.id) if item.keeps_id else None
        if earlier is None and item.idempotency_key is not None:
            earlier = known.get(key)
        if earlier is not None:
            same = (earlier.queue, earlier.owner, earlier.body_hash) == (item.queue, item.owner, item.body_hash)
            answers.append(Accepted(earlier, created=False) if same else KeyReused(earlier.id))
            continue
        job = Job(
            id=item.id,
            queue=item.queue,
            owner=item.owner,
            state=State.QUEUED,
            request=item.request,
            policy=item.policy,
            correlation_id=item.correlation_id,
            created_at=now if item.created_at is None else min(item.created_at, now),
            updated_at=now,
            available_at=now,
            ring_due=now + lifecycle.RING_GRACE_MS,
            publish_due=now + lifecycle.PUBLISH_GRACE_MS,
            idempotency_key=item.idempotency_key,
            body_hash=item.body_hash,
            webhook=item.webhook,
        )
        if item.ended is not None:
            job = lifecycle.ended_before(job, state=item.ended, result=item.result, error=item.error, now=now)
        if item.idempotency_key is not None:
            known[key] = job
        if item.keeps_id:
            kept[job.id] = job
        answers.append(Accepted(job, created=True))
        rows.append(_as_row(job))
    if rows:
        connection.execute(_insert, rows)
    return answers


def claim(connection: Connection, ids: Sequence[str], worker: str, now: int) -> list[Job]:
    found = [_as_job(row) for row in connection.execute(_claimable, {"ids": list(ids), "now": now})]
    return [job for job in _move(connection, found, lambda job: lifecycle.claim(job, worker=worker, now=now)) if job is not None]


def renew(connection: Connection, renewals: Sequence[Renewal], now: int) -> list[Job | None]:
    return _move_each(
        connection,
        [(renewal.id, renewal) for renewal in renewals],
        lambda job, renewal: lifecycle.renew(job, attempt=renewal.attempt, now=now, progress=renewal.progress),
    )


def finish(connection: Connection, finishes: Sequence[Finish], now: int, chance: random.Random) -> list[Job | None]:
    def move(job: Job, finish: Finish) -> Job | Refusal:
        match finish.outcome:
            case Succeeded(result):
                return lifecycle.succeed(job, attempt=finish.attempt, result=result, now=now)
            case Failure():
                return lifecycle.fail(job, attempt=finish.attempt, failure=finish.outcome, now=now, chance=chance)
            case HandedBack():
                return lifecycle.hand_back(job, attempt=finish.attempt, now=now)
            case CancelConfirmed():
                return lifecycle.confirm_cancel(job, attempt=finish.attempt, now=now)

    return _move_each(connection, [(item.id, item) for item in finishes], move)


def cancel(connection: Connection, job_id: str, now: int) -> Job | None:
    found = _load(connection, [job_id], lock=True).get(job_id)
    if found is None:
        return None
    moved = _move(connection, [found], lambda job: lifecycle.cancel(job, now=now))[0]
    return found if moved is None else moved


def replay(connection: Connection, ids: Sequence[str], now: int) -> list[Job | None]:
    return _move_each(connection, [(job_id, None) for job_id in ids], lambda job, _: lifecycle.replay(job, now=now))


def get(connection: Connection, ids: Sequence[str]) -> list[Job | None]:
    found = _load(connection, ids, lock=False)
    return [found.get(job_id) for job_id in ids]


def page(connection: Connection, request: PageRequest) -> list[Job]:
    query = sa.select(jobs).order_by(jobs.c.id.desc()).limit(request.limit)
    if request.before is not None:
        query = query.where(jobs.c.id < request.before)
    if request.after is not None:
        query = query.where(jobs.c.id > request.after)
    if request.queue is not None:
        query = query.where(jobs.c.queue == request.queue)
    if request.owner is not None:
        query = query.where(jobs.c.owner == request.owner)
    if request.states:
        query = query.where(jobs.c.state.in_([state.value for state in request.states]))
    return [_as_job(row) for row in connection.execute(query)]


def backlogs(connection: Connection, queues: Sequence[str], now: int) -> list[Backlog]:
    due = sa.case((jobs.c.available_at <= now, 1), else_=0).label("due")
    rows = connection.execute(
        sa.select(jobs.c.queue, jobs.c.state, due, sa.func.count().label("n"), sa.func.min(jobs.c.available_at).label("oldest"))
        .where(jobs.c.queue.in_(list(queues)), jobs.c.state.in_([State.QUEUED.value, State.RUNNING.value]))
        .group_by(jobs.c.queue, jobs.c.state, due)
    )
    found = {queue: Backlog(queue) for queue in queues}
    for row in rows:
        backlog = found[row.queue]
        if row.state == State.RUNNING.value:
            found[row.queue] = replace(backlog, running=backlog.running + row.n)
        elif row.due:
            found[row.queue] = replace(backlog, due=row.n, oldest_due_ms=row.oldest)
        else:
            found[row.queue] = replace(backlog, delayed=row.n)
    return [found[queue] for queue in queues]


def line(connection: Connection, queue: str, limit: int, now: int) -> list[str]:
    query = (
        sa.select(jobs.c.id)
        .where(jobs.c.queue == queue, jobs.c.state == State.QUEUED.value, jobs.c.available_at <= now)
        .order_by(jobs.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def recent(connection: Connection, queues: Sequence[str], first: str) -> list[Recent]:
    rows = connection.execute(
        sa.select(jobs.c.queue, jobs.c.state, sa.func.count().label("n"))
        .where(jobs.c.id >= first, jobs.c.queue.in_(list(queues)))
        .group_by(jobs.c.queue, jobs.c.state)
    )
    counts: dict[str, dict[str, int]] = {queue: {} for queue in queues}
    for row in rows:
        counts[row.queue][row.state] = row.n
    return [
        Recent(queue, sum(counts[queue].values()), **{state.value: counts[queue].get(state.value, 0) for state in sorted(ENDED)})
        for queue in queues
    ]


def mark_published(connection: Connection, versions: Sequence[tuple[str, int]]) -> None:
    connection.execute(_mark, [{"b_id": job_id, "b_version": version} for job_id, version in sorted(versions)])


def lose_overdue(connection: Connection, limit: int, now: int, chance: random.Random) -> list[Job]:
    overdue = _due(connection, jobs.c.lease_until, limit, now)
    return [job for job in _move(connection, overdue, lambda job: lifecycle.lose(job, now=now, chance=chance)) if job is not None]


def ring_overdue(connection: Connection, limit: int, now: int) -> list[Job]:
    found = _due(connection, jobs.c.ring_due, limit, now)
    if found:
        connection.execute(_appoint_ring, [{"b_id": job.id, "b_due": lifecycle.ring_again_at(job, now)} for job in found])
    return found


def ring_soon(connection: Connection, queues: Sequence[str] | None, now: int) -> int:
    query = sa.update(jobs).where(jobs.c.state == State.QUEUED.value, jobs.c.available_at <= now).values(ring_due=now)
    if queues is not None:
        query = query.where(jobs.c.queue.in_(list(queues)))
    return connection.execute(query).rowcount


def unpublished(connection: Connection, limit: int, now: int) -> list[Job]:
    found = _due(connection, jobs.c.publish_due, limit, now)
    if found:
        again = now + lifecycle.PUBLISH_GRACE_MS
        connection.execute(_appoint_publish, [{"b_id": job.id, "b_due": again} for job in found])
    return found


def delete_expired(connection: Connection, limit: int, now: int) -> int:
    # Read first, delete by key: MySQL takes no LIMIT in a subquery, and a short list of keys locks nothing else.
    expired = sa.select(jobs.c.id).where(jobs.c.expires_at <= now).order_by(jobs.c.expires_at).limit(limit)
    ids = [row.id for row in connection.execute(expired.with_for_update(skip_locked=True))]
    if not ids:
        return 0
    return connection.execute(sa.delete(jobs).where(jobs.c.id.in_(ids))).rowcount


def forget(connection: Connection, owner: str, queues: Sequence[str] | None, limit: int) -> int:
    theirs = sa.select(jobs.c.id).where(jobs.c.owner == owner).order_by(jobs.c.id).limit(limit)
    if queues is not None:
        theirs = theirs.where(jobs.c.queue.in_(queues))
    ids = [row.id for row in connection.execute(theirs.with_for_update())]
    if not ids:
        return 0
    return connection.execute(sa.delete(jobs).where(jobs.c.id.in_(ids))).rowcount


def next_appointment(connection: Connection) -> int | None:
    earliest = [
        connection.execute(sa.select(column).where(column.is_not(None)).order_by(column).limit(1)).scalar()
        for column in (jobs.c.lease_until, jobs.c.ring_due, jobs.c.publish_due)
    ]
    return min((time for time in earliest if time is not None), default=None)


def count_by_state(connection: Connection, queue: str) -> dict[State, int]:
    rows = connection.execute(sa.select(jobs.c.state, sa.func.count().label("n")).where(jobs.c.queue == queue).group_by(jobs.c.state))
    return {State(row.state): row.n for row in rows}


def count_open(connection: Connection, queue: str, owner: str) -> int:
    # `coalesce` keeps the index by owner out of it: open jobs are few, and those that one owner ever had may be millions.
    query = sa.select(sa.func.count()).where(
        jobs.c.queue == queue,
        jobs.c.state.in_([State.QUEUED.value, State.RUNNING.value]),
        sa.func.coalesce(jobs.c.owner, "") == owner,
    )
    return connection.execute(query).scalar_one()


def _known_keys(connection: Connection, new: Sequence[NewJob]) -> dict[tuple[str, str, str | None], Job]:
    keys = [(item.queue, item.owner, item.idempotency_key) for item in new if item.idempotency_key is not None]
    if not keys:
        return {}
    query = sa.select(jobs).where(sa.tuple_(jobs.c.queue, jobs.c.owner, jobs.c.idempotency_key).in_(keys))
    return {(job.queue, job.owner, job.idempotency_key): job for job in map(_as_job, connection.execute(query))}


def _kept_ids(connection: Connection, new: Sequence[NewJob]) -> dict[str, Job]:
    ids = [item.id for item in new if item.keeps_id]
    return _load(connection, ids, lock=False) if ids else {}


def _load(connection: Connection, ids: Iterable[str], *, lock: bool) -> dict[str, Job]:
    query = _by_ids_locked if lock else _by_ids
    return {job.id: job for job in map(_as_job, connection.execute(query, {"ids": sorted(set(ids))}))}


def _due(connection: Connection, appointment: sa.Column[int], limit: int, now: int) -> list[Job]:
    query = sa.select(jobs).where(appointment <= now).order_by(appointment).limit(limit).with_for_update(skip_locked=True)
    return [_as_job(row) for row in connection.execute(query)]


def _move(connection: Connection, found: Sequence[Job], transition: Callable[[Job], Job | Refusal]) -> list[Job | None]:
    moved = [transition(job) for job in found]
    changes = [_as_change(old, new) for old, new in zip(found, moved, strict=True) if isinstance(new, Job)]
    if changes:
        connection.execute(_save, changes)
    return [new if isinstance(new, Job) else None for new in moved]


def _move_each(
    connection: Connection, items: Sequence[tuple[str, Argument]], transition: Callable[[Job, Argument], Job | Refusal]
) -> list[Job | None]:
    """One transition per item. Two items for one job go one after the other, each seeing what the one before it did."""
    current = _load(connection, (job_id for job_id, _ in items), lock=True)
    before = dict(current)
    answers: list[Job | None] = []
    for job_id, argument in items:
        job = current.get(job_id)
        moved = Refusal.FENCED if job is None else transition(job, argument)
        if isinstance(moved, Job):
            current[job_id] = moved
            answers.append(moved)
        else:
            answers.append(None)
    changes = [_as_change(before[job_id], job) for job_id, job in current.items() if job is not before[job_id]]
    if changes:
        connection.execute(_save, changes)
    return answers


def _as_change(old: Job, new: Job) -> dict[str, Any]:
    change: dict[str, Any] = {f"v_{name}": getattr(new, name) for name in _MUTABLE}
    change["v_state"] = new.state.value
    change.update(b_id=old.id, b_version=old.version, b_attempt=old.attempt)
    return change


def _as_row(job: Job) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(job, name) for name in _COLUMNS}
    row["state"] = job.state.value
    row["policy"] = _policy_text(job.policy)
    return row


def _as_job(row: Any) -> Job:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["state"] = State(values["state"])
    values["policy"] = _policy(values["policy"])
    values["cancel_requested"] = bool(values["cancel_requested"])
    return Job(**values)


_COLUMNS = tuple(column.name for column in jobs.columns)


# Policies are few and immutable: each is written and read once, within a bound.
@lru_cache(maxsize=256)
def _policy(text: str) -> Policy:
    return Policy(**orjson.loads(text))


@lru_cache(maxsize=256)
def _policy_text(policy: Policy) -> str:
    return orjson.dumps(asdict(policy)).decode()
