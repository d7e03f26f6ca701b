"""Passwords that come back the same, and fingerprints of the Secrets that resources name.

One random key per installation, in a Secret of the operator's namespace, is all that is stored. Each generator's passwords are derived
from it and from the generator's name (HMAC-SHA-256): a deleted Secret comes back with the same passwords, a generator that finds the kept
volume of its former self can open it, and nothing has to be read to know whether a Secret is as it should be. A Secret that holds other
passwords (a person rotated them, the key was lost) is believed: see `reconcile`.

Fingerprints are keyed by the same key, so that who reads an annotation cannot try out what the Secret might hold.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from octavo_core.errors import Misconfigured
from octavo_core.spec import GROUP, GeneratorService
from octavo_core.spec.references import references_in
from octavo_core.telemetry.logs import get_service_logger
from octavo_operator import names
from octavo_operator.cluster import ApiError, Cluster
from octavo_operator.kinds import SECRET
from octavo_operator.resource import Key, Passwords

_log = get_service_logger(__name__)

KEY_SECRET = "octavo-operator-key"  # noqa: S105  # the name of the Secret
_KEY_NAME = "key"
_KEY_BYTES = 32
_PASSWORD_BYTES = 24
_FINGERPRINT_CHARACTERS = 16
_READS = 3
"""A Secret that changes under every read is looked at again when the watch tells of it."""


class MasterKey:
    """Never printed, never logged."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def passwords(self, key: Key) -> Passwords:
        """Of one generator: 32 characters each, letters, digits, - and _."""
        redis, database, forwarding = (self._derive(f"{key.namespace}/{key.name}/{use}") for use in ("redis", "database", "forwarding"))
        return Passwords(redis=redis, database=database, forwarding=forwarding)

    def fingerprint(self, values: Mapping[str, str]) -> str:
        """Of some keys of a Secret with their base64 values; the same for the same values, under this installation's key only."""
        text = "".join(f"{name}\0{value}\0" for name, value in sorted(values.items()))
        return hmac.new(self._key, b"fingerprint\0" + text.encode(), hashlib.sha256).hexdigest()[:_FINGERPRINT_CHARACTERS]

    def _derive(self, purpose: str) -> str:
        digest = hmac.new(self._key, b"password\0" + purpose.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_PASSWORD_BYTES]).decode()


async def load_master_key(cluster: Cluster, namespace: str) -> MasterKey:
    """The installation's key; the first replica that looks makes it. Raises `Misconfigured` where it is there and is no key."""
    found = await cluster.get(SECRET, namespace, KEY_SECRET)
    if found is None:
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": KEY_SECRET,
                "namespace": namespace,
                "labels": {names.PART_OF_LABEL: names.PART_OF, names.NAME_LABEL: names.MANAGER},
                "annotations": {f"{GROUP}/note": "Passwords of all managed stores are derived from this. Keep it; back it up."},
            },
            "type": "Opaque",
            "immutable": True,
            "data": {_KEY_NAME: base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()},
        }
        try:
            found = await cluster.create(SECRET, namespace, body)
            _log.info("master_key_made", namespace=namespace, name=KEY_SECRET)
        except ApiError as error:
            if not error.conflict:
                raise
            found = await cluster.get(SECRET, namespace, KEY_SECRET)
    try:
        key = base64.b64decode((found or {})["data"][_KEY_NAME], validate=True)
    except (KeyError, TypeError, ValueError):
        key = b""
    if len(key) < _KEY_BYTES:
        raise Misconfigured(
            f"Secret {namespace}/{KEY_SECRET} has no key of {_KEY_BYTES} bytes under {_KEY_NAME!r}; restore it from a backup, or, where no"
            " managed store exists yet, delete it: the operator makes a new one"
        )
    return MasterKey(key)


def read_passwords(secret: Mapping[str, object], otherwise: Passwords) -> Passwords:
    """What a `{name}-credentials` Secret holds; what it lacks is taken from `otherwise`."""
    data = secret.get("data") or {}
    assert isinstance(data, Mapping)

    def read(name: str, default: str) -> str:
        try:
            value = base64.b64decode(data.get(name) or "", validate=True).decode()
        except (ValueError, UnicodeDecodeError):
            return default
        return value or default

    return Passwords(
        redis=read(names.REDIS_PASSWORD_KEY, otherwise.redis),
        database=read(names.DATABASE_PASSWORD_KEY, otherwise.database),
        forwarding=read(names.FORWARDING_KEY, otherwise.forwarding),
    )


# ---- Secrets that resources name


def references_of(resource: GeneratorService) -> dict[str, frozenset[str]]:
    """Secret name → the keys of it that the resource refers to, wherever in it."""
    found: dict[str, set[str]] = {}
    for reference in references_in(resource.spec):
        found.setdefault(reference.name, set()).add(reference.key)
    return {name: frozenset(keys) for name, keys in found.items()}


@dataclass(slots=True)
class _Known:
    """One Secret that somebody refers to: key → fingerprint of its value, never the value."""

    users: set[Key] = field(default_factory=set)
    fingerprints: dict[str, str] | None = None
    """None: to be read anew."""
    there: bool = False
    change: int = 0
    """Counts what the watch told, so that a read which was overtaken is not believed."""


class ForeignSecrets:
    """Reads a Secret when a resource first names it and again when the watch says that it moved; remembers fingerprints alone."""

    def __init__(self, cluster: Cluster, key: MasterKey, changed: Callable[[Key, float], None]) -> None:
        self._cluster = cluster
        self._key = key
        self._changed = changed
        self._known: dict[tuple[str, str], _Known] = {}
        self._named: dict[Key, frozenset[str]] = {}

    def moved(self, namespace: str, name: str) -> None:
        """The watch saw it made, changed or deleted."""
        known = self._known.get((namespace, name))
        if known is None:
            return
        known.fingerprints = None
        known.change += 1
        for user in known.users:
            self._changed(user, 0.1)

    async def look(self, key: Key, references: Mapping[str, frozenset[str]]) -> tuple[dict[str, str], tuple[str, ...]]:
        """(Secret name → fingerprint of the keys referred to, what is missing). Raises `ApiError`."""
        self._note(key, frozenset(references))
        fingerprints: dict[str, str] = {}
        missing: list[str] = []
        for name in sorted(references):
            known = self._known[key.namespace, name]
            for _ in range(_READS):
                if known.fingerprints is None:
                    await self._read(key.namespace, name, known)
            if not known.there:
                missing.append(name)
                continue
            values = {
                wanted: known.fingerprints[wanted] for wanted in references[name] if known.fingerprints and wanted in known.fingerprints
            }
            missing += [f"{name}: key {wanted}" for wanted in sorted(references[name] - values.keys())]
            fingerprints[name] = self._key.fingerprint(values)
        return fingerprints, tuple(missing)

    def swept(self, namespace: str | None, present: Collection[tuple[str, str]]) -> None:
        """A complete list does not show them: whoever is missing was deleted unseen."""
        for place in list(self._known):
            if place not in present and namespace in (None, place[0]):
                self.moved(*place)

    def forget(self, key: Key) -> None:
        """Nobody asks for that generator any more."""
        self._note(key, frozenset())

    async def _read(self, namespace: str, name: str, known: _Known) -> None:
        before = known.change
        secret = await self._cluster.get(SECRET, namespace, name)
        known.there = secret is not None
        data = (secret or {}).get("data") or {}
        read = {key: self._key.fingerprint({key: value}) for key, value in data.items() if value}
        known.fingerprints = read if known.change == before else None

    def _note(self, key: Key, named: frozenset[str]) -> None:
        before = self._named.get(key, frozenset())
        for name in before - named:
            known = self._known[key.namespace, name]
            known.users.discard(key)
            if not known.users:
                del self._known[key.namespace, name]
        for name in named - before:
            self._known.setdefault((key.namespace, name), _Known()).users.add(key)
        if named:
            self._named[key] = named
        else:
            self._named.pop(key, None)
