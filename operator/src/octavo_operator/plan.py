"""From what is wanted and what is there to the few writes that lead from one to the other; nothing where they agree.

Pure. Who acts on a plan applies in the order given, then deletes, and looks again when something has changed: a child that is
going away, or that has to go before it can come back in another shape, is applied by a later plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from octavo_operator import names
from octavo_operator.resource import Child, Manifest, Reference


@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply of one manifest."""

    manifest: Manifest

    @property
    def reference(self) -> Reference:
        return reference_of(self.manifest)


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletion of one child, with its uid as precondition: another object that has taken the name since is spared."""

    reference: Reference
    uid: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A write that would do harm or cannot succeed; `message` says to a person why, and how to mend it."""

    reference: Reference
    message: str
    foreign: bool
    """Whether the name is taken by an object that is not this generator's; False: our own cannot be changed as wanted."""


@dataclass(frozen=True, slots=True)
class Plan:
    applies: tuple[Apply, ...] = ()
    deletes: tuple[Delete, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.applies and not self.deletes


def plan(desired: Sequence[Manifest], children: Mapping[Reference, Child]) -> Plan:
    """`desired` as `desired()` gives it, in its order; `children` are all that carry this generator's labels or wanted names."""
    applies: list[Apply] = []
    deletes: list[Delete] = []
    refused: list[Refused] = []
    wanted: set[Reference] = set()
    for manifest in desired:
        reference = reference_of(manifest)
        wanted.add(reference)
        child = children.get(reference)
        if child is None:
            applies.append(Apply(manifest))
        elif not child.owned:
            refused.append(Refused(reference, _foreign(reference), foreign=True))
        elif child.deleting:
            continue
        elif child.fixed is not None and child.fixed != _annotation(manifest, names.FIXED_ANNOTATION):
            if child.component == "redis":
                # what it holds can be lost, and a Service of its pods finds the next one
                deletes.append(Delete(reference, child.uid))
            else:
                refused.append(Refused(reference, _fixed(reference), foreign=False))
        elif child.drifted or child.hash != _annotation(manifest, names.HASH_ANNOTATION):
            applies.append(Apply(manifest))
    deletes += [
        Delete(reference, child.uid)
        for reference, child in sorted(children.items(), key=lambda item: _order(item[0]))
        if reference not in wanted and child.owned and not child.deleting and not child.kept
    ]
    return Plan(tuple(applies), tuple(deletes), tuple(refused))


def reference_of(manifest: Manifest) -> Reference:
    return Reference(manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"])


def _annotation(manifest: Manifest, key: str) -> str | None:
    value: str | None = manifest["metadata"].get("annotations", {}).get(key)
    return value


def _order(reference: Reference) -> tuple[str, str, str]:
    return (reference.kind, reference.name, reference.api_version)


def _foreign(reference: Reference) -> str:
    return (
        f"{reference.kind} {reference.name} is there already and does not belong to this generator; "
        "it is left alone. Rename or delete it, or give the generator another name"
    )


def _fixed(reference: Reference) -> str:
    return (
        f"{reference.kind} {reference.name} was made with another volume or storage class, which cannot change in place, and its data "
        "are not thrown away for it. Undo the change, or move the jobs to a generator of a new name"
    )
