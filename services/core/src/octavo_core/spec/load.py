"""GeneratorServices from YAML files: bounded, without surprises, and every fault with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from octavo_core.errors import Fault, InvalidResource
from octavo_core.spec.faults import Located, Location
from octavo_core.spec.parse import examine, in_words
from octavo_core.spec.resource import GeneratorService

MAX_BYTES = 1 << 20
"""A GeneratorService is a page of text; etcd itself takes no object above 1.5 MiB."""


Completed = Callable[[object], object]
"""From a document as it was written to the one that counts; what is no GeneratorService comes back as it is."""


def load_resources(source: str | Path, completed: Completed | None = None) -> list[GeneratorService]:
    """The resources of a YAML file (one or more documents), of all YAML files of a folder, or of a text.

    A `Path` is a file or a folder; a `str` is YAML text, unless it is one line that ends with `.yaml`, `.yml` or `.json`. `completed` adds
    what documents leave out before they are checked.
    Raises `InvalidResource` with every fault of every document, each line of its message with file and line number.
    """
    wrong: list[tuple[str, int | None, Located]] = []
    resources: list[GeneratorService] = []
    places: dict[tuple[str | None, str], str] = {}
    for name, text in _texts(source):
        for lines, found in _documents(name, text, completed):
            if not isinstance(found, GeneratorService):
                placed = [(name, _line(lines, item.location), item) for item in found]
                wrong += sorted(placed, key=lambda entry: entry[1] or 0)
                continue
            key = (found.metadata.namespace, found.name)
            place = f"{name} line {lines.get((), 1)}"
            if key in places:
                fault = Fault("metadata.name", f"there are two generators of the name {found.name}; the other is at {places[key]}")
                wrong.append((name, _line(lines, ("metadata", "name")), Located(("metadata", "name"), fault)))
                continue
            places[key] = place
            resources.append(found)
    if wrong:
        raise InvalidResource(
            "\n".join(f"{name}{f' line {line}' if line else ''}: {in_words(item)}" for name, line, item in wrong),
            faults=tuple(item.fault for _, _, item in wrong),
        )
    if not resources:
        raise _refused(str(source) if isinstance(source, Path) else "text", "there is no GeneratorService in it")
    return resources


def _refused(name: str, message: str) -> InvalidResource:
    return InvalidResource(f"{name}: {message}", faults=(Fault("", message),))


def _texts(source: str | Path) -> Iterator[tuple[str, str]]:
    if isinstance(source, str):
        if "\n" in source or not source.endswith((".yaml", ".yml", ".json")):
            yield "text", _bounded("text", source.encode())
            return
        source = Path(source)
    files = sorted(path for path in source.iterdir() if path.suffix in {".yaml", ".yml"}) if source.is_dir() else [source]
    for path in files:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise _refused(str(path), f"cannot be read: {error.strerror}") from None
        yield str(path), _bounded(str(path), data)


def _bounded(name: str, data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _refused(name, f"is larger than {MAX_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(name, "is not UTF-8 text") from None


def _documents(name: str, text: str, completed: Completed | None) -> Iterator[tuple[dict[Location, int], GeneratorService | list[Located]]]:
    # YAML takes a third of this package's import time, and the processes that get their spec as JSON do without
    from octavo_core.spec.yaml_document import InvalidYamlError, read_documents

    try:
        for document in read_documents(text):
            yield document.lines, examine(document.value if completed is None else completed(document.value))
    except InvalidYamlError as error:
        where = f"{name} line {error.line}" if error.line else name
        raise _refused(where, str(error)) from None


def _line(lines: dict[Location, int], location: Location) -> int | None:
    """The line of a place, or of the nearest thing above it that stands in the file."""
    places: Iterable[Location] = (location[:depth] for depth in range(len(location), -1, -1))
    return next((lines[place] for place in places if place in lines), None)
