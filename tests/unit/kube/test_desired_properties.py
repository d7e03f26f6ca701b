"""What holds for the objects of every generator, whatever it asks for and however things stand."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.unit.kube.desired_strategies import generators, operator_settings, passwords, situations
from tests.unit.kube.pod_security import violations

from octavo_core.spec import GeneratorService
from octavo_operator import names
from octavo_operator.desired import desired
from octavo_operator.desired.subject import digest
from octavo_operator.plan import reference_of
from octavo_operator.resource import Manifest, Passwords, Situation
from octavo_operator.settings import OperatorSettings

LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

slow = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def workloads(manifests: tuple[Manifest, ...]) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in {"Deployment", "StatefulSet"}]


def text_of(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@slow
@given(generators, situations, operator_settings)
def test_every_object_can_be_found_owned_and_compared(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    manifests = desired(r, s, o)
    assert len({reference_of(manifest) for manifest in manifests}) == len(manifests)
    for manifest in manifests:
        metadata = manifest["metadata"]
        assert metadata["namespace"] == r.metadata.namespace
        assert metadata["labels"].items() >= names.selector(r.name).items()
        assert metadata["labels"][names.MANAGED_BY_LABEL] == names.MANAGER
        if manifest["kind"] == "PersistentVolumeClaim" and "ownerReferences" not in metadata:
            continue  # it was asked to outlive its generator
        (owner,) = metadata["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("GeneratorService", r.name, s.uid, True)
        bare = deepcopy(dict(manifest))
        assert digest(bare) != metadata["annotations"][names.HASH_ANNOTATION]
        del bare["metadata"]["annotations"][names.HASH_ANNOTATION]
        if not bare["metadata"]["annotations"]:
            del bare["metadata"]["annotations"]
        assert digest(bare) == metadata["annotations"][names.HASH_ANNOTATION]


@slow
@given(generators, situations, operator_settings)
def test_names_and_labels_are_as_kubernetes_takes_them(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    manifests = desired(r, s, o)
    for manifest in manifests:
        name = manifest["metadata"]["name"]
        assert (SERVICE_NAME if manifest["kind"] == "Service" else OBJECT_NAME).fullmatch(name), name
        for labels in (manifest["metadata"]["labels"], *(w["spec"]["template"]["metadata"]["labels"] for w in workloads((manifest,)))):
            assert all(LABEL_VALUE.fullmatch(value) for value in labels.values())
        if manifest["kind"] == "StatefulSet":
            # of the longest label that Kubernetes itself puts on its pods: controller-revision-hash
            assert len(name) + 11 <= 63


@slow
@given(generators, situations, operator_settings)
def test_every_pod_may_run_where_restricted_is_enforced(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    for manifest in workloads(desired(r, s, o)):
        template = manifest["spec"]["template"]
        assert violations(template) == []
        assert template["spec"]["automountServiceAccountToken"] is False
        (container,) = template["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()
        bounds = container["resources"]
        assert bounds.get("requests", {}).keys() | bounds.get("limits", {}).keys() >= {"cpu", "memory"}
        volumes = {volume["name"] for volume in template["spec"]["volumes"]}
        claims = {claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates", ())}
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes | claims


@slow
@given(generators, situations, operator_settings)
def test_selectors_find_their_pods_and_no_others(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    manifests = desired(r, s, o)
    pods = {m["metadata"]["name"]: m["spec"]["template"]["metadata"]["labels"] for m in workloads(manifests)}
    for manifest in workloads(manifests):
        found = {name for name, labels in pods.items() if labels.items() >= manifest["spec"]["selector"]["matchLabels"].items()}
        assert found == {manifest["metadata"]["name"]}
    for manifest in manifests:
        if manifest["kind"] == "Service":
            found = {name for name, labels in pods.items() if labels.items() >= manifest["spec"]["selector"].items()}
            stores = {names.redis(r.name), names.database(r.name)} & pods.keys()
            assert found == ({names.api(r.name)} if manifest["metadata"]["name"] == names.api(r.name) else stores)
            assert found
        if manifest["kind"] == "NetworkPolicy" and manifest["metadata"]["name"] == names.policy(r.name):
            selector = manifest["spec"]["podSelector"]["matchLabels"].items()
            assert all(labels.items() >= selector for labels in pods.values())


@slow
@given(generators, situations, operator_settings)
def test_everything_that_a_pod_needs_is_made_or_named_by_a_person(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    manifests = desired(r, s, o)
    made = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}
    named = secret_refs(r.model_dump(by_alias=True, exclude_none=True))
    for manifest in workloads(manifests):
        spec = manifest["spec"]["template"]["spec"]
        assert ("ServiceAccount", spec["serviceAccountName"]) in made
        for kind, name, key in needed(spec):
            if (kind, name) in made:
                assert key in made[kind, name]["data"], (kind, name, key)
            else:
                assert kind == "Secret"
                assert (name, key) in named or (name, key) == (o.events_redis_secret, o.events_redis_key)
        if manifest["kind"] == "StatefulSet":
            assert ("Service", manifest["spec"]["serviceName"]) in made


def needed(spec: Any) -> Iterator[tuple[str, str, str]]:
    for volume in spec["volumes"]:
        if "secret" in volume:
            yield from (("Secret", volume["secret"]["secretName"], item["key"]) for item in volume["secret"]["items"])
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"], "generators.json"
    for variable in spec["containers"][0].get("env", ()):
        if "valueFrom" in variable:
            reference = variable["valueFrom"]["secretKeyRef"]
            yield "Secret", reference["name"], reference["key"]


def secret_refs(value: object) -> set[tuple[str, str]]:
    if isinstance(value, dict):
        own = {(value["secretRef"]["name"], value["secretRef"]["key"])} if "secretRef" in value else set()
        return own.union(*(secret_refs(child) for child in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(secret_refs(child) for child in value))
    return set()


def test_the_order_of_keys_is_no_difference() -> None:
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


@slow
@given(generators, situations, operator_settings)
def test_the_same_input_gives_the_same_objects(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    again = type(r).model_validate(r.model_dump(by_alias=True))
    first, second = desired(r, s, o), desired(again, replace(s, features=frozenset(sorted(s.features))), o)
    assert first == second
    assert json.dumps(first) == json.dumps(second), "the order of keys too, so that files can be compared"


@slow
@given(generators, situations, operator_settings)
def test_the_defaults_that_an_api_server_fills_in_change_nothing(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    whole = r.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert desired(type(r).model_validate(whole), s, o) == desired(r, s, o)


@slow
@given(generators, situations, operator_settings)
def test_passwords_stand_in_the_secret_alone(r: GeneratorService, s: Situation, o: OperatorSettings) -> None:
    secret, rest = None, []
    for manifest in desired(r, s, o):
        if manifest["kind"] == "Secret":
            secret = manifest
        else:
            rest.append(manifest)
    assert secret is not None
    plain = {key: b64decode(value).decode() for key, value in secret["data"].items()}
    assert plain[names.FORWARDING_KEY] == s.passwords.forwarding
    for password in (s.passwords.redis, s.passwords.database, s.passwords.forwarding):
        assert password not in text_of(rest)
    assert not any(value in text_of(rest) for value in secret["data"].values())


@slow
@given(generators, situations, passwords, operator_settings)
def test_a_hash_moves_exactly_with_its_object(r: GeneratorService, s: Situation, other: Passwords, o: OperatorSettings) -> None:
    """Other passwords are a change of the Secret and of all that reads it; what does not, keeps its hash."""
    assume(other != s.passwords)
    before = {reference_of(manifest): manifest for manifest in desired(r, s, o)}
    after = {reference_of(manifest): manifest for manifest in desired(r, replace(s, passwords=other), o)}
    assert before.keys() == after.keys()
    for reference, manifest in before.items():
        hashes = [m["metadata"]["annotations"][names.HASH_ANNOTATION] for m in (manifest, after[reference])]
        assert (hashes[0] == hashes[1]) == (manifest == after[reference])
        if reference.kind in {"ServiceAccount", "ConfigMap", "Service", "NetworkPolicy", "Ingress", "PodDisruptionBudget"}:
            assert hashes[0] == hashes[1]


@slow
@given(generators, situations, operator_settings, st.integers(0, 5), st.integers(0, 5))
def test_scale_changes_replicas_and_no_pod(r: GeneratorService, s: Situation, o: OperatorSettings, api: int, workers: int) -> None:
    scaled = replace(s, scale=replace(s.scale, api=api, workers=workers, stores=not s.scale.stores))
    before, after = workloads(desired(r, s, o)), workloads(desired(r, scaled, o))
    assert [m["spec"]["template"] for m in before] == [m["spec"]["template"] for m in after]
    replicas = {m["metadata"]["name"]: m["spec"]["replicas"] for m in after}
    assert replicas.pop(names.api(r.name)) == api
    assert replicas.pop(names.worker(r.name)) == workers
    assert set(replicas.values()) <= {int(scaled.scale.stores)}
