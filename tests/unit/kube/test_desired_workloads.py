"""The API and the workers: what they run, what they are told, how they come and go."""

from __future__ import annotations

import orjson
import pytest
from tests.unit.kube.desired_cases import settings, situation
from tests.unit.kube.desired_making import API, DATABASE, NAME, REDIS, SECRET, WORKER, Objects, story, text

from octavo_core.errors import Misconfigured
from octavo_core.spec import parse_resource
from octavo_operator import names
from octavo_operator.resource import Scale


def test_api_and_workers_are_told_where_their_stores_are() -> None:
    objects = Objects(story())
    for name in (API, WORKER):
        variables = objects.variables(name)
        assert variables["OCTAVO_GENERATORS"] == NAME
        assert variables["OCTAVO_DATABASE_URL"] == (SECRET, names.DATABASE_URL_KEY)
        assert variables["OCTAVO_REDIS_URL"] == (SECRET, names.REDIS_URL_KEY)
        assert variables["OCTAVO_LOG_FORMAT"] == "json"


def test_only_the_api_can_tell_the_activators_jobs_from_others() -> None:
    objects = Objects(story())
    assert objects.variables(API)["OCTAVO_FORWARDING_KEY"] == (SECRET, names.FORWARDING_KEY)
    assert "OCTAVO_FORWARDING_KEY" not in objects.variables(WORKER)


def test_external_stores_come_from_the_secrets_of_a_person_and_nothing_is_run() -> None:
    ref = {"external": {"secretRef": {"name": "shared", "key": "redis"}}}
    objects = Objects(story(redis=ref, database={"external": {"secretRef": {"name": "shared", "key": "db"}}}))
    assert objects.variables(API)["OCTAVO_REDIS_URL"] == ("shared", "redis")
    assert objects.variables(WORKER)["OCTAVO_DATABASE_URL"] == ("shared", "db")
    assert {m["kind"] for m in objects.manifests} == {
        *("ServiceAccount", "Secret", "ConfigMap", "NetworkPolicy", "Service", "Deployment"),
    }
    assert set(objects.get("Secret", SECRET)["data"]) == {names.FORWARDING_KEY}


def test_the_keys_of_providers_reach_the_workers_alone() -> None:
    ref = {"secretRef": {"name": "xai", "key": "apiKey"}}
    objects = Objects(text({"credentials": ref}, {"credentials": ref}, {"credentials": {"env": "OTHER"}}))
    assert objects.variables(WORKER)["OCTAVO_SECRET_XAI_APIKEY"] == ("xai", "apiKey")
    assert [v["name"] for v in objects.container(WORKER)["env"]].count("OCTAVO_SECRET_XAI_APIKEY") == 1
    assert not any(name.startswith("OCTAVO_SECRET_") for name in objects.variables(API))


def test_two_secrets_that_would_stand_in_one_variable_are_refused() -> None:
    first, second = {"name": "a-b", "key": "c"}, {"name": "a", "key": "b.c"}
    with pytest.raises(Misconfigured, match=r"a-b, key c, and a, key b\.c, .* OCTAVO_SECRET_A_B_C"):
        Objects(text({"credentials": {"secretRef": first}}, {"credentials": {"secretRef": second}}))


def test_tokens_of_the_platform_are_checked_with_its_keys() -> None:
    by = settings(jwks_url="http://auth/jwks.json", issuer="https://id.example.org")
    asked = Objects(story(auth={"mode": "jwt"}), by=by).variables(API)
    assert (asked["OCTAVO_JWKS_URL"], asked["OCTAVO_ISSUER"]) == ("http://auth/jwks.json", "https://id.example.org")
    open_to_all = Objects(story(), by=by).variables(API)
    assert open_to_all["OCTAVO_JWKS_URL"] == "http://auth/jwks.json", "a token that is brought still says whose the work is"
    assert "OCTAVO_JWKS_URL" not in Objects(story()).variables(API)


def test_platform_wide_events_and_traces_are_passed_on() -> None:
    objects = Objects(story(), by=settings(events_redis_secret="events", otlp_endpoint="http://collector:4318"))
    for name in (API, WORKER):
        assert objects.variables(name)["OCTAVO_EVENTS_REDIS_URL"] == ("events", "redis-url")
        assert objects.variables(name)["OCTAVO_OTLP_ENDPOINT"] == "http://collector:4318"
    (reference,) = [v["valueFrom"]["secretKeyRef"] for v in objects.container(API)["env"] if v["name"] == "OCTAVO_EVENTS_REDIS_URL"]
    assert reference["optional"] is True, "a namespace without it still gets its generator"


def test_a_rollout_of_the_api_never_has_less_than_it_should() -> None:
    assert Objects(story()).workload(API)["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_work_goes_on_while_workers_are_rolled_out_unless_a_device_is_needed() -> None:
    def rolling(**resources: object) -> object:
        return Objects(story(workers={"resources": resources})).workload(WORKER)["spec"]["strategy"]["rollingUpdate"]

    assert rolling() == {"maxSurge": "25%", "maxUnavailable": 0}
    assert rolling(limits={"nvidia.com/gpu": 1}) == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_worker_has_the_time_to_drain() -> None:
    spec = Objects(story(workers={"drainSeconds": 600})).template(WORKER)["spec"]
    assert spec["terminationGracePeriodSeconds"] > 600


def test_an_engine_on_torch_has_its_own_image() -> None:
    def image(name: str, model: str) -> object:
        resource = parse_resource(
            {
                "apiVersion": "octavo.dev/v1alpha1",
                "kind": "GeneratorService",
                "metadata": {"name": NAME},
                "spec": {"task": "story", "engine": {"name": name, "model": model}},
            }
        )
        return Objects(resource, by=settings(image_worker="plain", image_worker_torch="torch")).container(WORKER)["image"]

    assert image("transformers", "hf://a/b@v1") == "torch"
    assert image("ctranslate2", "builtin://tiny-stories") == "plain"


class TestResources:
    by = settings(resources_worker={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "4Gi"}})

    def of(self, **given: object) -> object:
        return Objects(story(workers={"resources": given}), by=self.by).container(WORKER)["resources"]

    def test_are_the_operators_where_none_are_given(self) -> None:
        assert self.of() == {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "4Gi"}}

    def test_that_are_given_win_by_name_and_no_default_limit_contradicts_them(self) -> None:
        assert self.of(requests={"memory": "16Gi"}) == {"requests": {"memory": "16Gi", "cpu": "1"}}
        assert self.of(limits={"nvidia.com/gpu": 1}) == {
            "requests": {"cpu": "1", "memory": "1Gi"},
            "limits": {"nvidia.com/gpu": "1", "memory": "4Gi"},
        }


def test_pods_of_one_side_spread_over_nodes_and_never_wait_for_one() -> None:
    for name in (API, WORKER):
        constraints = Objects(story()).template(name)["spec"]["topologySpreadConstraints"]
        assert {c["topologyKey"] for c in constraints} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        assert {c["whenUnsatisfiable"] for c in constraints} == {"ScheduleAnyway"}


def test_priority_is_the_resources_else_the_operators() -> None:
    def priorities(**spec: object) -> dict[str, str | None]:
        objects = Objects(story(**spec), by=settings(priority_class_name="all"))
        return {name: objects.template(name)["spec"].get("priorityClassName") for name in (API, REDIS, DATABASE, WORKER)}

    assert priorities() == dict.fromkeys((API, REDIS, DATABASE, WORKER), "all")
    given = priorities(api={"priorityClassName": "in-front"}, workers={"priorityClassName": "behind"})
    assert given == {API: "in-front", REDIS: "in-front", DATABASE: "in-front", WORKER: "behind"}, "the API is nothing without its stores"


def test_a_disruption_budget_only_where_a_pod_is_left_to_answer() -> None:
    assert ("PodDisruptionBudget", API) not in Objects(story())
    budget = Objects(story(api={"replicas": 2})).get("PodDisruptionBudget", API)
    assert budget["spec"]["maxUnavailable"] == 1
    # asleep it stays: taking it away and making it anew would be two writes for nothing
    assert ("PodDisruptionBudget", API) in Objects(story(api={"replicas": 2}), situation(scale=Scale(api=0, workers=0, stores=False)))


def test_the_file_of_the_processes_holds_what_they_read() -> None:
    resource = story(workers={"concurrency": 4, "max": 3}, jobs={"maxAttempts": 5}, api={"replicas": 3})
    (document,) = orjson.loads(Objects(resource).get("ConfigMap", names.config(NAME))["data"]["generators.json"])
    read = parse_resource(document)
    assert (read.name, read.metadata.namespace) == (NAME, "stories")
    assert (read.spec.engine, read.spec.jobs, read.spec.workers.concurrency) == (resource.spec.engine, resource.spec.jobs, 4)
    assert document["spec"].keys() == {"task", "engine", "jobs", "workers"}
    assert document["spec"]["workers"] == {"concurrency": 4}
