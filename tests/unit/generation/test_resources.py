"""The file in which a process finds its generators."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from tests.servers.generators import generator, text_generator

from octavo_core.errors import InvalidResource, Misconfigured
from octavo_core.spec import parse_resource
from octavo_generation.completing import FromEnvironment
from octavo_generation.process import named_resources
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


def test_a_process_started_by_hand_takes_what_an_image_generator_leaves_out_from_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "generators.json"
    file.write_bytes(orjson.dumps([generator("images", task="image"), text_generator("text", "http://h/v1")]))
    monkeypatch.setenv("ENABLED_PROVIDERS", "flux_schnell")
    images, text = named_resources(str(file), "images,text")
    assert [provider.name for provider in images.spec.providers or ()] == ["flux_schnell"]
    assert text == parse_resource(text_generator("text", "http://h/v1"))
    monkeypatch.setenv("ENABLED_PROVIDERS", "geheim")
    with pytest.raises(Misconfigured, match="ENABLED_PROVIDERS") as caught:
        named_resources(str(file), "images")
    assert "geheim" not in caught.value.message


def test_what_was_completed_once_is_complete(tmp_path: Path) -> None:
    file, variables = tmp_path / "generators.json", {"ENABLED_PROVIDERS": "flux_schnell", "BLOCKED_WORDS": "a,b"}
    file.write_bytes(orjson.dumps([generator("images", task="image")]))
    completed = read_generators_file(file, FromEnvironment(variables))
    write_generators_file(file, completed)
    assert read_generators_file(file, FromEnvironment({**variables, "ENABLED_PROVIDERS": "dalle3"})) == completed
