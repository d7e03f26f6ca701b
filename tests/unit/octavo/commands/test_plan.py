"""`octavo plan` shows the operator's own objects: not a second opinion that agrees by luck."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.kube.desired_cases import CASES, MONITORING, PASSWORDS, UID, Case

from octavo.commands import plan
from octavo_core.spec import parse_resource
from octavo_core.spec.document import to_yaml as to_file
from octavo_operator import names
from octavo_operator.desired import desired
from octavo_operator.resource import Manifest, Passwords, Scale, Situation

AT_FIRST = [case for case in CASES if case.situation.stand_in is None]


def as_the_operator_has_it(case: Case) -> tuple[Any, Situation]:
    """The resource with every default that the API server fills in, and what it added; a cluster with all it could have."""
    document = case.resource().model_dump(mode="json", by_alias=True, exclude_none=True)
    document["metadata"] |= {"uid": UID, "generation": 1, "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z"}
    document["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    resource = parse_resource(document)
    scale = Scale(api=resource.spec.api.replicas, workers=resource.spec.workers.min)
    features = frozenset({MONITORING, "gateway.networking.k8s.io"})
    return resource, Situation(uid=UID, scale=scale, passwords=PASSWORDS, features=features)


@pytest.mark.parametrize("case", AT_FIRST, ids=str)
def test_shows_what_the_operator_applies(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "UID", UID)
    resource, situation = as_the_operator_has_it(case)
    same_passwords = Passwords(redis=plan.GENERATED, database=plan.GENERATED, forwarding=plan.GENERATED)
    file = tmp_path / "generator.yaml"
    file.write_text(to_file(case.resource()))
    (read,) = plan.load_resources(file)
    shown = plan.objects(read, case.settings, has=[MONITORING])
    assert shown == desired(resource, replace(situation, passwords=same_passwords), case.settings)
    # and what it prints is that, and no more
    assert list(yaml.safe_load_all(plan.to_yaml(shown))) == [dict(manifest) for manifest in shown]


@pytest.mark.parametrize("case", AT_FIRST, ids=str)
def test_placeholders_change_nothing_but_themselves(case: Case) -> None:
    resource, situation = as_the_operator_has_it(case)
    shown = plan.objects(case.resource(), case.settings, has=[MONITORING])
    applied = desired(resource, situation, case.settings)
    assert [_without_what_is_generated(manifest) for manifest in shown] == [_without_what_is_generated(manifest) for manifest in applied]


def _without_what_is_generated(manifest: Manifest) -> Any:
    plain: Any = yaml.safe_load(yaml.safe_dump(dict(manifest)))
    for owner in plain["metadata"].get("ownerReferences", ()):
        del owner["uid"]
    del plain["metadata"]["annotations"][names.HASH_ANNOTATION]
    if plain["kind"] == "Secret":
        plain["data"] = sorted(plain["data"])
    template = plain.get("spec", {}).get("template")
    if template is not None:
        del template["metadata"]["annotations"][names.HASH_ANNOTATION]
    return plain
