"""The files beside the templates: the definition, and what Artifact Hub shows."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.charts import helm
from tests.charts.goldens import CASES
from tests.charts.helm import CHARTS, NAMES

from octavo_core.spec import GeneratorService

ROOT = CHARTS.parent
CRDS = CHARTS / "octavo-crds"


def chart_yaml(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHARTS / name / "Chart.yaml").read_text())
    return found


def annotation(name: str, key: str) -> Any:
    return yaml.safe_load(chart_yaml(name)["annotations"][f"artifacthub.io/{key}"])


def test_the_chart_holds_the_definitions_that_are_generated() -> None:
    generated = {path.name: path.read_text() for path in (ROOT / "crds").glob("*.yaml")}
    assert {path.name: path.read_text() for path in (CRDS / "files").glob("*")} == generated, "run ./task charts"


@pytest.mark.needs("helm")
@pytest.mark.parametrize("keep", [True, False])
def test_a_definition_comes_through_the_template_as_it_is(keep: bool) -> None:
    text = helm.render("octavo-crds", *helm.sets({"keep": keep, "labels": {"team": "ai"}, "annotations": {"note": "x"}}))
    (rendered,) = [manifest for manifest in helm.manifests(text) if manifest["kind"] == "CustomResourceDefinition"]
    (source,) = [yaml.safe_load(path.read_text()) for path in (ROOT / "crds").glob("*.yaml")]
    metadata = rendered.pop("metadata")
    own = source.pop("metadata")
    assert rendered == source
    assert metadata["name"] == own["name"]
    assert metadata["labels"].items() >= {**own["labels"], "team": "ai", "app.kubernetes.io/managed-by": "Helm"}.items()
    assert metadata["annotations"] == {"note": "x", **({"helm.sh/resource-policy": "keep"} if keep else {})}


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_has_all_that_a_person_looks_for(name: str) -> None:
    files = {str(path.relative_to(CHARTS / name)) for path in (CHARTS / name).rglob("*") if path.is_file()}
    assert {
        "Chart.yaml",
        "README.md",
        "values.yaml",
        "values.schema.json",
        "values-dev.yaml",
        "values-prod.yaml",
        "templates/NOTES.txt",
    } <= files
    assert [file for file in files if file.startswith("templates/tests/")] != []


@pytest.mark.parametrize("name", NAMES)
def test_the_charts_are_of_one_release(name: str) -> None:
    release = re.search(r'^version = "(.+)"$', (ROOT / "operator" / "pyproject.toml").read_text(), re.MULTILINE)
    assert release is not None
    chart = chart_yaml(name)
    assert (chart["name"], chart["version"], chart["appVersion"]) == (name, release[1], release[1])


@pytest.mark.parametrize("name", NAMES)
def test_artifact_hub_is_told_what_it_asks_for(name: str) -> None:
    chart = chart_yaml(name)
    assert chart["annotations"]["artifacthub.io/license"] == "Apache-2.0"
    assert chart["annotations"]["artifacthub.io/category"] == "ai-machine-learning"
    assert {change["kind"] for change in annotation(name, "changes")} <= {"added", "changed", "deprecated", "removed", "fixed", "security"}
    assert len(chart["description"]) < 200


def test_artifact_hub_is_told_of_the_definition() -> None:
    (source,) = [yaml.safe_load(path.read_text()) for path in (ROOT / "crds").glob("*.yaml")]
    (crd,) = annotation("octavo-crds", "crds")
    assert (crd["kind"], crd["name"]) == (source["spec"]["names"]["kind"], source["metadata"]["name"])
    assert [crd["version"]] == [version["name"] for version in source["spec"]["versions"]]


def test_the_example_for_artifact_hub_is_a_generator() -> None:
    for example in annotation("octavo-crds", "crdsExamples"):
        GeneratorService.model_validate(example)


@pytest.mark.needs("helm")
@pytest.mark.parametrize("name", ["octavo-operator", "octavo-platform"])
def test_artifact_hub_is_told_of_the_images(name: str) -> None:
    default = next(case for case in CASES if str(case) == f"{name}-default").render()
    told = {image["image"] for image in annotation(name, "images")}
    assert all(image in default for image in told)
    named = set(re.findall(r"^\s+(?:image|value): \"?((?:octavo/[a-z-]+|redis|postgres|mariadb|mongo):\S+?)\"?$", default, re.MULTILINE))
    assert told == named


@pytest.mark.needs("helm")
def test_what_is_packed_is_what_is_needed(tmp_path: Path) -> None:
    for name in NAMES:
        helm.helm("package", str(CHARTS / name), "--destination", str(tmp_path))
        with tarfile.open(tmp_path / f"{name}-0.1.0.tgz") as archive:
            packed = {member.name.removeprefix(f"{name}/") for member in archive.getmembers()}
        assert {"values.schema.json", "values-prod.yaml", "README.md"} <= packed
        if name == "octavo-crds":
            assert "files/generatorservices.octavo.dev.yaml" in packed
