"""Any generator, any situation, any settings: what the properties of the desired objects are asked of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from octavo_core.spec import GeneratorService, parse_resource
from octavo_operator.resource import Passwords, Scale, Situation, StandIn
from octavo_operator.settings import OperatorSettings

# the longest that there may be, too
names = st.sampled_from(["a", "z9", "tiny-stories", "octavo", "a-1-b", "x" + "-" * 44 + "9", "abcdefghij" * 4 + "klmnop"])
labels = st.sampled_from(["stories", "a", "0", "team-7", "octavo-system"])
secret_refs = st.fixed_dictionaries({"name": st.sampled_from(["keys", "others", "a.b"]), "key": st.sampled_from(["one", "two"])})
external = st.fixed_dictionaries({"external": st.fixed_dictionaries({"secretRef": secret_refs})})
sizes = st.sampled_from(["1Gi", "512Mi", "20Gi"])
resources = st.fixed_dictionaries(
    {},
    optional={
        "requests": st.dictionaries(st.sampled_from(["cpu", "memory"]), st.sampled_from(["1", "2Gi"])),
        "limits": st.dictionaries(st.sampled_from(["cpu", "memory", "nvidia.com/gpu"]), st.sampled_from(["1", "2Gi"])),
    },
)
hosts = st.sampled_from(["example.org", "model.team.example.org"])
addresses = st.sampled_from(
    [
        "https://api.example.org/v1",
        "http://10.1.2.3:8000",
        "http://[fd00::1]:8000",
        "http://ollama",
        "http://ollama.ai",
        "http://a.b.svc:81",
    ]
)
providers = st.lists(
    st.fixed_dictionaries(
        {"type": st.just("openai"), "model": st.just("m")},
        optional={"baseUrl": addresses, "credentials": st.fixed_dictionaries({"secretRef": secret_refs})},
    ),
    min_size=1,
    max_size=4,
).map(lambda entries: [{**entry, "name": f"p{n}"} for n, entry in enumerate(entries)])

engines = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["ctranslate2", "transformers", "llamacpp"]),
        "model": st.sampled_from(["builtin://tiny-stories", "hf://a/b@v1", "s3://bucket/path", "pvc://claim/path"]),
    }
)
answerers: st.SearchStrategy[dict[str, Any]] = (
    st.fixed_dictionaries({"task": st.just("story"), "engine": engines})
    | st.fixed_dictionaries({"task": st.just("text"), "providers": providers})
    | st.builds(
        lambda entries, storage: {"task": "image", "providers": entries, "storage": storage},
        providers,
        st.sampled_from(
            [
                {},
                {"retentionDays": 3},
                {"local": {"size": "1Gi", "accessMode": "ReadWriteMany", "onDelete": "retain"}},
                {"backend": "s3", "s3": {"bucket": "b", "endpoint": "http://minio.storage.svc:9000"}},
            ]
        ),
    )
    | st.just({"task": "blog", "pipeline": {"steps": [{"name": "a", "uses": "generator/b"}]}})
)

specs = st.builds(
    lambda answerer, rest: {**answerer, **rest},
    answerers,
    st.fixed_dictionaries(
        {},
        optional={
            "auth": st.sampled_from([{"mode": "jwt"}, {"mode": "oidc", "issuer": "https://id.example.org"}]),
            "jobs": st.fixed_dictionaries({"maxAttempts": st.integers(1, 5)}),
            "redis": external | st.fixed_dictionaries({"managed": st.fixed_dictionaries({}, optional={"storage": sizes})}),
            "database": external
            | st.fixed_dictionaries(
                {
                    "managed": st.fixed_dictionaries(
                        {},
                        optional={
                            "type": st.sampled_from(["postgresql", "mysql"]),
                            "storage": sizes,
                            "onDelete": st.sampled_from(["delete", "retain"]),
                        },
                    )
                }
            ),
            "api": st.fixed_dictionaries(
                {},
                optional={
                    "replicas": st.integers(1, 5),
                    "sleepSeconds": st.integers(0, 100),
                    "resources": resources,
                    "priorityClassName": labels,
                    "ingress": st.fixed_dictionaries({"host": hosts}, optional={"className": labels, "tlsSecretName": labels}),
                    "httpRoute": st.fixed_dictionaries(
                        {"parentRefs": st.just([{"name": "gateway"}])}, optional={"hostnames": st.lists(hosts, max_size=2)}
                    ),
                },
            ),
            "workers": st.fixed_dictionaries(
                {},
                optional={
                    "min": st.integers(0, 3),
                    "max": st.integers(3, 1000),
                    "drainSeconds": st.integers(0, 900),
                    "resources": resources,
                    "priorityClassName": labels,
                },
            ),
        },
    ),
)


def _generator(name: str, namespace: str, spec: dict[str, Any]) -> GeneratorService:
    metadata = {"name": name, "namespace": namespace}
    return parse_resource({"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": metadata, "spec": spec})


generators = st.builds(_generator, names, labels, specs)

# with a sign that stands in no manifest, so that none is found there by chance
secrets = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=20, max_size=60).map(lambda text: f"§{text}")
passwords = st.builds(Passwords, redis=secrets, database=secrets, forwarding=secrets)
scales = st.builds(Scale, api=st.integers(0, 4), workers=st.integers(0, 4), stores=st.booleans())
stand_ins = st.none() | st.builds(
    StandIn,
    addresses=st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"]), max_size=3, unique=True).map(tuple),
    port=st.integers(20_000, 29_999),
)
situations = st.builds(
    Situation,
    uid=st.uuids().map(str),
    scale=scales,
    passwords=passwords,
    fingerprints=st.dictionaries(st.sampled_from(["keys", "others", "a.b"]), st.text(max_size=4)),
    features=st.frozensets(st.sampled_from(["monitoring.coreos.com", "gateway.networking.k8s.io"])),
    stand_in=stand_ins,
)
operator_settings = st.builds(
    OperatorSettings,
    priority_class_name=st.none() | labels,
    storage_class_name=st.none() | labels,
    image_pull_secrets=st.lists(labels, max_size=1),
    jwks_url=st.none() | addresses,
    otlp_endpoint=st.none() | addresses,
    events_redis_secret=st.none() | st.just("events"),
    caller_namespaces=st.lists(labels, max_size=2),
    monitoring_namespaces=st.lists(labels, max_size=2),
)
