"""Every statement on held jobs, each inside a transaction that the store has begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_activator import held
from octavo_activator.held import HeldJob, HeldState
from octavo_activator.routes import Key
from octavo_activator.schema import held_jobs as jobs
from octavo_core.identity import Principal


@dataclass(frozen=True, slots=True)
class Accepted:
    """`created` is false when the idempotency key was known: then `job` is the earlier one."""

    job: HeldJob
    created: bool


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The idempotency key belongs to a job with another body."""


@dataclass(frozen=True, slots=True)
class Count:
    """Of one generator: its jobs that wait, and the size of all bodies that are kept for it."""

    key: Key
    held: int
    all: int
    bytes: int
    oldest_at: int | None


_MOST_BYTES = 4 * 1_048_576
"""Of bodies that are read at once, unless one alone is larger."""
_WITHOUT_BODY = [column for column in jobs.c if column.name != "body"]
_insert = sa.insert(jobs)
_by_id = sa.select(jobs).where(jobs.c.id == sa.bindparam("id"))
_look = sa.select(*_WITHOUT_BODY).where(jobs.c.id == sa.bindparam("id"))
_due = (
    sa.select(jobs)
    .where(jobs.c.namespace == sa.bindparam("namespace"), jobs.c.name == sa.bindparam("name"), jobs.c.due_at <= sa.bindparam("now"))
    # Those that someone waits for go first, in the order in which they came.
    .order_by(jobs.c.state != HeldState.HELD.value, jobs.c.id)
    .limit(sa.bindparam("limit"))
)
_save = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("b_id"), jobs.c.state == sa.bindparam("b_state"))
    .values({name: sa.bindparam(f"v_{name}") for name in ("state", "attempts", "due_at", "changed_at", "error")})
)
_forget = sa.delete(jobs).where(jobs.c.id == sa.bindparam("b_id"), jobs.c.state == sa.bindparam("b_state"))


def accept(connection: Connection, requests: Sequence[Sequence[HeldJob]]) -> list[list[Accepted] | KeyReused]:
    """Each request (one job, or those of a batch) is taken whole or not at all."""
    known = _known_keys(connection, [job for request in requests for job in request if job.idempotency_key is not None])
    answers: list[list[Accepted] | KeyReused] = []
    rows: list[dict[str, Any]] = []
    for request in requests:
        earlier = {job.id: known.get(_identity(job)) for job in request if job.idempotency_key is not None}
        if any(found is not None and found.body_hash != job.body_hash for job in request for found in (earlier.get(job.id),)):
            answers.append(KeyReused())
            continue
        accepted = []
        for job in request:
            found = earlier.get(job.id)
            if found is None:
                rows.append(_as_row(job))
                if job.idempotency_key is not None:
                    known[_identity(job)] = job
            accepted.append(Accepted(found or job, created=found is None))
        answers.append(accepted)
    if rows:
        connection.execute(_insert, rows)
    return answers


def get(connection: Connection, job_id: str) -> HeldJob | None:
    row = connection.execute(_by_id, {"id": job_id}).first()
    return None if row is None else _as_job(row)


def look(connection: Connection, job_id: str) -> HeldJob | None:
    """Without its body, which may be large."""
    row = connection.execute(_look, {"id": job_id}).first()
    return None if row is None else _as_job(row, body=b"")


def knows_key(connection: Connection, key: Key, user: str, idempotency_keys: Sequence[str]) -> bool:
    query = sa.select(jobs.c.id).where(
        jobs.c.namespace == key.namespace, jobs.c.name == key.name, jobs.c.user == user, jobs.c.idempotency_key.in_(list(idempotency_keys))
    )
    return connection.execute(query.limit(1)).first() is not None


def offer(connection: Connection, key: Key, now: int, limit: int) -> list[HeldJob]:
    """The next ones to hand over, so many as may be in memory together, marked as offered."""
    found = _fitting(connection, _due, {**_key(key), "now": now, "limit": limit})
    ids = [job.id for job in found if not job.offered]
    if ids:
        connection.execute(sa.update(jobs).where(jobs.c.id.in_(ids)).values(offered=True))
    return found


def forget(connection: Connection, taken: Sequence[HeldJob]) -> list[bool]:
    """False for one that changed since it was offered (its caller cancelled it): it is offered again as it is now."""
    return [connection.execute(_forget, {"b_id": job.id, "b_state": job.state.value}).rowcount == 1 for job in taken]


def save(connection: Connection, changed: Sequence[tuple[HeldJob, HeldJob]]) -> list[bool]:
    """(before, after) pairs; False for one that changed meanwhile."""
    return [connection.execute(_save, _as_change(before, after)).rowcount == 1 for before, after in changed]


def cancel(connection: Connection, job_id: str, now: int) -> tuple[HeldJob | None, bool]:
    """The job after it, and whether this cancelled it."""
    job = get(connection, job_id)
    cancelled = None if job is None else held.cancel(job, now=now)
    if job is None or cancelled is None:
        return job, False
    connection.execute(_save, _as_change(job, cancelled))
    return cancelled, True


def give_up(connection: Connection, *, before: int, days: float, now: int, limit: int) -> list[HeldJob]:
    """Those that were accepted before that moment and still wait."""
    query = (
        sa.select(jobs).where(jobs.c.accepted_at < before, jobs.c.state == HeldState.HELD.value).order_by(jobs.c.accepted_at).limit(limit)
    )
    pairs = [(job, held.give_up(job, days=days, now=now)) for job in _fitting(connection, query)]
    save(connection, pairs)
    return [after for _, after in pairs]


def delete_ended(connection: Connection, *, before: int, limit: int) -> list[HeldJob]:
    """Those that ended before that moment and that no generator has come to take."""
    query = sa.select(jobs).where(jobs.c.accepted_at < before, jobs.c.state != HeldState.HELD.value, jobs.c.changed_at < before)
    found = _fitting(connection, query.order_by(jobs.c.accepted_at).limit(limit))
    forget(connection, found)
    return found


def counts(connection: Connection) -> list[Count]:
    is_held = sa.case((jobs.c.state == HeldState.HELD.value, 1), else_=0)
    rows = connection.execute(
        sa.select(
            jobs.c.namespace,
            jobs.c.name,
            sa.func.sum(is_held).label("held"),
            sa.func.count().label("all"),
            sa.func.sum(sa.func.length(jobs.c.body)).label("bytes"),
            sa.func.min(sa.case((jobs.c.state == HeldState.HELD.value, jobs.c.accepted_at))).label("oldest_at"),
        ).group_by(jobs.c.namespace, jobs.c.name)
    ).mappings()
    return [Count(Key(row["namespace"], row["name"]), row["held"], row["all"], row["bytes"], row["oldest_at"]) for row in rows]


def next_due(connection: Connection, key: Key) -> int | None:
    query = sa.select(sa.func.min(jobs.c.due_at)).where(jobs.c.namespace == key.namespace, jobs.c.name == key.name)
    found: int | None = connection.execute(query).scalar()
    return found


def _fitting(connection: Connection, query: sa.Select[Any], parameters: dict[str, Any] | None = None) -> list[HeldJob]:
    """The first jobs of the query, one at least where there is any."""
    sizes = connection.execute(query.with_only_columns(jobs.c.id, sa.func.length(jobs.c.body)), parameters or {})
    ids: list[str] = []
    room = _MOST_BYTES
    for job_id, size in sizes:
        if ids and size > room:
            break
        ids.append(job_id)
        room -= size
    if not ids:
        return []
    found = {row.id: _as_job(row) for row in connection.execute(sa.select(jobs).where(jobs.c.id.in_(ids)))}
    return [found[job_id] for job_id in ids]


def _known_keys(connection: Connection, new: Sequence[HeldJob]) -> dict[tuple[str, ...], HeldJob]:
    if not new:
        return {}
    columns = sa.tuple_(jobs.c.namespace, jobs.c.name, jobs.c.user, jobs.c.idempotency_key)
    found = map(_as_job, connection.execute(sa.select(jobs).where(columns.in_([_identity(job) for job in new]))))
    return {_identity(job): job for job in found}


def _identity(job: HeldJob) -> tuple[str, ...]:
    return (job.key.namespace, job.key.name, job.principal.user, str(job.idempotency_key))


def _key(key: Key) -> dict[str, str]:
    return {"namespace": key.namespace, "name": key.name}


def _as_change(before: HeldJob, after: HeldJob) -> dict[str, Any]:
    return {
        "b_id": before.id,
        "b_state": before.state.value,
        "v_state": after.state.value,
        "v_attempts": after.attempts,
        "v_due_at": after.due_at,
        "v_changed_at": after.changed_at,
        "v_error": after.error,
    }


def _as_row(job: HeldJob) -> dict[str, Any]:
    return {
        "id": job.id,
        **_key(job.key),
        "user": job.principal.user,
        "role": job.principal.role,
        "body": job.body,
        "correlation_id": job.correlation_id,
        "accepted_at": job.accepted_at,
        "item": job.item,
        "idempotency_key": job.idempotency_key,
        "body_hash": job.body_hash,
        "state": job.state.value,
        "offered": job.offered,
        "attempts": job.attempts,
        "due_at": job.due_at,
        "changed_at": job.changed_at,
        "error": job.error,
    }


def _as_job(row: Any, *, body: bytes | None = None) -> HeldJob:
    return HeldJob(
        id=row.id,
        key=Key(row.namespace, row.name),
        principal=Principal(row.user, row.role),
        body=row.body if body is None else body,
        correlation_id=row.correlation_id,
        accepted_at=row.accepted_at,
        item=row.item,
        idempotency_key=row.idempotency_key,
        body_hash=row.body_hash,
        state=HeldState(row.state),
        offered=bool(row.offered),
        attempts=row.attempts,
        due_at=row.due_at,
        changed_at=row.changed_at,
        error=row.error,
    )
