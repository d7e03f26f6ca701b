"""Files are read with care, and a fault names its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo_core.errors import InvalidResource
from octavo_core.spec import load_resources

HEAD = "apiVersion: octavo.dev/v1alpha1\nkind: GeneratorService\n"
SOUND = HEAD + "metadata: {name: one}\nspec:\n  task: text\n  providers: [{name: a, type: fake}]\n"


def refused(source: str | Path) -> InvalidResource:
    with pytest.raises(InvalidResource) as caught:
        load_resources(source)
    return caught.value


def test_several_documents_and_empty_ones() -> None:
    text = f"---\n{SOUND}---\n# nothing here\n---\n{SOUND.replace('one', 'two')}---\n"
    assert [resource.name for resource in load_resources(text)] == ["one", "two"]


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(SOUND.replace("one", "b"))
    (tmp_path / "a.yml").write_text(SOUND.replace("one", "a"))
    (tmp_path / "notes.txt").write_text("not yaml: [")
    assert [resource.name for resource in load_resources(tmp_path)] == ["a", "b"]


def test_a_name_of_a_file_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("\ufeff" + SOUND)
    assert load_resources(str(file)) == load_resources(file) == load_resources(SOUND)


def test_every_fault_of_every_document_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(SOUND.replace("fake", "fakes") + "---\n" + SOUND.replace("one", "two") + "  workers:\n    min: 3\n    max: 2\n")
    error = refused(file)
    assert [fault.path for fault in error.faults] == ["spec.providers[0].type", "spec.workers.min"]
    first, second = error.message.splitlines()
    assert first.startswith(f"{file} line 6: spec.providers[0].type: `fakes` is not one of the choices; did you mean `fake`?")
    assert second == f"{file} line 15: spec.workers.min: workers.min may not exceed workers.max"


def test_what_is_missing_is_at_the_line_of_what_lacks_it() -> None:
    assert refused(SOUND.replace("  task: text\n", "")).message.startswith("text line 4: spec.task: is needed")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SOUND + "spec: {}\n", "text line 7: spec is given twice, first in line 4"),
        (SOUND + "  workers: {min: 1, min: 2}\n", "spec.workers.min is given twice"),
        ("a: [1\nb: 2", "is not valid YAML"),
        ("a: &a [*a]", "part of"),
        ("[" * 5_000, "nested too deeply"),
        ("a: " + "[" * 60 + "]" * 60, "nested too deeply"),
        ("? [a, b]\n: 1", "a name must be text"),
        ("a: !!python/object/apply:os.system [id]", "is not valid YAML"),
        ("a: 2024-99-99", "is not valid YAML"),
        ("a: \x00", "is not valid YAML"),
        ("", "there is no GeneratorService in it"),
        ("# only a comment\n", "there is no GeneratorService in it"),
        ("just text", "must be a mapping"),
        (SOUND + "---\napiVersion: v1\nkind: Secret\n", "text line 9: kind: `Secret` is not a kind that Octavo reads"),
        (SOUND + "---\n" + SOUND, "the other is at text line 1"),
        ("a" * ((1 << 20) + 1), "larger than 1024 KiB"),
    ],
)
def test_what_is_refused_before_it_is_read(text: str, message: str) -> None:
    assert message in refused(text).message


def test_an_alias_bomb_is_refused_before_it_is_built() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "once its aliases are followed" in refused("\n".join(lines)).message


def test_an_honest_alias_is_welcome() -> None:
    text = HEAD + (
        "metadata: {name: one}\nspec:\n  task: text\n  providers: [{name: a, type: fake}]\n"
        "  api: {resources: &r {requests: {cpu: 1}}}\n  workers: {resources: *r}\n"
    )
    spec = load_resources(text)[0].spec
    assert spec.api.resources == spec.workers.resources


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none.yaml").message
    assert "no GeneratorService" in refused(tmp_path).message
    (tmp_path / "latin.yaml").write_bytes("# se\xf1or".encode("latin-1"))
    assert "not UTF-8" in refused(tmp_path / "latin.yaml").message
