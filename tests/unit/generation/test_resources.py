"""The file in which a process finds its generators."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.servers.generators import text_generator

from octavo_core.errors import InvalidResource
from octavo_core.spec import parse_resource
from octavo_generation.resources import read_generators_file, write_generators_file


def test_what_was_written_is_read(tmp_path: Path) -> None:
    resources = [parse_resource(text_generator(name, "http://h/v1", limits={"maxPromptChars": 7})) for name in ("one", "two")]
    file = tmp_path / "run" / "generators.json"
    write_generators_file(file, resources)
    assert read_generators_file(file) == resources
    write_generators_file(file, resources[:1])
    assert read_generators_file(file) == resources[:1]
    assert [path.name for path in file.parent.iterdir()] == ["generators.json"], "nothing half written is left"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "generators.json"
    resource = parse_resource(text_generator("one", "http://h/v1"))
    write_generators_file(file, [resource])
    with pytest.raises(AttributeError):
        write_generators_file(file, [None])  # type: ignore[list-item]
    assert read_generators_file(file) == [resource]


def test_a_file_that_was_edited_wrongly(tmp_path: Path) -> None:
    file = tmp_path / "generators.json"
    file.write_text('[{"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": "x"}, "spec": {}}]')
    with pytest.raises(InvalidResource):
        read_generators_file(file)
