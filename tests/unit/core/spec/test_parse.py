"""Parsing tells everything at once, and tells it so that a person can act."""

from __future__ import annotations

import pytest
from tests.unit.core.spec.documents import ENGINE, PROVIDER, Document, provider, resource, story, text

from octavo_core.errors import Fault, InvalidResource
from octavo_core.spec import parse_resource


def faults(document: Document) -> dict[str, Fault]:
    with pytest.raises(InvalidResource) as caught:
        parse_resource(document)
    found = {fault.path: fault for fault in caught.value.faults}
    assert len(found) == len(caught.value.faults), "no fault is said twice"
    return found


def test_faults_of_fields_do_not_hide_broken_rules() -> None:
    found = faults(
        resource(
            task="text",
            engine=ENGINE,
            providers=[PROVIDER, {"name": "b", "type": "openai", "timeoutSeconds": 0}],
            workers={"min": 4, "max": 2, "drainSeconds": -1},
            auth={"mode": "oidc"},
            jobs={"maxAttempts": "3"},
        )
    )
    assert set(found) == {
        "spec.providers[1].timeoutSeconds",
        "spec.providers[1].model",
        "spec.workers.drainSeconds",
        "spec.workers.min",
        "spec.auth.issuer",
        "spec.jobs.maxAttempts",
    }


def test_broken_rules_inside_do_not_hide_those_outside() -> None:
    found = faults(text(workers={"min": 4, "max": 2}, audiences={"adult": {}}))
    assert set(found) == {"spec.workers.min", "spec.audiences"}


def test_a_rule_over_a_faulty_field_is_silent() -> None:
    assert set(faults(story(workers={"min": 4, "max": "2"}))) == {"spec.workers.max"}
    assert set(faults(resource(task="story", engine={"name": "sketch"}))) == {"spec.engine.model"}


def test_a_fault_of_a_list_entry_keeps_its_index() -> None:
    found = faults(text("no provider", {**PROVIDER, "type": "grok"}, {**PROVIDER, "name": "C"}))  # type: ignore[arg-type]
    assert set(found) == {"spec.providers[0]", "spec.providers[1].type", "spec.providers[2].name"}


def test_what_is_allowed_is_said() -> None:
    assert faults(story(workers={"max": 0}))["spec.workers.max"].allowed == "a whole number from 1 to 1000"
    assert faults(provider(type="x"))["spec.providers[0].type"].allowed == (
        "one of xai, openai, azure-openai, openai-compatible, anthropic, flux, stability, automatic1111, midjourney, sketch, fake"
    )
    assert faults(story(moderation={"on": True}))["spec.moderation.on"].allowed == "enabled, blockedWords, provider"
    assert faults(story(moderation={"enabled": 1}))["spec.moderation.enabled"].allowed == "true or false"


def test_the_message_stands_for_itself() -> None:
    with pytest.raises(InvalidResource) as caught:
        parse_resource(story(workers={"max": 0}, jobs={"leaseSeconds": 1}))
    assert caught.value.message.splitlines() == [
        "spec.jobs.leaseSeconds: 1 is too small (allowed: a whole number from 2 to 600)",
        "spec.workers.max: 0 is too small (allowed: a whole number from 1 to 1000)",
    ]
    assert caught.value.code == "invalid_resource"


def test_a_key_pasted_in_the_wrong_place_is_not_repeated() -> None:
    for document in (
        provider(credentials={"env": "sk-very/secret"}),
        provider(baseUrl="https://user:sk-very/secret@host"),
        provider(credentials={"secretRef": {"name": "sk-very/secret", "key": "k"}}),
        provider(credentials="sk-very/secret"),
        provider(apiKey="sk-very/secret"),
    ):
        assert "very" not in str(faults(document))


def test_python_names_are_not_yaml_names() -> None:
    assert set(faults(provider(base_url="http://host"))) == {"spec.providers[0].base_url"}


def test_an_object_from_the_api_server_is_read() -> None:
    document = story()
    document["metadata"] |= {
        "namespace": "bar",
        "uid": "0",
        "resourceVersion": "12",
        "generation": 3,
        "creationTimestamp": "2025-01-01T00:00:00Z",
        "finalizers": ["octavo.dev/data"],
        "ownerReferences": [{"kind": "Blog", "name": "x"}],
        "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}],
        "labels": {"app.kubernetes.io/part-of": "octavo"},
    }
    document["status"] = {
        "observedGeneration": 3,
        "conditions": [{"type": "Ready", "status": "False", "reason": "ImagePullBackOff", "message": "no such image"}],
        "workers": {"ready": 0, "desired": 1, "selector": "app.kubernetes.io/instance=demo"},
        "queue": {"queued": 1, "running": 0, "delayed": 0, "oldestSeconds": 1.5},
    }
    read = parse_resource(document)
    assert read.status is not None
    ready = read.status.condition("Ready")
    assert ready is not None
    assert ready.reason == "ImagePullBackOff"
    assert read.status.condition("Sleeping") is None


def test_a_name_that_is_no_identifier_is_quoted_in_the_path() -> None:
    assert 'metadata.labels["a/b"]' in faults({**story(), "metadata": {"name": "demo", "labels": {"a/b": 1}}})


def test_what_is_not_a_mapping_is_refused() -> None:
    with pytest.raises(InvalidResource, match="must be a mapping"):
        parse_resource(["a"])  # type: ignore[arg-type]
