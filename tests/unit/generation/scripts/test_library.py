"""The templates that ship, those of a resource, and those of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.servers.generators import generator

from octavo_core.errors import InvalidInput, Misconfigured
from octavo_core.spec import Spec, parse_resource
from octavo_generation.scripts.library import choose, genre_of, read_folder, shipped, templates_of

GENRES = ["drama", "comedy", "thriller", "sci-fi", "horror", "romance", "documentary", "children", "podcast", "commercial", "youtube"]
OWN = {"id": "heist", "genre": "heist", "name": "Heist", "description": "A plan and a vault.", "beats": [{"name": "The plan", "goal": "x"}]}


def spec_with(*templates: dict[str, Any]) -> Spec:
    engine = {"name": "scenes", "model": "builtin://tiny-scripts"}
    return parse_resource(generator("x", task="script", engine=engine, scripts={"templates": list(templates)})).spec


@pytest.mark.parametrize("genre", [*GENRES, "corporate"])
def test_there_is_a_template_for_every_genre_of_the_service(genre: str) -> None:
    template = choose(shipped(), genre, None)
    assert template.genre == template.id == genre
    assert {beat.kind for beat in template.beats} >= {"opening", "ending"}
    assert template.instructions
    assert template.places is not None
    assert len(template.places.en) == len(template.places.es)


@pytest.mark.parametrize(
    ("said", "genre"), [("Sci_Fi", "sci-fi"), ("science fiction", "sci-fi"), ("YouTube", "youtube"), ("drama", "drama")]
)
def test_genres_are_found_as_people_write_them(said: str, genre: str) -> None:
    assert genre_of(said) == genre


def test_a_template_of_ones_own_stands_beside_those_that_ship_or_in_the_place_of_one() -> None:
    templates = templates_of(spec_with(OWN, {**OWN, "id": "drama", "genre": "drama", "name": "My drama"}))
    assert choose(templates, "heist", None).name == "Heist"
    assert choose(templates, "drama", None).name == "My drama"
    assert len(templates) == len(shipped()) + 1


def test_a_template_may_be_named() -> None:
    assert choose(shipped(), "drama", "short-film").id == "short-film"
    with pytest.raises(InvalidInput) as refused:
        choose(shipped(), "drama", "epic")
    assert refused.value.faults[0].path == "template"
    assert "short-film" in str(refused.value.faults[0].allowed)


def test_a_kind_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInput) as refused:
        choose(shipped(), "opera", None)
    assert refused.value.faults[0].path == "script_type"
    assert "drama" in str(refused.value.faults[0].allowed)


def test_a_folder_of_templates(tmp_path: Path) -> None:
    (tmp_path / "heist.yaml").write_text(yaml.safe_dump(OWN))
    (tmp_path / "notes.txt").write_text("not a template")
    assert [one.id for one in read_folder(tmp_path)] == ["heist"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: [", "is not YAML"),
        (yaml.safe_dump({**OWN, "beats": []}), "beats"),
        (yaml.safe_dump({**OWN, "genres": "x"}), "genres"),
        ("x" * 70_000, "larger than"),
    ],
)
def test_a_bad_template_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(Misconfigured, match=said) as refused:
        read_folder(tmp_path)
    assert "bad.yaml" in refused.value.message


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_folder(tmp_path / "nowhere")
