"""Generators whose objects are kept in files, so that every change of a builder shows what it changes in a cluster.

`python -m tests.unit.kube.desired_cases` writes tests/golden/kube anew; the difference is then for a person to read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from octavo_core.spec import GeneratorService, load_resources, parse_resource
from octavo_operator.desired import desired
from octavo_operator.resource import Manifest, Passwords, Scale, Situation, StandIn
from octavo_operator.settings import OperatorSettings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "golden" / "kube"

UID = "11111111-2222-4333-8444-555555555555"
PASSWORDS = Passwords(redis="redis-password", database="database-password", forwarding="forwarding-key-of-32-characters-")
MONITORING = "monitoring.coreos.com"
GATEWAY = "gateway.networking.k8s.io"


def situation(**given: Any) -> Situation:
    """Awake with one API pod and one worker."""
    return Situation(**{"uid": UID, "scale": Scale(api=1, workers=1), "passwords": PASSWORDS, **given})


def document(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "stories"}
    return {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": metadata, "spec": spec}


def settings(**given: Any) -> OperatorSettings:
    return OperatorSettings(**given)


ENGINE = {"name": "ctranslate2", "model": "builtin://tiny-stories"}


def secret(name: str, key: str) -> dict[str, Any]:
    return {"secretRef": {"name": name, "key": key}}


@dataclass(frozen=True)
class Case:
    name: str
    spec: Mapping[str, Any]
    situation: Situation = field(default_factory=situation)
    settings: OperatorSettings = field(default_factory=settings)

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.yaml"

    def resource(self) -> GeneratorService:
        return parse_resource(document(self.name, **self.spec))

    def manifests(self) -> tuple[Manifest, ...]:
        return desired(self.resource(), self.situation, self.settings)

    def golden(self) -> str:
        return render(self.manifests())


def render(manifests: Sequence[Manifest]) -> str:
    return yaml.dump_all([dict(manifest) for manifest in manifests], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)

TINY_STORIES: Mapping[str, Any] = load_resources(ROOT / "examples" / "tiny-stories.yaml")[0].model_dump(
    mode="json", by_alias=True, exclude_unset=True
)["spec"]

CASES: tuple[Case, ...] = (
    Case("tiny-stories", TINY_STORIES),
    Case(
        "mysql",
        {
            "task": "story",
            "engine": ENGINE,
            "redis": {"managed": {"storage": "1Gi"}},
            "database": {"managed": {"type": "mysql", "storage": "20Gi", "onDelete": "retain"}},
            "workers": {"max": 40},
        },
        settings=settings(storage_class_name="fast", image_mysql="mysql:8.4"),
    ),
    Case(
        "external",
        {
            "task": "story",
            "engine": ENGINE,
            "redis": {"external": secret("shared", "redis")},
            "database": {"external": secret("shared", "database")},
        },
        situation(fingerprints={"shared": "f1"}),
    ),
    Case(
        "providers",
        {
            "task": "text",
            "auth": {"mode": "jwt", "audience": "octavo"},
            "providers": [
                {"name": "grok", "type": "xai", "model": "grok-4", "credentials": secret("xai", "apiKey")},
                {"name": "own", "type": "openai-compatible", "model": "llama", "baseUrl": "http://ollama.models.svc:11434/v1"},
                {"name": "near", "type": "openai-compatible", "model": "llama", "baseUrl": "http://10.0.0.7:8000/v1"},
                {"name": "last", "type": "openai", "model": "gpt", "credentials": secret("openai", "key")},
            ],
        },
        situation(fingerprints={"xai": "f1", "openai": "f2"}),
        settings(jwks_url="http://octavo-auth.octavo-system.svc/.well-known/jwks.json", issuer="https://id.example.org"),
    ),
    Case(
        "exposed",
        {
            "task": "image",
            "engine": {"name": "sketch", "model": "builtin://sketch"},
            "api": {
                "replicas": 3,
                "priorityClassName": "in-front",
                "ingress": {"host": "pictures.example.org", "className": "nginx", "tlsSecretName": "pictures-tls"},
                "httpRoute": {
                    "parentRefs": [{"name": "outer", "namespace": "gateways", "sectionName": "https"}, {"name": "inner"}],
                    "hostnames": ["pictures.example.org", "*.example.net"],
                },
                "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}},
            },
            "workers": {"min": 2, "priorityClassName": "behind"},
            "storage": {"local": {"accessMode": "ReadWriteMany", "storageClassName": "nfs"}},
        },
        situation(scale=Scale(api=3, workers=2), features=frozenset({MONITORING, GATEWAY})),
        settings(
            caller_namespaces=["web", "ingress-nginx"],
            monitoring_namespaces=["monitoring"],
            image_pull_secrets=["registry"],
            image_pull_policy="Always",
            otlp_endpoint="http://collector.telemetry:4318",
        ),
    ),
    Case(
        "pictures",
        {
            "task": "image",
            "providers": [
                {"name": "dalle3", "type": "openai", "model": "dall-e-3", "credentials": secret("openai", "apiKey")},
                {"name": "flux", "type": "flux", "credentials": secret("flux", "apiKey")},
                {"name": "sketch", "type": "sketch"},
            ],
            "api": {"replicas": 2},
            "storage": {
                "local": {"size": "50Gi", "onDelete": "retain"},
                "encryptionKey": secret("pictures", "encryption-key"),
                "retentionDays": 30,
            },
        },
        situation(fingerprints={"flux": "f1", "pictures": "f2"}, samples=("dalle3",)),
        settings(fake_providers_url="http://octavo-operator-fake-providers.octavo-system.svc:8090"),
    ),
    Case(
        "bucket",
        {
            "task": "image",
            "providers": [{"name": "grok", "type": "xai", "model": "grok-imagine-image", "credentials": secret("xai", "apiKey")}],
            "storage": {
                "backend": "s3",
                "s3": {"bucket": "pictures", "endpoint": "http://minio.storage.svc:9000"},
                "credentials": secret("pictures", "access-key"),
            },
        },
        situation(fingerprints={"xai": "f1", "pictures": "f2"}),
    ),
    Case(
        "asleep",
        {"task": "story", "engine": {**ENGINE, "name": "transformers", "model": "hf://org/stories@v1"}},
        situation(scale=Scale(api=0, workers=0, stores=False), stand_in=StandIn(("10.244.0.9", "10.244.1.9", "fd00::9"), 20017)),
        settings(events_redis_secret="octavo-events", priority_class_name="all"),
    ),
    Case(
        "blog",
        {
            "task": "blog",
            "pipeline": {"steps": [{"name": "outline", "uses": "generator/chat"}]},
            "workers": {"drainSeconds": 0, "resources": {"limits": {"nvidia.com/gpu": 1}}},
        },
    ),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for stale in set(FOLDER.glob("*.yaml")) - {case.path for case in CASES}:
        stale.unlink()
    for case in CASES:
        case.path.write_text(case.golden(), encoding="utf-8")
        sys.stdout.write(f"{case.path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
