"""The platform's services as the chart runs them: each understands what it is told, and all of them find each other."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.charts import helm
from tests.charts.goldens import CASES, Case
from tests.charts.helm import Manifest

from octavo_admin.settings import AdminSettings
from octavo_auth.app import PREFIXES
from octavo_auth.settings import AuthSettings
from octavo_characters.settings import CharactersSettings
from octavo_core.settings import CommonSettings
from octavo_notifications.settings import NotificationsSettings
from octavo_stories.settings import StoriesSettings
from octavo_web.settings import WebSettings

pytestmark = pytest.mark.needs("helm")

SETTINGS: dict[str, type[CommonSettings]] = {
    "auth": AuthSettings,
    "characters": CharactersSettings,
    "stories": StoriesSettings,
    "notifications": NotificationsSettings,
    "admin": AdminSettings,
    "web": WebSettings,
}
PLATFORM = [case for case in CASES if case.chart == "octavo-platform" and case.name not in ("events-alone", "nothing")]
every_case = pytest.mark.parametrize("case", PLATFORM, ids=str)
KEEPERS = tuple(name for name in SETTINGS if name not in ("admin", "web"))
"""Those with a database of their own."""
each_service = pytest.mark.parametrize("service", SETTINGS)


def rendered(name: str) -> list[Manifest]:
    return helm.manifests(next(case for case in PLATFORM if case.name == name).render())


def workloads(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Deployments and StatefulSets by component."""
    found = [manifest for manifest in manifests if manifest["kind"] in ("Deployment", "StatefulSet")]
    return {manifest["metadata"]["labels"]["app.kubernetes.io/component"]: manifest for manifest in found}


def container(workload: Manifest) -> dict[str, Any]:
    (one,) = workload["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = one
    return found


def secrets_of(manifests: list[Manifest]) -> dict[tuple[str, str], str]:
    return {
        (manifest["metadata"]["name"], key): value
        for manifest in manifests
        if manifest["kind"] == "Secret"
        for key, value in manifest["stringData"].items()
    }


def environment(manifests: list[Manifest], component: str) -> dict[str, str]:
    """As the container finds it: what is in a Secret of the chart's is looked up there."""
    secrets, found = secrets_of(manifests), {}
    for variable in container(workloads(manifests)[component])["env"]:
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        elsewhere = "mysql://a:b@elsewhere/c" if "DATABASE" in variable["name"] else "x" * 40
        found[variable["name"]] = variable["value"] if reference is None else secrets.get((reference["name"], reference["key"]), elsewhere)
    return found


@each_service
@every_case
def test_a_service_understands_its_environment(case: Case, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = helm.manifests(case.render())
    given = environment(manifests, service)
    if case.name == "stores-elsewhere" and service == "auth":
        given |= {"OCTAVO_MASTER_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "OCTAVO_SERVICE_CLIENTS": "{}"}
    kind = SETTINGS[service]
    assert given.keys() <= {f"OCTAVO_{name.upper()}" for name in kind.model_fields}, "its settings have no such variable"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = kind()
    assert settings.log_format == "json"
    assert (settings.database_url is not None) == (service in KEEPERS)
    (port,) = container(workloads(manifests)[service])["ports"]
    assert port["containerPort"] == settings.port  # type: ignore[attr-defined]


@every_case
def test_the_pages_know_where_each_service_is_that_they_call(case: Case) -> None:
    given = environment(helm.manifests(case.render()), "web")
    for name in ("auth", "characters", "stories", "notifications", "admin"):
        assert f"-{name}" in given[f"OCTAVO_{name.upper()}_URL"]


def test_every_service_has_the_secret_that_auth_knows_it_by() -> None:
    manifests = rendered("shared")
    known = json.loads(environment(manifests, "auth")["OCTAVO_SERVICE_CLIENTS"])
    for service in ("characters", "stories", "notifications", "admin"):
        assert environment(manifests, service)["OCTAVO_SERVICE_SECRET"] == known[service]
    assert len(set(known.values())) == 4
    of_pages = [name for name in environment(manifests, "web") if "SECRET" in name or "TOKEN" in name]
    assert of_pages == [], "they call as those who look at them"


def test_each_service_has_a_database_of_its_own_that_the_server_is_told_of() -> None:
    manifests = rendered("default")
    statements = secrets_of(manifests)["octavo-platform-db", "users.sql"].splitlines()
    assert all(statement.endswith(";") for statement in statements), "one statement a line, or the server does not start"
    for service in KEEPERS:
        url = re.fullmatch(
            r"mysql://(.+):(.+)@octavo-platform-db\.octavo-system\.svc:3306/(.+)", environment(manifests, service)["OCTAVO_DATABASE_URL"]
        )
        assert url is not None
        user, password, database = url.groups()
        assert (user, database) == (service, service)
        assert f"ALTER USER '{user}'@'%' IDENTIFIED BY '{password}';" in statements
        assert f"GRANT ALL ON `{database}`.* TO '{user}'@'%';" in statements


def test_every_address_is_that_of_a_service() -> None:
    manifests = rendered("shared")
    hosts = {f"{m['metadata']['name']}.{helm.NAMESPACE}.svc" for m in manifests if m["kind"] == "Service"}
    generators = {"tiny-stories-api.stories.svc", "sketches-api.pictures.svc"}
    for service in (*SETTINGS, "admin"):
        text = " ".join(environment(manifests, service).values())
        named = set(re.findall(r"(?:http://|@)([a-z0-9.-]+)", text)) - {"example.org", "localhost", "mail.example.org", "otel.monitoring"}
        assert named <= hosts | generators, service
    erased = json.loads(environment(manifests, "auth")["OCTAVO_ERASE_URLS"])
    kept = [f"http://octavo-platform-{name}.{helm.NAMESPACE}.svc" for name in ("characters", "stories", "notifications")]
    assert erased == [*kept, "http://tiny-stories-api.stories.svc", "http://sketches-api.pictures.svc"]


def test_everything_that_people_call_is_led_to_by_the_ingress() -> None:
    manifests = rendered("shared")
    paths: dict[str, str] = {}
    for ingress in (m for m in manifests if m["kind"] == "Ingress"):
        assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
        assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/limit-rps"] == "5"
        (rule,) = ingress["spec"]["rules"]
        paths |= {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    # What no other path leads to is a page, or nowhere: the pages pass nothing on that is internal.
    assert paths.pop("/") == "octavo-platform-web"
    internal = "/api/internal/mail"
    assert {path: "octavo-platform-auth" for path in PREFIXES if path != internal}.items() <= paths.items()
    assert not any(path.startswith("/api/internal") or internal.startswith(path) for path in paths)
    for service in ("characters", "stories", "notifications", "admin"):
        assert paths[f"/api/{service}"] == f"octavo-platform-{service}"
    assert paths["/socket.io"] == "octavo-platform-notifications"
    assert paths["/generators/tiny-stories"] == "tiny-stories-api"


def test_pages_know_where_all_of_it_is_and_by_which_name_people_come() -> None:
    told = environment(rendered("shared"), "web")
    assert told["OCTAVO_PUBLIC_URL"] == "https://ai.example.org"
    # Links in RSS lead there, whatever name a reader asked by.
    assert environment(rendered("shared"), "stories")["OCTAVO_PUBLIC_URL"] == "https://ai.example.org"
    assert json.loads(told["OCTAVO_TRUSTED_PROXIES"]) == json.loads(environment(rendered("shared"), "auth")["OCTAVO_TRUSTED_PROXIES"])
    assert json.loads(told["OCTAVO_ROUTER_GENERATORS"]) == {"Grok_Image_Generator": "sketches"}
    for name, value in told.items():
        found = re.fullmatch(r"OCTAVO_(AUTH|CHARACTERS|STORIES|NOTIFICATIONS)_URL", name)
        assert found is None or value == f"http://octavo-platform-{found[1].lower()}.{helm.NAMESPACE}.svc"
    generators = json.loads(told["OCTAVO_GENERATOR_URLS"])
    assert generators == {"tiny-stories": "http://tiny-stories-api.stories.svc", "sketches": "http://sketches-api.pictures.svc"}
    # Without any, there are none: nobody is asked for a list.
    assert environment(rendered("default"), "web")["OCTAVO_GENERATOR_URLS"] == "{}"


def test_without_pages_the_rest_stands() -> None:
    manifests = helm.manifests(
        helm.render("octavo-platform", *helm.sets({"web.enabled": False, "ingress": {"enabled": True, "host": "ai.example.org"}}))
    )
    assert "web" not in workloads(manifests)
    (services,) = [m for m in manifests if m["kind"] == "Ingress" and m["metadata"]["name"].endswith("-services")]
    assert "/" not in {path["path"] for path in services["spec"]["rules"][0]["http"]["paths"]}


def test_whoever_calls_is_let_out_and_in() -> None:
    """Every rule among the platform's own pods stands on both sides, and the metadata addresses of clouds on none."""
    manifests = rendered("shared")
    policies = {m["metadata"]["labels"]["app.kubernetes.io/component"]: m["spec"] for m in manifests if m["kind"] == "NetworkPolicy"}
    assert policies.keys() == {*SETTINGS, "admin", "db", "documents", "redis", "migrate"}

    def peers(component: str, direction: str, way: str) -> set[str]:
        found: set[str] = set()
        for rule in policies[component][direction]:
            for peer in rule.get(way, ()):
                for expression in peer.get("podSelector", {}).get("matchExpressions", ()):
                    found |= set(expression["values"])
        return found

    out = {(one, other) for one in policies for other in peers(one, "egress", "to")}
    into = {(one, other) for other in policies for one in peers(other, "ingress", "from") if one != "test"}
    # Redis takes all of Octavo's pods, by a label that they have in common.
    assert {pair for pair in out if pair[1] != "redis"} == into
    assert {one for one, other in out if other == "redis"} == {*SETTINGS, "admin"}
    for component, spec in policies.items():
        for rule in spec["egress"]:
            for peer in rule.get("to", ()):
                block = peer.get("ipBlock")
                assert block is None or {"169.254.0.0/16", "fe80::/10"} & set(block["except"]), component


def test_health_is_asked_where_it_is() -> None:
    for service, workload in workloads(rendered("default")).items():
        if service in SETTINGS:
            one = container(workload)
            assert one["livenessProbe"]["httpGet"]["path"] == f"/api/{service}/health/live"
            assert one["readinessProbe"]["httpGet"]["path"] == f"/api/{service}/health/ready"


def test_a_pod_ends_later_than_what_it_has_begun() -> None:
    for service, workload in workloads(rendered("default")).items():
        if service in SETTINGS:
            pause = int(container(workload)["lifecycle"]["preStop"]["exec"]["command"][1])
            drain = 20
            assert workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > pause + drain + 10
            assert workload["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_pictures_on_a_volume_of_one_node_keep_their_pods_together() -> None:
    together = workloads(rendered("default"))["characters"]["spec"]["template"]["spec"]
    assert "podAffinity" in together["affinity"]
    apart = workloads(rendered("prod"))["characters"]["spec"]["template"]["spec"]
    assert list(apart["affinity"]) == ["podAntiAffinity"]
    bucket = workloads(rendered("stores-elsewhere"))["characters"]["spec"]["template"]["spec"]
    assert [volume["name"] for volume in bucket["volumes"]] == ["tmp"]


def test_others_rely_on_two_of_each() -> None:
    manifests = rendered("prod")
    for service in SETTINGS:
        assert workloads(manifests)[service]["spec"]["replicas"] == 2
    budgets = {m["metadata"]["labels"]["app.kubernetes.io/component"] for m in manifests if m["kind"] == "PodDisruptionBudget"}
    assert budgets == set(SETTINGS)
