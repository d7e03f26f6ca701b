"""The index of pictures in the database: one row a picture.

A row's life in two columns. `deleted_at` is 0 while the picture's bytes are on their way, null while the picture is there, and a time
from the moment that it is deleted. `expires_at` is when a sweep may take the row up: long after the beginning for one whose writer died,
the end of its retention for one that is there, and the end of the sweeper's lease for one that is being deleted. So every row whose
work was cut off is found by one index, whatever cut it off, and each step is one conditional write, which only one of several
processes wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from octavo_generation.store.schema import images

ARRIVING = 0
"""`deleted_at` of a row whose picture is not there yet."""


@dataclass(frozen=True, slots=True)
class KeptImage:
    """Times in ms since the epoch; `expires_at` None for a picture that stays until it is deleted. `details` is JSON: what was asked for
    beside the prompt (size, quality, style), and what the pipeline wants to remember."""

    id: str
    generator: str
    owner: str
    job: str
    created_at: int
    expires_at: int | None
    path: str
    media_type: str
    bytes: int
    width: int
    height: int
    sha256: str
    provider: str
    model: str
    prompt: str
    revised_prompt: str | None = None
    seed: int | None = None
    sealed: bool = False
    """Whether its bytes are encrypted in the storage."""
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this process deletes; `until` marks the claim."""

    id: str
    path: str
    until: int


def announce(connection: Connection, announced: Sequence[KeptImage], *, until: int) -> dict[str, tuple[str, int | None]]:
    """Rows for pictures that are about to be written, where there are none; (path, deleted_at) of each as it stands. One that an earlier
    attempt announced keeps its path, and gets the time again."""
    found = _states(connection, (image.id for image in announced))
    missing = [image for image in announced if image.id not in found]
    if missing:
        # Another attempt may insert the same id at the same moment: the transaction fails, is run again, and finds it.
        connection.execute(sa.insert(images), [_values(image) | {"deleted_at": ARRIVING, "expires_at": until} for image in missing])
    arriving = [image for image, (_, deleted_at) in found.items() if deleted_at == ARRIVING]
    if arriving:
        again = sa.update(images).where(images.c.id.in_(arriving), images.c.deleted_at == ARRIVING).values(expires_at=until)
        connection.execute(again)
        found = _states(connection, found)
    return found | {image.id: (image.path, ARRIVING) for image in missing}


def add_many(connection: Connection, arrived: Sequence[KeptImage]) -> list[KeptImage]:
    """The announced pictures whose bytes are there now; what stands in the index of each, in the order given, without those that were
    deleted meanwhile. Again with the same ids: what was added first stays."""
    for image in sorted(arrived, key=lambda image: image.id):
        added = sa.update(images).where(images.c.id == image.id, images.c.deleted_at == ARRIVING).values(**_values(image), deleted_at=None)
        connection.execute(added)
    rows = connection.execute(sa.select(images).where(images.c.id.in_([image.id for image in arrived]), images.c.deleted_at.is_(None)))
    found = {row.id: _image(row) for row in rows}
    return [found[image.id] for image in arrived if image.id in found]


def get_many(connection: Connection, ids: Sequence[str], *, now: int) -> list[KeptImage]:
    """Those that are there and whose retention is not over, in the order asked for."""
    rows = connection.execute(sa.select(images).where(images.c.id.in_(ids), *_there(now)))
    found = {row.id: _image(row) for row in rows}
    return [found[image] for image in ids if image in found]


def page(connection: Connection, *, generator: str, owner: str | None, before: str | None, limit: int, now: int) -> list[KeptImage]:
    """Newest first. `before` is the last id of the page before; `owner` None: everyone's."""
    query = sa.select(images).where(images.c.generator == generator, *_there(now))
    if owner is not None:
        query = query.where(images.c.owner == owner)
    if before is not None:
        query = query.where(images.c.id < before)
    return [_image(row) for row in connection.execute(query.order_by(images.c.id.desc()).limit(limit))]


def generators_of(connection: Connection, owner: str) -> list[str]:
    """Those of which there are rows of the owner, in whatever state."""
    query = sa.select(images.c.generator).where(images.c.owner == owner).distinct()
    return sorted(connection.execute(query).scalars())


def mark_deleted(connection: Connection, image: str, *, now: int, until: int) -> Claimed | None:
    """From here on nobody sees it, and its texts are gone; the caller has until `until` to remove the rest. None when it is not there."""
    row = connection.execute(sa.select(images.c.path).where(images.c.id == image, images.c.deleted_at.is_(None))).one_or_none()
    marked = sa.update(images).where(images.c.id == image, images.c.deleted_at.is_(None)).values(**_emptied(now), expires_at=until)
    if row is None or connection.execute(marked).rowcount != 1:
        return None
    return Claimed(image, row.path, until)


def claim_expired(connection: Connection, *, now: int, until: int, limit: int, generator: str | None) -> tuple[list[Claimed], bool]:
    """Rows whose time has come, of one generator or of all, claimed for the caller until `until`, and whether there may be more. Several
    at once never get the same."""
    due = sa.select(images.c.id, images.c.path, images.c.expires_at).where(images.c.expires_at <= now)
    if generator is not None:
        due = due.where(images.c.generator == generator)
    rows = connection.execute(due.order_by(images.c.expires_at, images.c.id).limit(limit)).all()
    claimed = []
    # In the order of their ids, so that two sweeps cannot wait for each other.
    for row in sorted(rows, key=lambda row: row.id):
        mine = sa.update(images).where(images.c.id == row.id, images.c.expires_at == row.expires_at)
        if connection.execute(mine.values(**_emptied(now), expires_at=until)).rowcount == 1:
            claimed.append(Claimed(row.id, row.path, until))
    return claimed, len(rows) == limit


def remove(connection: Connection, done: Sequence[Claimed]) -> None:
    """The rows themselves, as far as the caller's claims still hold."""
    for claim in sorted(done, key=lambda claim: claim.id):
        connection.execute(
            sa.delete(images).where(images.c.id == claim.id, images.c.expires_at == claim.until, images.c.deleted_at > ARRIVING)
        )


def _states(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, int | None]]:
    query = sa.select(images.c.id, images.c.path, images.c.deleted_at).where(images.c.id.in_(list(ids)))
    return {row.id: (row.path, row.deleted_at) for row in connection.execute(query)}


def _there(now: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (images.c.deleted_at.is_(None), sa.or_(images.c.expires_at.is_(None), images.c.expires_at > now))


def _emptied(now: int) -> dict[str, Any]:
    return {"deleted_at": now, "prompt": "", "revised_prompt": None, "metadata": "{}"}


def _values(image: KeptImage) -> dict[str, Any]:
    return {
        "id": image.id,
        "generator": image.generator,
        "owner": image.owner,
        "job": image.job,
        "created_at": image.created_at,
        "expires_at": image.expires_at,
        "path": image.path,
        "media_type": image.media_type,
        "bytes": image.bytes,
        "width": image.width,
        "height": image.height,
        "sha256": image.sha256,
        "provider": image.provider,
        "model": image.model[:200],
        "prompt": image.prompt,
        "revised_prompt": image.revised_prompt,
        "seed": image.seed if image.seed is not None and -(2**63) <= image.seed < 2**63 else None,
        "metadata": orjson.dumps({"sealed": image.sealed, "details": image.details}).decode(),
    }


def _image(row: Any) -> KeptImage:
    more = orjson.loads(row.metadata)
    return KeptImage(
        id=row.id,
        generator=row.generator,
        owner=row.owner,
        job=row.job,
        created_at=row.created_at,
        expires_at=row.expires_at,
        path=row.path,
        media_type=row.media_type,
        bytes=row.bytes,
        width=row.width,
        height=row.height,
        sha256=row.sha256,
        provider=row.provider,
        model=row.model,
        prompt=row.prompt,
        revised_prompt=row.revised_prompt,
        seed=row.seed,
        sealed=more.get("sealed", False),
        details=more.get("details"),
    )
