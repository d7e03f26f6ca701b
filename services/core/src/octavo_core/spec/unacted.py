"""What the resource already has words for and this version does not act on yet. Who makes a field work deletes its line."""

from __future__ import annotations

from dataclasses import dataclass

from octavo_core.errors import Fault
from octavo_core.spec.model import Model
from octavo_core.spec.resource import GeneratorService


@dataclass(frozen=True, slots=True)
class Unacted:
    """A field by its attribute path below `spec`."""

    attributes: tuple[str, ...]


NOT_YET: tuple[Unacted, ...] = (Unacted(("pipeline",)),)


def not_acted_on_yet(resource: GeneratorService) -> list[Fault]:
    """One fault for each field that says something else than its default and that nothing acts on yet. Pure; [] is the good case."""
    faults = []
    for entry in NOT_YET:
        value, default, path = _look(resource.spec, entry.attributes)
        if value != default:
            faults.append(Fault(path, "is accepted, but this version does not act on it yet"))
    return faults


def _look(spec: Model, attributes: tuple[str, ...]) -> tuple[object, object, str]:
    """The value at the path, the field's default, and the path in YAML names."""
    owner, names = spec, ["spec"]
    for attribute in attributes[:-1]:
        names.append(_yaml_name(owner, attribute))
        owner = getattr(owner, attribute)
    last = attributes[-1]
    names.append(_yaml_name(owner, last))
    default = type(owner).model_fields[last].get_default(call_default_factory=True)
    return getattr(owner, last), default, ".".join(names)


def _yaml_name(owner: Model, attribute: str) -> str:
    return type(owner).model_fields[attribute].alias or attribute
