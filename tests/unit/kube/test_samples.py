"""Who is answered for by the fake providers, what stays missing all the same, and that it is said."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from tests.unit.kube.desired_cases import document, secret, settings, situation
from tests.unit.kube.desired_making import API, NAME, WORKER, Objects, text
from tests.unit.kube.status_scenes import look, observed, state
from tests.unit.kube.status_scenes import situation as standing

from octavo_core.spec import GeneratorService, ProviderType, parse_resource
from octavo_core.spec.providers import NEED_KEY
from octavo_generation.providers.profile import profile_of
from octavo_generation.providers.registry import FAKES_URL, SAMPLES, is_fake
from octavo_operator.samples import not_stood_in_for, sampled
from octavo_operator.transitions import transitions

URL = "http://fakes.system.svc:8090"
AT_REST = dict.fromkeys(("db", "redis", "api", "worker"), state(0, 0))
WITH_FAKES = settings(fake_providers_url=URL, namespace="system")


def test_the_operator_knows_who_needs_a_key() -> None:
    assert {kind for kind in get_args(ProviderType) if profile_of(kind).needs_key} == set(NEED_KEY)


@pytest.mark.parametrize(
    ("provider", "missing", "expected"),
    [
        ({"credentials": secret("keys", "one")}, ("keys",), True),
        ({"credentials": secret("keys", "one")}, ("keys: key one",), True),
        ({"credentials": secret("keys", "one")}, ("keys: key two", "others"), False),
        ({"credentials": {**secret("keys", "one"), "env": "OPENAI_API_KEY"}}, ("keys",), True),
        ({"credentials": {"env": "OPENAI_API_KEY"}}, (), True),
        ({}, (), True),
        ({"type": "openai-compatible", "baseUrl": "http://a.b.svc"}, (), False),
        ({"type": "openai-compatible", "baseUrl": "http://a.b.svc", "credentials": secret("keys", "one")}, ("keys",), True),
        ({"type": "fake"}, (), False),
        ({"type": "sketch"}, (), False),
    ],
)
def test_samples_are_given_where_a_key_is_needed_and_not_there(provider: dict[str, Any], missing: tuple[str, ...], expected: bool) -> None:
    resource = text(provider)
    assert sampled(resource, missing, WITH_FAKES) == (("p0",) if expected else ())
    for off in (settings(), settings(fake_providers_url="")):
        assert sampled(resource, missing, off) == (), "without the fake providers nothing stands in"


def pictures(**spec: Any) -> GeneratorService:
    provider = {"name": "grok", "type": "xai", "model": "m", "credentials": secret("keys", "one")}
    return parse_resource(document(NAME, task="image", providers=[provider], **spec))


def test_what_else_refers_to_a_secret_still_misses_it() -> None:
    both = pictures(storage={"encryptionKey": secret("keys", "two")})
    assert not_stood_in_for(pictures(), ("keys",), ["grok"]) == ()
    assert not_stood_in_for(both, ("keys",), ["grok"]) == ("keys",)
    assert not_stood_in_for(both, ("keys: key one", "keys: key two"), ["grok"]) == ("keys: key two",)
    assert not_stood_in_for(pictures(), ("keys",), []) == ("keys",)


def test_pods_are_told_for_whom_and_where_and_ask_for_no_secret_that_is_missing() -> None:
    resource = text({"credentials": secret("a", "k")}, {"credentials": secret("b", "k")})
    objects = Objects(resource, situation(samples=("p1",), fingerprints={"a": "f"}), WITH_FAKES)
    for name in (API, WORKER):
        assert objects.variables(name)[FAKES_URL] == URL
        assert objects.variables(name)[SAMPLES] == "p1"
    assert objects.variables(WORKER)["OCTAVO_SECRET_A_K"] == ("a", "k")
    assert "OCTAVO_SECRET_B_K" not in objects.variables(WORKER)
    reached = [rule["to"] for rule in objects.get("NetworkPolicy", WORKER)["spec"]["egress"]]
    assert [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "system"}}}] in reached


def test_where_every_key_is_there_nothing_speaks_of_samples() -> None:
    resource = text({"credentials": secret("a", "k")})
    objects = Objects(resource, situation(fingerprints={"a": "f"}), WITH_FAKES)
    assert not {FAKES_URL, SAMPLES} & (objects.variables(API).keys() | objects.variables(WORKER).keys())
    assert objects.manifests == Objects(resource, situation(fingerprints={"a": "f"}), settings(namespace="system")).manifests


def test_the_api_believes_the_operator_and_not_its_own_environment() -> None:
    """It gets no key to see, and would take all for missing."""
    (real, sample) = text({"credentials": secret("a", "k")}, {"credentials": secret("b", "k")}).spec.providers or ()
    told = {FAKES_URL: URL, SAMPLES: "p1"}
    assert [is_fake(one, told) for one in (real, sample)] == [False, True]
    assert [is_fake(one, {FAKES_URL: URL, SAMPLES: ""}) for one in (real, sample)] == [False, False]
    assert [is_fake(one, {FAKES_URL: URL}) for one in (real, sample)] == [True, True]
    assert [is_fake(one, {SAMPLES: "p1"}) for one in (real, sample)] == [False, False]


def test_the_status_says_it_awake_and_asleep() -> None:
    awake = look(observed(), at=standing(samples=("grok", "flux")))
    ready = awake.condition("Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("True", "AnswersWithSamples")
    assert "the keys of grok, flux cannot be found" in ready.message
    assert awake.samples == ("grok", "flux")
    at_rest = look(observed(states=AT_REST), at=standing(0, 0, stores=False, stand_in=True, samples=("grok",)), before=awake)
    asleep = at_rest.condition("Ready")
    assert asleep is not None
    assert asleep.reason == "Asleep"
    assert "samples" in asleep.message
    assert look(observed()).samples is None


def test_an_event_tells_of_samples_that_begin_and_end() -> None:
    real = look(observed())
    samples = look(observed(), at=standing(samples=("grok",)), before=real)
    ways = ((None, samples), (real, samples), (samples, samples), (samples, real))
    notes = [(note.type, note.reason) for way in ways for note in transitions(*way)]
    assert notes == [("Warning", "SamplesGiven"), ("Warning", "SamplesGiven"), ("Normal", "SamplesEnded")]
