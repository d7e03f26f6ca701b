"""What the watches have told about each generator: the resource and all that stands for it, in as little memory as it takes.

A family is one generator's key with whatever was seen under it, so it may hold children whose resource is gone or not heard of yet, and
goes when nothing is left. What a write answered is remembered at once (`remember`): the next decision must not wait for the watch to
tell of our own deed. Older news than what is known is ignored, by resourceVersion, which Kubernetes defines as ordered within a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

import orjson

from octavo_operator import names
from octavo_operator.cluster import WatchEvent
from octavo_operator.kinds import CLAIM, GENERATOR_SERVICE, POD, SECRET, Kind
from octavo_operator.observe import Seen, family_of, see, see_claim, see_pod
from octavo_operator.resource import Claim, Key, Pod, Reference

Object = Mapping[str, Any]

AT_ONCE_S = 0.0
SOON_S = 0.05
"""After a child changed or went: its siblings' events are often right behind."""
STATE_S = 0.3
"""After pods or workloads report a new state: they do so several times a second while they start."""


@dataclass(slots=True, eq=False)
class Family:
    key: Key
    text: bytes | None = None
    """The resource as JSON without its status; None when it is gone or not heard of."""
    status: bytes | None = None
    uid: str = ""
    generation: int = 0
    version: int = 0
    deleting: bool = False
    children: list[Seen] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    stood: bool = False
    """Whether all of its children once stood: one that is missing now was there, and its resource may be going too."""
    settled: int | None = None
    """What the children were last found, or made, to agree with (a hash of all that the desired objects depend on); None: look."""

    @property
    def empty(self) -> bool:
        return self.text is None and not self.children and not self.pods and not self.claims

    def status_document(self) -> dict[str, Any]:
        """The status that stands; empty where there is none."""
        status: dict[str, Any] = {} if self.status is None else orjson.loads(self.status)
        return status

    def document(self) -> dict[str, Any]:
        """The resource without its status. Raises LookupError where it is gone."""
        if self.text is None:
            raise LookupError(f"{self.key} is gone")
        document: dict[str, Any] = orjson.loads(self.text)
        return document

    def find(self, kind: Kind, name: str) -> Seen | None:
        return next((seen for seen in self.children if seen.name == name and seen.kind is kind), None)

    def find_reference(self, reference: Reference) -> Seen | None:
        return next(
            (
                seen
                for seen in self.children
                if seen.name == reference.name and seen.kind.name == reference.kind and seen.kind.api_version == reference.api_version
            ),
            None,
        )


class Families:
    """`changed` is told which generator is worth a look, and after how many seconds; `gone`, that a resource is no longer there.

    `foreign_secret` hears of every Secret that is not ours, `secrets_swept` of each complete list of Secrets.
    """

    def __init__(
        self,
        changed: Callable[[Key, float], None],
        gone: Callable[[Key], None] = lambda _: None,
        foreign_secret: Callable[[str, str], None] = lambda *_: None,
        secrets_swept: Callable[[str | None, Collection[tuple[str, str]]], None] = lambda *_: None,
    ) -> None:
        self._families: dict[Key, Family] = {}
        self._changed = changed
        self._gone = gone
        self._foreign_secret = foreign_secret
        self._secrets_swept = secrets_swept

    def __len__(self) -> int:
        return sum(family.text is not None for family in self._families.values())

    def __iter__(self) -> Iterator[Family]:
        """Those whose resource is there, as of now: the tables may change while one looks through them."""
        return iter([family for family in self._families.values() if family.text is not None])

    def get(self, key: Key) -> Family | None:
        return self._families.get(key)

    # ---- the resource

    def resource_seen(self, obj: Object) -> None:
        metadata = obj["metadata"]
        key = Key(intern(metadata["namespace"]), intern(metadata["name"]))
        family = self._family(key)
        version = int(metadata["resourceVersion"])
        if family.text is not None and family.uid == metadata["uid"] and version <= family.version:
            return
        text = _packed(_essence(obj))
        deleting = "deletionTimestamp" in metadata
        news = text != family.text or deleting != family.deleting
        if family.uid != metadata["uid"]:
            family.settled = None
        family.text, family.uid, family.version = text, intern(metadata["uid"]), version
        family.generation, family.deleting = metadata.get("generation", 0), deleting
        status = obj.get("status")
        written = None if not status else _packed(status)
        # A status that differs from ours was written by somebody else, and is put right.
        news = news or written != family.status
        family.status = written
        if news:
            self._changed(key, AT_ONCE_S)

    def resource_gone(self, namespace: str, name: str, uid: str | None = None) -> None:
        """`uid`: only if it is still that one."""
        key = Key(namespace, name)
        family = self._families.get(key)
        if family is None or family.text is None or (uid is not None and family.uid != uid):
            return
        family.text = family.status = None
        family.settled = None
        family.version = 0
        self._gone(key)
        self._drop_if_empty(family)

    def status_written(self, key: Key, obj: Object) -> None:
        """What the write of a status answered."""
        family = self._families.get(key)
        metadata = obj["metadata"]
        if family is None or family.text is None or family.uid != metadata["uid"] or int(metadata["resourceVersion"]) <= family.version:
            return
        if metadata.get("generation", 0) == family.generation:
            family.version = int(metadata["resourceVersion"])
            family.status = _packed(obj.get("status") or {})
        # else the spec moved in between: the feed brings both

    # ---- what stands for it

    def event(self, kind: Kind, event: WatchEvent) -> None:
        """From a watch of children, pods or claims."""
        self.gone(kind, event.object) if event.type == "DELETED" else self.seen(kind, event.object)

    def seen(self, kind: Kind, obj: Object) -> None:
        family = self._family_of(kind, obj)
        if family is None:
            return
        if kind is POD:
            self._seen_pod(family, obj)
        else:
            if kind is CLAIM:
                self._seen_claim(family, obj)
            if kind is not CLAIM or _is_of_pictures(obj):
                self._seen_child(family, kind, obj)

    def gone(self, kind: Kind, obj: Object) -> None:
        family = self._family_of(kind, obj)
        if family is None:
            return
        name = obj["metadata"]["name"]
        if kind is POD:
            known = len(family.pods)
            family.pods = [pod for pod in family.pods if pod.name != name]
            if len(family.pods) != known:
                self._changed(family.key, STATE_S)
        else:
            if kind is CLAIM:
                family.claims = [claim for claim in family.claims if claim.name != name]
            seen = family.find(kind, name)
            # a delete that is older than what is known is of the object that stood there before
            if seen is not None and int(obj["metadata"]["resourceVersion"]) >= seen.version:
                family.children.remove(seen)
                family.settled = None
                self._changed(family.key, SOON_S)
        self._drop_if_empty(family)

    def remember(self, key: Key, kind: Kind, obj: Object, *, whole: bool) -> None:
        """What our own write, or a look of our own, answered. `whole`: this is what was applied, so nothing of it is lost."""
        family = self._family(key)
        new = see(kind, obj)
        old = family.find(kind, new.name)
        if old is not None and old.version > new.version:
            if whole:
                old.whole = new.fields
            return
        new.whole = new.fields if whole else (old.whole if old is not None else None)
        self._put(family, old, new)

    def forget(self, key: Key, kind: Kind, name: str) -> None:
        """A look of our own found nothing there."""
        family = self._families.get(key)
        seen = family.find(kind, name) if family is not None else None
        if family is not None and seen is not None:
            family.children.remove(seen)
            family.settled = None
            self._drop_if_empty(family)

    def swept(self, kind: Kind, namespace: str | None, present: Collection[tuple[str, str]], version: int) -> None:
        """After a list: what it did not show (namespace, name) and was known before it is gone."""
        if kind is SECRET:
            self._secrets_swept(namespace, present)
        for family in list(self._families.values()):
            if namespace is not None and family.key.namespace != namespace:
                continue
            where = family.key.namespace
            if kind is GENERATOR_SERVICE:
                if family.text is not None and family.version <= version and (where, family.key.name) not in present:
                    self.resource_gone(where, family.key.name)
                continue
            if kind is POD:
                pods = [pod for pod in family.pods if (where, pod.name) in present]
                lost, family.pods = len(pods) != len(family.pods), pods
            else:
                children = [
                    seen for seen in family.children if seen.kind is not kind or seen.version > version or (where, seen.name) in present
                ]
                lost, family.children = len(children) != len(family.children), children
                if kind is CLAIM:
                    claims = [claim for claim in family.claims if (where, claim.name) in present]
                    lost, family.claims = lost or len(claims) != len(family.claims), claims
            if lost:
                family.settled = None
                self._changed(family.key, SOON_S)
                self._drop_if_empty(family)

    # ---- inside

    def _family(self, key: Key) -> Family:
        family = self._families.get(key)
        if family is None:
            family = self._families[key] = Family(key)
        return family

    def _family_of(self, kind: Kind, obj: Object) -> Family | None:
        metadata = obj["metadata"]
        namespace: str = metadata["namespace"]
        managed = (metadata.get("labels") or {}).get(names.MANAGED_BY_LABEL) == names.MANAGER
        name = family_of(obj)
        if kind is SECRET and not (managed and name):
            # This feed has every Secret of the cluster: one of ours whose labels were taken off is still ours.
            suffix = names.credentials("")
            base = metadata["name"].removesuffix(suffix)
            known = self._families.get(Key(namespace, base)) if metadata["name"].endswith(suffix) else None
            if known is not None and known.find(SECRET, metadata["name"]) is not None:
                return known
            self._foreign_secret(namespace, metadata["name"])
            return None
        if name is None:
            return None
        return self._family(Key(intern(namespace), intern(name)))

    def _seen_child(self, family: Family, kind: Kind, obj: Object) -> None:
        metadata = obj["metadata"]
        old = family.find(kind, metadata["name"])
        if old is not None and int(metadata["resourceVersion"]) <= old.version:
            return  # most often the echo of our own write
        new = see(kind, obj)
        if old is not None:
            new.whole = old.whole
        self._put(family, old, new)

    def _put(self, family: Family, old: Seen | None, new: Seen) -> None:
        if old is None:
            family.children.append(new)
        else:
            family.children[family.children.index(old)] = new
        if old is None or new.differs_from(old):
            state_only = old is not None and _same_but_state(old, new)
            if not state_only:
                family.settled = None
            self._changed(family.key, STATE_S if state_only else SOON_S)

    def _seen_pod(self, family: Family, obj: Object) -> None:
        pod = see_pod(obj)
        if pod is None:
            return
        for place, old in enumerate(family.pods):
            if old.name == pod.name:
                if old == pod:
                    return
                family.pods[place] = pod
                break
        else:
            family.pods.append(pod)
        self._changed(family.key, STATE_S)

    def _seen_claim(self, family: Family, obj: Object) -> None:
        claim = see_claim(obj)
        if claim is None:
            return
        for place, old in enumerate(family.claims):
            if old.name == claim.name:
                if old == claim:
                    return
                family.claims[place] = claim
                break
        else:
            family.claims.append(claim)
        self._changed(family.key, STATE_S)

    def _drop_if_empty(self, family: Family) -> None:
        if family.empty:
            self._families.pop(family.key, None)


def _is_of_pictures(claim: Object) -> bool:
    """The one claim that the operator makes itself; the others are made, and taken away, with their StatefulSets."""
    return bool((claim["metadata"].get("labels") or {}).get(names.COMPONENT_LABEL) == "images")


def _same_but_state(old: Seen, new: Seen) -> bool:
    return (
        old.hash == new.hash
        and old.fields is new.fields
        and old.uid == new.uid
        and old.owner == new.owner
        and old.fixed == new.fixed
        and old.deleting == new.deleting
        and old.component == new.component
    )


def _packed(value: object) -> bytes:
    """As JSON, in no more memory than it takes: what `orjson` answers sits in a block of 4 KiB."""
    return bytes(memoryview(orjson.dumps(value)))


def _essence(obj: Object) -> dict[str, Any]:
    """The resource without status and without what the API server keeps for itself."""
    metadata = obj["metadata"]
    kept: dict[str, Any] = {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
    kept["generation"] = metadata.get("generation", 0)
    kept["creationTimestamp"] = metadata.get("creationTimestamp")
    annotations = {
        name: value for name, value in (metadata.get("annotations") or {}).items() if not name.startswith("kubectl.kubernetes.io/")
    }
    if annotations:
        kept["annotations"] = annotations
    if metadata.get("labels"):
        kept["labels"] = metadata["labels"]
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": kept, "spec": obj.get("spec") or {}}
