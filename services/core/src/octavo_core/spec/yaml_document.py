"""YAML read with care: no tags, no duplicate keys, bounded depth and bounded growth by aliases, and the line of every value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from octavo_core.spec.faults import Location, dotted

MAX_DEPTH = 40
MAX_NODES = 50_000
"""Values after aliases are followed: an alias bomb of a few hundred bytes stands for billions."""


class InvalidYamlError(Exception):
    """What is wrong with the text as YAML; `line` counts from 1, None where it is not known."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """The value as Python has it, and the line (from 1) at which each place begins; `()` is the document itself."""

    value: object
    lines: dict[Location, int]


def read_documents(text: str) -> Iterator[Document]:
    """The documents of a text in order, empty ones left out. Raises `InvalidYamlError`."""
    # the pure Python loader on purpose: the one in C overflows its stack on deep nesting
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        while loader.check_node():
            node = loader.get_node()
            if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
                continue
            lines: dict[Location, int] = {}
            _Walk(lines).visit(node, (), ())
            yield Document(loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidYamlError(f"is not valid YAML: {error.problem or error.context}", mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InvalidYamlError(f"is not valid YAML: {str(error).splitlines()[0][:200]}", None) from None
    except RecursionError:
        raise InvalidYamlError("is nested too deeply", None) from None
    finally:
        if loader is not None:
            loader.dispose()


class _Walk:
    """One pass over the nodes before anything is built of them."""

    def __init__(self, lines: dict[Location, int]) -> None:
        self._lines = lines
        self._count = 0

    def visit(self, node: yaml.Node, location: Location, above: tuple[int, ...]) -> None:
        line = node.start_mark.line + 1
        self._count += 1
        if self._count > MAX_NODES:
            raise InvalidYamlError(f"stands for more than {MAX_NODES} values once its aliases are followed", line)
        if id(node) in above:
            raise InvalidYamlError("an alias refers to something that it is itself part of", line)
        if len(above) >= MAX_DEPTH:
            raise InvalidYamlError("is nested too deeply", line)
        self._lines.setdefault(location, line)
        above = (*above, id(node))
        if isinstance(node, yaml.SequenceNode):
            for index, child in enumerate(node.value):
                self.visit(child, (*location, index), above)
        elif isinstance(node, yaml.MappingNode):
            self._mapping(node, location, above)

    def _mapping(self, node: yaml.MappingNode, location: Location, above: tuple[int, ...]) -> None:
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise InvalidYamlError("a name must be text, not a list or a mapping", line)
            place = (*location, key.value)
            if key.value in seen:
                raise InvalidYamlError(f"{dotted(place)} is given twice, first in line {seen[key.value]}", line)
            seen[key.value] = line
            self._lines.setdefault(place, line)
            self.visit(value, place, above)
