"""From a mapping to a GeneratorService, or to every fault that it has at once.

Pydantic asks the rules of an object only when all its fields are sound. To name every fault in one go, what is faulty is cut out
and the rest is asked again; a fault that only the cut caused is not reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from octavo_core.errors import InvalidResource
from octavo_core.spec.faults import Located, Location, broken_rules, fault_at, field_fault, location_of, meant, only_echoes, rule_fault
from octavo_core.spec.resource import API_VERSION, KIND, GeneratorService


def parse_resource(document: Mapping[str, object]) -> GeneratorService:
    """Raises `InvalidResource` with every fault of the document."""
    found = examine(document)
    if isinstance(found, GeneratorService):
        return found
    raise InvalidResource("\n".join(in_words(item) for item in found), faults=tuple(item.fault for item in found))


def in_words(item: Located) -> str:
    """`spec.workers.max: 0 is too small (allowed: a whole number from 1 to 1000)`."""
    fault = item.fault
    return f"{fault.path or 'document'}: {fault.message}" + (f" (allowed: {fault.allowed})" if fault.allowed else "")


def examine(document: object) -> GeneratorService | list[Located]:
    """The resource, or its faults with their places."""
    if not isinstance(document, Mapping):
        return [fault_at((), "must be a mapping of fields", "apiVersion, kind, metadata, spec")]
    kind = document.get("kind")
    if kind is not None and kind != KIND:
        return [fault_at(("kind",), f"`{str(kind)[:60]}` is not a kind that Octavo reads", KIND)]
    faults = [
        fault_at((name,), "is needed and not given", value)
        for name, value in (("apiVersion", API_VERSION), ("kind", KIND))
        if document.get(name) is None
    ]
    rest: Any = document
    cut: set[Location] = set()
    while rest is not None:
        try:
            resource = GeneratorService.model_validate(rest, by_alias=True, by_name=False)
        except ValidationError as error:
            # the input is needed for the words; the URL of pydantic's documentation is not
            details = [detail for detail in error.errors(include_url=False) if not only_echoes(detail)]
            # who wrote `engin` has not forgotten `engine`
            cut |= {place for place in (meant(detail) for detail in details) if place is not None}
            here: set[Location] = set()
            for detail in details:
                location = location_of(detail)
                rules = broken_rules(detail)
                if rules:
                    faults += [rule_fault(location, rule) for rule in rules if not _touches(location, rule.reads, cut)]
                elif location not in cut:
                    faults.append(field_fault(detail))
                here.add(location if location not in cut else location[:-1])
            less = _without(rest, (), here)
            if less == rest and here <= cut:
                break  # a place that cannot be found again, such as a name that is a number
            rest = less
            cut |= here
        else:
            if not faults:
                return resource
            break
    return faults


def _touches(location: Location, reads: Iterable[str], cut: set[Location]) -> bool:
    """Whether a rule of the object at `location` reads something that was cut, wholly or in part."""
    depth = len(location)
    return any(place[: depth + 1] == (*location, name) for name in reads for place in cut)


def _without(value: Any, location: Location, cut: set[Location]) -> Any:
    """The value without the places that are cut. A list that loses an entry goes whole, for its indexes must stay true."""
    if location in cut:
        return None
    if isinstance(value, Mapping):
        kept = {key: _without(child, (*location, key), cut) for key, child in value.items()}
        return {key: child for key, child in kept.items() if child is not None}
    if isinstance(value, list | tuple):
        kept_items = [_without(child, (*location, index), cut) for index, child in enumerate(value)]
        if any(child is None and before is not None for child, before in zip(kept_items, value, strict=True)):
            cut.add(location)
            return None
        return kept_items
    return value
