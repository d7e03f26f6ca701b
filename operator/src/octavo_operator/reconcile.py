"""reconcile(key): observe, desire, plan, act, report. Called again and again, and safe to be stopped between any two lines.

Nothing is carried from one call to the next that could not be found out again: what is remembered only saves work. Every write names what
it was computed from, so that a decision which was overtaken is refused by the API server and made anew. At rest a call reads and writes
nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import ValidationError

from octavo_core.errors import InvalidResource, Misconfigured, OctavoError, Unavailable
from octavo_core.spec import GeneratorService, Status, parse_resource
from octavo_core.spec.status import ConditionType
from octavo_core.telemetry.logs import get_service_logger
from octavo_operator import names
from octavo_operator.cluster import ABSENT, ApiError, Cluster, Fence, NotLeading
from octavo_operator.desired import desired, unmet
from octavo_operator.events import Recorder
from octavo_operator.families import Families, Family
from octavo_operator.kinds import GENERATOR_SERVICE, HTTP_ROUTE, SECRET, WHOLE_KINDS, kind_of, kind_of_manifest
from octavo_operator.leases import Leadership
from octavo_operator.metrics import DRIFTS, RECONCILE_SECONDS, RECONCILES
from octavo_operator.observe import Seen
from octavo_operator.ownership import lost_fields
from octavo_operator.plan import Apply, Plan, Refused, plan, reference_of
from octavo_operator.resource import (
    Backlog,
    BacklogUnknown,
    Key,
    Manifest,
    Observed,
    Passwords,
    Pod,
    Reference,
    Refusal,
    Scale,
    Situation,
    StandIn,
)
from octavo_operator.samples import not_stood_in_for, sampled
from octavo_operator.secrets import ForeignSecrets, MasterKey, read_passwords, references_of
from octavo_operator.settings import OperatorSettings
from octavo_operator.status import report, report_unreadable, worth_writing
from octavo_operator.transitions import transitions

_log = get_service_logger(__name__)

SecretNames = Mapping[str, frozenset[str]]
"""Secret → those of its keys that are referred to."""

_PLANS = 4
"""How often a decision is made anew in one call because something moved under it."""
_KEPT_RESOURCES = 256
_OVERTAKEN_S = 0.5
_WAITING_S = 2.0
_PLACING_S = 20.0
"""How long a pod may be without a node before that is a failure; longer where many are on their way, as all that is told is."""
_FOREIGN_LOOK_S = 20.0
_REFUSED_FIRST_S = 5.0
_REFUSED_LONGEST_S = 120.0
_MANY_ON_THEIR_WAY = 10
"""Above so many generators that start or change at once, the mere news that they do is written later and later."""
_LONGEST_STATUS_DELAY_S = 60.0
_STATUS_DELAY_EACH_S = 0.3
"""Where many are on their way, a cluster needs about so long for each: what is on its way for no longer than that goes as it should."""
_LONGEST_IN_A_CROWD_S = 600.0
_LONGEST_NEWS_DELAY_S = 15.0


@dataclass(frozen=True, slots=True)
class Sizing:
    """How much of a generator is to stand, and what is known of its work."""

    scale: Scale
    backlog: Backlog | BacklogUnknown | None = None
    stand_in: StandIn | None = None
    look_again_s: float | None = None


class Sizes(Protocol):
    """Says how large a generator is to be just now. Never waits for the network."""

    def size(self, resource: GeneratorService, family: Family) -> Sizing: ...

    def reported(self, resource: GeneratorService, family: Family, situation: Situation, observed: Observed) -> None:
        """Hears what stood at the end of a reconcile."""
        ...

    def forget(self, key: Key) -> None: ...


@dataclass(slots=True)
class Notes:
    """What one call leaves for the next; losing it costs a read or a look, never a wrong write."""

    passwords: Passwords | None = None
    """Those that the Secret held although they are not the derived ones."""
    secret_version: int = 0
    """Of the credentials Secret when it was last read."""
    foreign_look_at: float = 0.0
    refused_since: float | None = None
    """Since when something cannot be written."""
    refusals: tuple[Refusal | Refused, ...] = ()
    on_its_way_since: float | None = None
    """Since when something moves or fails, or since that was last told."""
    told: int = 0
    """How often it was told in this state."""
    status_written_at: float = float("-inf")


class Overtaken(Exception):
    """Something is not as it was assumed; what is known has been put right, decide again."""


class Gone(Exception):
    """The resource is no longer there."""


class Reconciler:
    def __init__(
        self,
        cluster: Cluster,
        families: Families,
        leadership: Leadership,
        secrets: ForeignSecrets,
        master_key: MasterKey,
        recorder: Recorder,
        settings: OperatorSettings,
        sizes: Sizes,
        *,
        features: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._cluster = cluster
        self._families = families
        self._leadership = leadership
        self._secrets = secrets
        self._master_key = master_key
        self._recorder = recorder
        self._settings = settings
        self._sizes = sizes
        self._features = features
        self._notes: dict[Key, Notes] = {}
        self._resources: OrderedDict[Key, tuple[bytes, GeneratorService, SecretNames]] = OrderedDict()
        self._on_their_way: set[Key] = set()

    def forget(self, key: Key) -> None:
        """The resource is gone."""
        self._notes.pop(key, None)
        self._resources.pop(key, None)
        self._on_their_way.discard(key)
        self._secrets.forget(key)
        self._sizes.forget(key)

    async def reconcile(self, key: Key) -> float | None:
        """Seconds after which to look again, if any. Raises what made it fail, after it was counted and logged."""
        started = time.perf_counter()
        try:
            again = await self._reconcile(key)
        except NotLeading:
            RECONCILES.labels("not_leading").inc()
            return None
        except Unavailable as error:
            # Something is not known yet that the decision needs; it is nobody's failure.
            RECONCILES.labels("waiting").inc()
            _log.debug("reconcile_waits", generator=str(key), reason=error.message)
            return _WAITING_S
        except OctavoError as error:
            RECONCILES.labels("failed").inc()
            _log.warning("reconcile_failed", generator=str(key), error=error.message, kind=error.code)
            raise
        except Exception:
            RECONCILES.labels("failed").inc()
            _log.exception("reconcile_broke", generator=str(key))
            raise
        RECONCILES.labels("done").inc()
        RECONCILE_SECONDS.observe(time.perf_counter() - started)
        return again

    async def _reconcile(self, key: Key) -> float | None:
        family = self._families.get(key)
        if family is None or family.text is None:
            self.forget(key)
            return None
        fence = self._leadership.fence(key)
        if family.deleting or not self._leadership.leads(key):
            return None
        try:
            resource, secret_names = self._resource(family)
        except InvalidResource as error:
            return await self._report_unreadable(family, error, fence)
        notes = self._notes.setdefault(key, Notes())
        try:
            return await self._settle(family, resource, secret_names, notes, fence)
        except Misconfigured as error:
            return await self._report_unreadable(family, error, fence)
        except Gone:
            _log.info("resource_gone_unseen", generator=str(key))
            self._families.resource_gone(key.namespace, key.name)
            return None

    # ---- observe, desire, plan, act

    async def _settle(
        self, family: Family, resource: GeneratorService, secret_names: SecretNames, notes: Notes, fence: Fence
    ) -> float | None:
        fingerprints, missing = await self._secrets.look(family.key, secret_names)
        samples = sampled(resource, missing, self._settings)
        missing = not_stood_in_for(resource, missing, samples)
        sizing = self._sizes.size(resource, family)
        for _ in range(_PLANS):
            situation = self._situation(family, notes, sizing, fingerprints, samples)
            digest = _digest(family, situation)
            if family.settled == digest:
                manifests: Mapping[Reference, Manifest] | None = None
                break
            try:
                manifests = await self._act(family, resource, situation, notes, fence)
            except Overtaken:
                continue
            # the passwords may have been found to be others while acting
            situation = self._situation(family, notes, sizing, fingerprints, samples)
            digest = _digest(family, situation)
            break
        else:
            raise ApiError(409, "Conflict", "what is to be written keeps changing under the hands")
        observed = self._observed(family, manifests, missing, sizing)
        if manifests is not None and not notes.refusals and self._complete(family, manifests):
            family.settled, family.stood = digest, True
        again = await self._report(family, resource, situation, observed, notes, fence)
        self._sizes.reported(resource, family, situation, observed)
        again = _sooner(_sooner(again, sizing.look_again_s), self._until_tried_again(notes))
        return _sooner(again, _until_placed(family.pods, self._placing_s))

    @property
    def _placing_s(self) -> float:
        return max(_PLACING_S, self._of_the_crowd_s)

    @property
    def _of_the_crowd_s(self) -> float:
        """How long as many as are on their way just now need, all together."""
        return min(_STATUS_DELAY_EACH_S * len(self._on_their_way), _LONGEST_IN_A_CROWD_S)

    @staticmethod
    def _until_tried_again(notes: Notes) -> float | None:
        """What is refused is tried later and later: the longer it has been so, the longer the next pause."""
        if not notes.refusals:
            notes.refused_since = None
            return None
        now = time.monotonic()
        if notes.refused_since is None:
            notes.refused_since = now
        longest = _FOREIGN_LOOK_S if any(isinstance(refusal, Refused) for refusal in notes.refusals) else _REFUSED_LONGEST_S
        return min(max(_REFUSED_FIRST_S, now - notes.refused_since), longest)

    async def _act(
        self, family: Family, resource: GeneratorService, situation: Situation, notes: Notes, fence: Fence
    ) -> Mapping[Reference, Manifest]:
        """Writes what is to be written; afterwards `notes.refusals` holds what could not be."""
        wanted = {reference_of(manifest): manifest for manifest in desired(resource, situation, self._settings)}
        await self._look_at_foreign(family, wanted, notes)
        todo = plan(tuple(wanted.values()), self._observed(family, wanted, (), None).children)
        await self._believe_passwords(family, situation, todo, notes)
        if not todo.empty:
            await self._check_existence(family, todo)
        refusals: list[Refusal | Refused] = [*todo.refused]
        notes.refusals = ()
        for apply in todo.applies:
            refusal = await self._apply(family, apply, fence)
            if refusal is not None:
                refusals.append(refusal)
        for delete in todo.deletes:
            kind = kind_of(delete.reference.api_version, delete.reference.kind)
            await self._cluster.delete(kind, family.key.namespace, delete.reference.name, delete.uid, fence=fence)
            seen = family.find(kind, delete.reference.name)
            if seen is not None and seen.uid == delete.uid:
                seen.deleting = True
        notes.refusals = tuple(refusals)
        return wanted

    async def _apply(self, family: Family, apply: Apply, fence: Fence) -> Refusal | None:
        key, reference = family.key, apply.reference
        kind = kind_of_manifest(apply.manifest)
        seen = family.find(kind, reference.name)
        version = ABSENT if seen is None else str(seen.version)
        try:
            answer = await self._cluster.apply(key.namespace, apply.manifest, version=version, fence=fence)
        except ApiError as error:
            if error.conflict:
                await self._look(family, reference)
                raise Overtaken from None
            if error.passing or error.status in (401, 404):
                raise
            _log.warning("write_refused", generator=str(key), kind=kind.name, name=reference.name, status=error.status, error=error.message)
            return Refusal(reference, error.status, error.message)
        if seen is not None and seen.hash == _hash(apply.manifest):
            DRIFTS.labels(kind.name).inc()
            lost = lost_fields(apply.manifest, seen.fields)
            _log.info("drift_repaired", generator=str(key), kind=kind.name, name=reference.name, fields=lost[:5])
        self._families.remember(key, kind, answer, whole=True)
        return None

    async def _look(self, family: Family, reference: Reference) -> None:
        """Puts what is known of one child right, by a read."""
        kind = kind_of(reference.api_version, reference.kind)
        read = self._cluster.get if kind in WHOLE_KINDS else self._cluster.get_metadata
        found = await read(kind, family.key.namespace, reference.name)
        if found is None:
            self._families.forget(family.key, kind, reference.name)
        else:
            self._families.remember(family.key, kind, found, whole=False)

    async def _look_at_foreign(self, family: Family, wanted: Mapping[Reference, Manifest], notes: Notes) -> None:
        """An object of somebody else's that holds a wanted name carries no label of ours: no watch tells when it goes."""
        foreign = [seen.reference for seen in family.children if not seen.owned_by(family.uid) and seen.reference in wanted]
        if foreign and time.monotonic() - notes.foreign_look_at > _FOREIGN_LOOK_S:
            notes.foreign_look_at = time.monotonic()
            for reference in foreign:
                await self._look(family, reference)

    async def _believe_passwords(self, family: Family, situation: Situation, todo: Plan, notes: Notes) -> None:
        """Before the credentials are written over, what they hold is read: a person may have rotated them, or the master key is another.

        Raises `Overtaken` when they hold other passwords than were assumed.
        """
        name = names.credentials(family.key.name)
        seen = family.find(SECRET, name)
        if seen is None:
            if notes.passwords is not None and any(apply.reference.name == name for apply in todo.applies):
                # It was deleted: what it held is known only as long as this process lives, and it is used as long.
                _log.info("credentials_restored", generator=str(family.key))
            return
        if seen.version == notes.secret_version or not any(
            apply.reference.kind == SECRET.name and apply.reference.name == name for apply in todo.applies
        ):
            return
        secret = await self._cluster.get(SECRET, family.key.namespace, name)
        if secret is None:
            self._families.forget(family.key, SECRET, name)
            raise Overtaken
        self._families.remember(family.key, SECRET, secret, whole=False)
        notes.secret_version = int(secret["metadata"]["resourceVersion"])
        derived = self._master_key.passwords(family.key)
        held = read_passwords(secret, situation.passwords)
        notes.passwords = None if held == derived else held
        if held != situation.passwords:
            raise Overtaken

    async def _check_existence(self, family: Family, todo: Plan) -> None:
        """Before a child is made again that had stood: it may be gone because its resource is, and the feed has not said so yet."""
        if not family.stood or all(family.find_reference(apply.reference) is not None for apply in todo.applies):
            return
        found = await self._cluster.get_metadata(GENERATOR_SERVICE, family.key.namespace, family.key.name)
        if found is None or found["metadata"]["uid"] != family.uid or "deletionTimestamp" in found["metadata"]:
            raise Gone

    def _situation(
        self, family: Family, notes: Notes, sizing: Sizing, fingerprints: Mapping[str, str], samples: tuple[str, ...]
    ) -> Situation:
        return Situation(
            uid=family.uid,
            scale=sizing.scale,
            passwords=notes.passwords or self._master_key.passwords(family.key),
            fingerprints=fingerprints,
            samples=samples,
            features=self._features(),
            stand_in=sizing.stand_in,
        )

    def _observed(
        self, family: Family, wanted: Mapping[Reference, Manifest] | None, missing: tuple[str, ...], sizing: Sizing | None
    ) -> Observed:
        """`wanted` is None where nothing can have drifted."""
        children = {}
        for seen in family.children:
            manifest = None if wanted is None else wanted.get(seen.reference)
            drifted = manifest is not None and _drifted(seen, manifest)
            child = seen.child(family.uid, drifted=drifted)
            children[child.reference] = child
        return Observed(
            children=children,
            pods=_given_time(family.pods, self._placing_s),
            claims=tuple(family.claims),
            missing_secrets=missing,
            backlog=None if sizing is None else sizing.backlog,
        )

    def _complete(self, family: Family, wanted: Mapping[Reference, Manifest]) -> bool:
        """Whether all that is wanted stands and nothing else does."""
        standing = {seen.reference: seen for seen in family.children if seen.reference in wanted or not seen.is_kept}
        return standing.keys() == wanted.keys() and all(
            not seen.deleting
            and seen.owner == _owner(wanted[reference])
            and seen.fields is seen.whole
            and seen.hash == _hash(wanted[reference])
            for reference, seen in standing.items()
        )

    # ---- report

    async def _report(
        self, family: Family, resource: GeneratorService, situation: Situation, observed: Observed, notes: Notes, fence: Fence
    ) -> float | None:
        previous = _previous(family)
        refusals = (*notes.refusals, *self._unmet(resource, situation))
        status = report(resource, situation, observed, previous=previous, now=datetime.now(UTC), refusals=refusals)
        wait = self._hold_back(family.key, previous, status, notes)
        if wait > 0:
            return wait
        since = time.monotonic() - notes.status_written_at
        every = self._settings.queue_status_seconds
        if not worth_writing(previous, status, since, every_s=every):
            return None if previous is None or _same(previous, status) else max(0.1, every - since)
        return await self._write_status(family, previous, status, notes, fence)

    def _unmet(self, resource: GeneratorService, situation: Situation) -> list[Refused]:
        """What the resource asks for and this cluster does not have."""
        if resource.spec.api.http_route is None:
            return []
        route = Reference(HTTP_ROUTE.api_version, HTTP_ROUTE.name, names.api(resource.name))
        return [Refused(route, message, foreign=False) for message in unmet(resource, situation, self._settings)]

    def _hold_back(self, key: Key, previous: Status | None, status: Status, notes: Notes) -> float:
        """Seconds for which the news that something is on its way, or fails since just now, is kept back.

        Most of it is over before anyone reads it: a pod that waits a moment for its volume, a rollout of two seconds. What takes long
        is told of more and more rarely, and where many are on their way at once, later; whether it is ready now is told soon.
        """
        failing, moving = _holds(status, "Degraded"), _holds(status, "Progressing")
        if not failing and not moving:
            notes.on_its_way_since, notes.told = None, 0
            self._on_their_way.discard(key)
            return 0.0
        self._on_their_way.add(key)
        now = time.monotonic()
        if notes.on_its_way_since is None:
            notes.on_its_way_since = now
        crowd = max(1.0, len(self._on_their_way) / _MANY_ON_THEIR_WAY)
        matters = failing or (previous is not None and _holds(previous, "Ready") != _holds(status, "Ready"))
        delay = self._settings.status_delay_seconds
        if matters:
            wait = min(delay * crowd, max(delay, _LONGEST_NEWS_DELAY_S))
        else:
            longest = max(delay, _LONGEST_STATUS_DELAY_S, self._of_the_crowd_s)
            wait = min(delay * crowd * 3 ** min(notes.told, 3), longest)
        return notes.on_its_way_since + wait - now

    async def _report_unreadable(self, family: Family, error: InvalidResource | Misconfigured, fence: Fence) -> float | None:
        notes = self._notes.setdefault(family.key, Notes())
        previous = _previous(family)
        status = report_unreadable(family.generation, error.message, previous=previous, now=datetime.now(UTC))
        if worth_writing(previous, status, float("inf")):
            return await self._write_status(family, previous, status, notes, fence)
        return None

    async def _write_status(self, family: Family, previous: Status | None, status: Status, notes: Notes, fence: Fence) -> float | None:
        key, uid = family.key, family.uid
        before = family.status_document()
        after = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        change = _merge_patch(before, after)
        try:
            answer = await self._cluster.write_status(GENERATOR_SERVICE, key.namespace, key.name, str(family.version), change, fence=fence)
        except ApiError as error:
            if error.status == 404:
                raise Gone from None
            if error.conflict:
                # the resource moved on; the feed brings its news, and this is a look in case it is slow
                return _OVERTAKEN_S
            raise
        notes.status_written_at = time.monotonic()
        if notes.on_its_way_since is not None:
            notes.on_its_way_since = notes.status_written_at
            notes.told += 1
        self._families.status_written(key, answer)
        for note in transitions(previous, status):
            self._recorder.record(key, uid, note)
        return None

    def _resource(self, family: Family) -> tuple[GeneratorService, SecretNames]:
        """Parsed once per version for those that are looked at again and again; with the Secrets that it names."""
        text = family.text
        if text is None:
            raise Gone
        kept = self._resources.get(family.key)
        if kept is not None and kept[0] is text:
            self._resources.move_to_end(family.key)
            return kept[1:]
        resource = parse_resource(family.document())
        secret_names = references_of(resource)
        self._resources[family.key] = (text, resource, secret_names)
        self._resources.move_to_end(family.key)
        if len(self._resources) > _KEPT_RESOURCES:
            self._resources.popitem(last=False)
        return resource, secret_names


def _given_time(pods: Sequence[Pod], placing_s: float) -> tuple[Pod, ...]:
    """Without what the scheduler says of pods that are only just made: volumes are bound, and nodes found, at the second or third try."""
    if not any(pod.unschedulable for pod in pods):
        return tuple(pods)
    return tuple(replace(pod, unschedulable="") if pod.unschedulable and _age_s(pod) < placing_s else pod for pod in pods)


def _until_placed(pods: Sequence[Pod], placing_s: float) -> float | None:
    """Seconds until a pod that has no node yet has had its time."""
    waits = [placing_s - _age_s(pod) for pod in pods if pod.unschedulable and not pod.deleting]
    return min((max(wait, 0.1) for wait in waits if wait > 0), default=None)


def _age_s(pod: Pod) -> float:
    try:
        return time.time() - datetime.fromisoformat(pod.created_at).timestamp()
    except ValueError:
        return _LONGEST_IN_A_CROWD_S


def _drifted(seen: Seen, manifest: Manifest) -> bool:
    if seen.fields is seen.whole and seen.fields is not None:
        return False
    if lost_fields(manifest, seen.fields):
        return True
    seen.whole = seen.fields
    return False


def _digest(family: Family, situation: Situation) -> int:
    fingerprints = tuple(sorted(situation.fingerprints.items()))
    known = (situation.scale, situation.passwords, fingerprints, situation.samples, situation.features, situation.stand_in)
    return hash((family.uid, family.generation, *known))


def _hash(manifest: Manifest) -> str | None:
    value: str | None = manifest["metadata"].get("annotations", {}).get(names.HASH_ANNOTATION)
    return value


def _owner(manifest: Manifest) -> str:
    """uid of the generator; empty for what is to outlive it."""
    return next((reference["uid"] for reference in manifest["metadata"].get("ownerReferences", ())), "")


def _previous(family: Family) -> Status | None:
    """The status that stands, None where there is none or where this version cannot read it."""
    status = family.status_document()
    if not status:
        return None
    try:
        return Status.model_validate(status)
    except ValidationError:
        return None


def _holds(status: Status, kind: ConditionType) -> bool:
    condition = status.condition(kind)
    return condition is not None and condition.status == "True"


def _same(one: Status, other: Status) -> bool:
    return not worth_writing(one, other, float("inf"))


def _merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7386: what leads from one to the other; None takes a member away."""
    patch: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            inner = _merge_patch(old, value)
            if inner:
                patch[name] = inner
        elif old != value:
            patch[name] = value
    return patch


def _sooner(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
