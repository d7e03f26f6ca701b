"""The ways in, and who watches: made when asked for and possible."""

from __future__ import annotations

from tests.unit.kube.desired_cases import GATEWAY, MONITORING, settings, situation
from tests.unit.kube.desired_making import API, NAME, WORKER, Objects, story

from octavo_operator import names
from octavo_operator.desired import unmet
from octavo_operator.resource import Scale, StandIn

ASLEEP = Scale(api=0, workers=0, stores=False)
ROUTE = {"parentRefs": [{"name": "outer", "namespace": "gateways"}], "hostnames": ["tales.example.org"]}


def test_a_service_that_callers_find_by_the_generators_name() -> None:
    spec = Objects(story()).get("Service", API)["spec"]
    assert spec["ports"] == [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]


class TestIngress:
    def test_only_when_asked(self) -> None:
        assert ("Ingress", API) not in Objects(story())

    def test_leads_from_the_path_of_the_generator_to_its_service(self) -> None:
        asked = {"host": "tales.example.org", "className": "nginx", "tlsSecretName": "tls"}
        spec = Objects(story(api={"ingress": asked})).get("Ingress", API)["spec"]
        (rule,) = spec["rules"]
        (path,) = rule["http"]["paths"]
        assert (rule["host"], path["path"], path["pathType"]) == ("tales.example.org", f"/generators/{NAME}", "Prefix")
        assert path["backend"]["service"] == {"name": API, "port": {"name": "http"}}
        assert (spec["ingressClassName"], spec["tls"]) == ("nginx", [{"hosts": ["tales.example.org"], "secretName": "tls"}])

    def test_without_class_and_certificate(self) -> None:
        spec = Objects(story(api={"ingress": {"host": "a.example.org"}})).get("Ingress", API)["spec"]
        assert spec.keys() == {"rules"}


class TestHttpRoute:
    def test_where_the_cluster_has_the_gateway_api(self) -> None:
        at = situation(features=frozenset({GATEWAY}))
        route = Objects(story(api={"httpRoute": ROUTE}), at).get("HTTPRoute", API)
        assert route["spec"]["parentRefs"] == [{"group": GATEWAY, "kind": "Gateway", "name": "outer", "namespace": "gateways"}]
        assert route["spec"]["hostnames"] == ["tales.example.org"]
        (rule,) = route["spec"]["rules"]
        assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": f"/generators/{NAME}"}}]
        assert (rule["backendRefs"][0]["name"], rule["backendRefs"][0]["port"]) == (API, 80)
        assert unmet(story(api={"httpRoute": ROUTE}), at, settings()) == ()

    def test_else_it_is_said(self) -> None:
        resource = story(api={"httpRoute": ROUTE})
        assert ("HTTPRoute", API) not in Objects(resource)
        (words,) = unmet(resource, situation(), settings())
        assert "spec.api.httpRoute" in words
        assert GATEWAY in words
        assert "spec.api.ingress" in words

    def test_beside_an_ingress(self) -> None:
        both = Objects(story(api={"httpRoute": ROUTE, "ingress": {"host": "a.example.org"}}), situation(features=frozenset({GATEWAY})))
        assert ("HTTPRoute", API) in both
        assert ("Ingress", API) in both


class TestMonitors:
    objects = Objects(story(), situation(features=frozenset({MONITORING})))

    def test_only_where_prometheus_operator_is(self) -> None:
        assert ("ServiceMonitor", API) not in Objects(story())
        assert ("PodMonitor", WORKER) not in Objects(story())

    def test_select_what_they_are_about(self) -> None:
        service_labels = self.objects.get("Service", API)["metadata"]["labels"].items()
        assert service_labels >= self.objects.get("ServiceMonitor", API)["spec"]["selector"]["matchLabels"].items()
        stores_labels = self.objects.get("Service", names.stores(NAME))["metadata"]["labels"].items()
        assert not stores_labels >= self.objects.get("ServiceMonitor", API)["spec"]["selector"]["matchLabels"].items()
        pod_labels = self.objects.template(WORKER)["metadata"]["labels"].items()
        assert pod_labels >= self.objects.get("PodMonitor", WORKER)["spec"]["selector"]["matchLabels"].items()

    def test_never_ask_the_activator_for_that_would_wake_the_generator(self) -> None:
        (endpoint,) = self.objects.get("ServiceMonitor", API)["spec"]["endpoints"]
        assert endpoint["relabelings"] == [{"action": "keep", "sourceLabels": ["__meta_kubernetes_pod_name"], "regex": ".+"}]
        slept = Objects(story(), situation(scale=ASLEEP, stand_in=StandIn(("10.0.0.1",), 20_001)))
        (stand_in,) = slept.get("EndpointSlice", names.activator(NAME))["endpoints"]
        assert "targetRef" not in stand_in, "so Prometheus finds no pod behind it"


class TestStandIn:
    def slice(self, *addresses: str) -> Objects:
        return Objects(story(), situation(scale=ASLEEP, stand_in=StandIn(addresses, 20_001)))

    def test_leads_the_service_to_the_activator_while_nobody_answers(self) -> None:
        found = self.slice("10.0.0.1", "10.0.0.2").get("EndpointSlice", names.activator(NAME))
        assert found["metadata"]["labels"]["kubernetes.io/service-name"] == API
        service_port = Objects(story()).get("Service", API)["spec"]["ports"][0]["name"]
        assert found["ports"] == [{"name": service_port, "port": 20_001, "protocol": "TCP"}]
        assert [endpoint["addresses"] for endpoint in found["endpoints"]] == [["10.0.0.1"], ["10.0.0.2"]]

    def test_is_applied_before_the_api_goes(self) -> None:
        kinds = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in self.slice("10.0.0.1").manifests]
        assert kinds.index(("EndpointSlice", names.activator(NAME))) < kinds.index(("Deployment", API))

    def test_has_addresses_of_one_family(self) -> None:
        found = self.slice("fd00::1", "10.0.0.1", "fd00::2").get("EndpointSlice", names.activator(NAME))
        assert found["addressType"] == "IPv6"
        assert [endpoint["addresses"] for endpoint in found["endpoints"]] == [["fd00::1"], ["fd00::2"]]

    def test_is_none_where_the_activator_has_no_address(self) -> None:
        assert ("EndpointSlice", names.activator(NAME)) not in self.slice()
