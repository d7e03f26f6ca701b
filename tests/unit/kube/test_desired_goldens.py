"""What generators become is what the files say; who changes a builder writes them anew and reads the difference."""

from __future__ import annotations

import pytest
import yaml
from tests.unit.kube.desired_cases import CASES, FOLDER, Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_files_say_what_is_made(case: Case) -> None:
    remedy = "run `python -m tests.unit.kube.desired_cases`"
    assert case.path.read_text(encoding="utf-8") == case.golden(), remedy
    assert list(yaml.safe_load_all(case.golden())) == [dict(manifest) for manifest in case.manifests()]


def test_no_file_is_left_over() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {case.path.name for case in CASES}


def test_the_default_generator_is_ten_objects() -> None:
    """ADR 8 counts them: each costs the API server a write, and its controllers some more."""
    made = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in CASES[0].manifests()]
    assert made == [
        ("ServiceAccount", "tiny-stories"),
        ("Secret", "tiny-stories-credentials"),
        ("ConfigMap", "tiny-stories-config"),
        ("NetworkPolicy", "tiny-stories"),
        ("Service", "tiny-stories-stores"),
        ("StatefulSet", "tiny-stories-redis"),
        ("StatefulSet", "tiny-stories-db"),
        ("Service", "tiny-stories-api"),
        ("Deployment", "tiny-stories-api"),
        ("Deployment", "tiny-stories-worker"),
    ]
