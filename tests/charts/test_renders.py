"""What the charts render to: the goldens, and what must hold whatever the values."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.charts import helm
from tests.charts.goldens import CASES, FOLDER, Case
from tests.charts.helm import CHARTS, Manifest

from octavo_activator.settings import ActivatorSettings
from octavo_operator.settings import OperatorSettings

pytestmark = pytest.mark.needs("helm")

every_case = pytest.mark.parametrize("case", CASES, ids=str)
NOT_FROM_THE_CHART = {
    # The image's own affair, or the laptop's.
    "cors_origins", "database_url", "home", "max_body_bytes", "redis_url", "user_app", "reach",
    # Where its own spans go, if not to a collector; operator.extraEnv reaches them.
    "application_insights", "environment",
    # For the doors of people's services; nobody but the cluster asks the operator anything.
    "edge_burst", "edge_requests_per_minute", "trusted_proxies",
    # Figures that fit all clusters seen; operator.extraEnv reaches them.
    "backlog_busy_seconds", "backlog_idle_seconds", "backlog_timeout_seconds", "http_host", "http_port", "lease_give_up_seconds",
    "lease_renew_seconds", "lease_seconds", "queue_status_seconds", "reconcilers", "resync_seconds", "routes_seconds",
    "status_delay_seconds", "waiting_poll_seconds",
}  # fmt: skip


@functools.cache
def rendered(case: Case) -> tuple[Manifest, ...]:
    return tuple(helm.manifests(case.render()))


def pods(manifests: tuple[Manifest, ...]) -> Iterator[tuple[Manifest, dict[str, Any]]]:
    """Each object that makes pods, with its pod template."""
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield manifest, manifest["spec"]["template"]
        elif manifest["kind"] == "Pod":
            yield manifest, manifest


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


@every_case
def test_the_golden_is_what_is_rendered(case: Case) -> None:
    assert case.path.exists(), "run ./task charts"
    assert case.golden() == case.path.read_text(), "run ./task charts, and read what changes in a cluster"


def test_no_golden_is_left_over() -> None:
    assert set(FOLDER.glob("*/*")) == {case.path for case in CASES}


@every_case
def test_nothing_is_there_twice_and_all_stands_in_a_namespace(case: Case) -> None:
    seen = [(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in rendered(case)]
    assert len(seen) == len(set(seen))
    global_kinds = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
    assert [name for name in seen if (name[0] in global_kinds) != (name[1] is None)] == []


@every_case
def test_every_object_says_what_it_belongs_to(case: Case) -> None:
    for manifest in rendered(case):
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "octavo", manifest["metadata"]["name"]
        assert labels["app.kubernetes.io/instance"] == case.chart
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["helm.sh/chart"] == f"{case.chart}-0.1.0"


@every_case
def test_selectors_find_their_own_pods_and_no_others(case: Case) -> None:
    templates = [(owner["metadata"]["name"], template["metadata"]["labels"]) for owner, template in pods(rendered(case))]

    def found(selector: dict[str, str]) -> list[str]:
        return [name for name, labels in templates if selector.items() <= labels.items()]

    for manifest in of_kind(rendered(case), "Deployment", "StatefulSet"):
        assert found(manifest["spec"]["selector"]["matchLabels"]) == [manifest["metadata"]["name"]]
    for manifest in of_kind(rendered(case), "PodDisruptionBudget"):
        assert len(found(manifest["spec"]["selector"]["matchLabels"])) == 1
    for manifest in of_kind(rendered(case), "NetworkPolicy"):
        assert found(manifest["spec"]["podSelector"]["matchLabels"]) == [manifest["metadata"]["name"]]
    for manifest in of_kind(rendered(case), "Service"):
        assert found(manifest["spec"]["selector"]) == [manifest["metadata"]["name"]]


@every_case
def test_pods_pass_the_pod_security_standard_restricted(case: Case) -> None:
    """By its own list of fields; a real API server that enforces it is asked in test_on_an_api_server.py."""
    for owner, template in pods(rendered(case)):
        spec, name = template["spec"], owner["metadata"]["name"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        kinds = {next(key for key in volume if key != "name") for volume in spec.get("volumes", ())}
        assert kinds <= {"configMap", "emptyDir", "secret", "persistentVolumeClaim", "projected"}, name
        for container in spec["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name


@every_case
def test_pods_say_what_they_need_and_whether_they_live(case: Case) -> None:
    for owner, template in pods(rendered(case)):
        for container in template["spec"]["containers"]:
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert "memory" in container["resources"]["limits"]
            if owner["kind"] not in ("Pod", "Job"):
                assert {"livenessProbe", "readinessProbe"} <= container.keys(), owner["metadata"]["name"]
            if owner["kind"] != "Pod":
                assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
        if owner["kind"] != "Pod":
            # Variables of Services would fall between those of the programs.
            assert template["spec"]["enableServiceLinks"] is False


@every_case
def test_only_who_talks_to_the_api_server_has_a_token(case: Case) -> None:
    without = [
        owner["metadata"]["name"]
        for owner, template in pods(rendered(case))
        if template["spec"].get("automountServiceAccountToken") is False
    ]
    all_pods = [owner["metadata"]["name"] for owner, _ in pods(rendered(case))]
    with_token = set(all_pods) - set(without)
    assert all(name.endswith(("-test-served", "-admin")) or name in ("octavo-operator", "octavo") for name in with_token), with_token


@every_case
def test_no_secret_stands_outside_a_secret(case: Case) -> None:
    text = case.render()
    generated = helm.GENERATED.findall(text)
    rest = yaml.safe_dump_all(manifest for manifest in helm.manifests(text) if manifest["kind"] != "Secret")
    assert all(secret not in rest for secret in generated)
    for _, template in pods(tuple(helm.manifests(text))):
        for container in template["spec"]["containers"]:
            for variable in container.get("env", ()):
                if re.search(r"TOKEN|PASSWORD|URL$", variable["name"]) and "REDIS" in variable["name"] + "TOKEN":
                    assert "value" not in variable or variable["value"].startswith("http"), variable["name"]


@every_case
def test_what_is_mounted_is_there(case: Case) -> None:
    for owner, template in pods(rendered(case)):
        claims = {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", ())}
        volumes = {volume["name"] for volume in template["spec"].get("volumes", ())}
        assert not claims & volumes
        for container in template["spec"]["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", ())} == claims | volumes, owner["metadata"]["name"]


def environment(case: Case, kind: str = "Deployment") -> dict[str, str | None]:
    """Of the operator, or of the activator (StatefulSet); None for what comes from elsewhere."""
    component = {"Deployment": "operator", "StatefulSet": "activator"}[kind]
    found = of_kind(rendered(case), kind)
    (workload,) = [one for one in found if one["metadata"]["labels"]["app.kubernetes.io/component"] == component]
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    names = [variable["name"] for variable in container["env"]]
    assert len(names) == len(set(names)), "a name that is there twice is refused by server-side apply"
    return {variable["name"]: variable.get("value") for variable in container["env"]}


@pytest.mark.parametrize("case", [case for case in CASES if case.chart == "octavo-operator"], ids=str)
def test_the_operator_understands_its_environment(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name: value for name, value in environment(case).items() if name.startswith("OCTAVO_")}
    fields = {f"OCTAVO_{name.upper()}" for name in OperatorSettings.model_fields}
    assert given.keys() <= fields, "octavo_operator.settings has no such variable"
    for name, value in given.items():
        monkeypatch.setenv(name, value if value is not None else {"OCTAVO_NAMESPACE": helm.NAMESPACE}.get(name, "from-a-secret"))
    settings = OperatorSettings()
    assert settings.namespace == helm.NAMESPACE
    assert settings.log_format == "json"
    assert (settings.activator_url is not None) == (settings.activator_token is not None)


@pytest.mark.parametrize("case", [case for case in CASES if case.chart == "octavo-operator" and case.name != "least"], ids=str)
def test_the_activator_understands_its_environment(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment(case, "StatefulSet")
    assert given.keys() <= {f"OCTAVO_{name.upper()}" for name in ActivatorSettings.model_fields}
    for name, value in given.items():
        monkeypatch.setenv(name, value if value is not None else "from-a-secret-of-some-length")
    settings = ActivatorSettings()
    (workload,) = of_kind(rendered(case), "StatefulSet")
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert settings.home.as_posix() in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert [port["containerPort"] for port in container["ports"]] == [settings.port]
    (policy,) = [m for m in of_kind(rendered(case), "NetworkPolicy") if m["metadata"]["name"].endswith("-activator")]
    open_ports = [(port["port"], port["endPort"]) for rule in policy["spec"]["ingress"] for port in rule["ports"] if "endPort" in port]
    assert open_ports == [(settings.port_range.start, settings.port_range.stop - 1)]
    # it answers what is open before it is killed
    assert workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > settings.linger_seconds + settings.drain_seconds


def test_operator_and_activator_meet() -> None:
    case = next(case for case in CASES if str(case) == "octavo-operator-default")
    (service,) = [m for m in of_kind(rendered(case), "Service") if m["metadata"]["name"].endswith("-activator")]
    address = f"http://{service['metadata']['name']}.{helm.NAMESPACE}.svc:{service['spec']['ports'][0]['port']}"
    assert environment(case)["OCTAVO_ACTIVATOR_URL"] == address


def test_operator_and_fake_providers_meet_where_they_are_run_and_nowhere_else() -> None:
    for case in (case for case in CASES if case.chart == "octavo-operator"):
        services = [m for m in of_kind(rendered(case), "Service") if m["metadata"]["name"].endswith("-fake-providers")]
        addresses = [f"http://{m['metadata']['name']}.{helm.NAMESPACE}.svc:{m['spec']['ports'][0]['port']}" for m in services]
        told = environment(case).get("OCTAVO_FAKE_PROVIDERS_URL")
        assert addresses == ([] if told is None else [told])
        assert bool(services) == (case.name == "dev"), "nobody is given samples who did not ask for them"


def test_every_setting_of_the_operator_can_be_reached_by_a_value_or_is_known_not_to_need_one() -> None:
    reached = {name.removeprefix("OCTAVO_").lower() for case in CASES if case.chart == "octavo-operator" for name in environment(case)}
    assert OperatorSettings.model_fields.keys() - reached == NOT_FROM_THE_CHART


def test_the_default_images_are_those_of_the_operators_own_defaults() -> None:
    """`octavo plan` on a laptop and a default installation speak of the same images."""
    default = next(case for case in CASES if str(case) == "octavo-operator-default")
    settings = OperatorSettings.model_validate({})
    given = environment(default)
    for name in ("service", "worker", "worker_torch", "redis", "postgresql", "mysql"):
        assert given[f"OCTAVO_IMAGE_{name.upper()}"] == getattr(settings, f"image_{name}")
    for name in ("redis", "postgresql", "mysql"):
        assert given[f"OCTAVO_USER_{name.upper()}"] == str(getattr(settings, f"user_{name}"))


def test_dev_values_name_the_images_that_the_tasks_build() -> None:
    images = set()
    for chart in helm.NAMES:
        case = next(case for case in CASES if str(case) == f"{chart}-dev")
        images |= {container["image"] for _, template in pods(rendered(case)) for container in template["spec"]["containers"]}
        if chart == "octavo-operator":
            images |= {value for name, value in environment(case).items() if name.startswith("OCTAVO_IMAGE_") and value and "/" in value}
    built = {"service", "worker", "worker-torch", "operator", "redis", "postgresql", "mysql", "mongodb"}
    assert images == {f"localhost/octavo/{name}:dev" for name in built}


def test_extra_variables_win_over_the_charts_own() -> None:
    most = next(case for case in CASES if str(case) == "octavo-operator-most")
    assert environment(most)["OCTAVO_LOG_LEVEL"] == "DEBUG"


def test_labels_that_selectors_rely_on_cannot_be_taken_over() -> None:
    case = Case(
        "octavo-operator",
        "taken",
        values={"commonLabels": {"app.kubernetes.io/name": "mine"}, "operator.podLabels": {"app.kubernetes.io/component": "mine"}},
    )
    (deployment,) = of_kind(rendered(case), "Deployment")
    assert deployment["spec"]["selector"]["matchLabels"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("release", "name"), [("octavo-operator", "octavo-operator"), ("prod", "prod-octavo-operator"), ("x" * 53, "x" * 40)]
)
def test_names_stay_within_bounds(release: str, name: str) -> None:
    text = helm.render("octavo-operator", release=release)
    (deployment,) = of_kind(tuple(helm.manifests(text)), "Deployment")
    assert deployment["metadata"]["name"] == name
    assert all(len(manifest["metadata"]["name"]) <= 63 for manifest in helm.manifests(text))


@pytest.mark.parametrize("chart", helm.NAMES)
def test_lint_finds_nothing(chart: str) -> None:
    for file in ("values.yaml", "values-dev.yaml", "values-prod.yaml"):
        said = helm.helm("lint", "--strict", "--kube-version", helm.KUBERNETES, str(CHARTS / chart), "--values", str(CHARTS / chart / file))
        assert "[ERROR]" not in said
        assert "[WARNING]" not in said


def test_a_generated_token_is_the_same_wherever_it_stands_in_a_render() -> None:
    default = next(case for case in CASES if str(case) == "octavo-operator-default")
    hashes = {
        template["metadata"]["annotations"]["octavo.dev/hash"] for owner, template in pods(rendered(default)) if owner["kind"] != "Pod"
    }
    assert len(hashes) == 1
