"""What the charts render to, kept in files, so that every change of a chart shows what it changes in a cluster.

`python -m tests.charts.goldens` (`./task charts`) writes them anew; the difference is then for a person to read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.charts import helm

FOLDER = Path(__file__).parents[1] / "golden" / "charts"


@dataclass(frozen=True, eq=False)
class Case:
    chart: str
    name: str
    files: Sequence[str] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    arguments: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.chart}-{self.name}"

    @property
    def path(self) -> Path:
        return FOLDER / self.chart / f"{self.name}.yaml"

    def render(self) -> str:
        chosen = [part for file in self.files for part in ("--values", str(helm.CHARTS / self.chart / file))]
        return helm.render(self.chart, *chosen, *helm.sets(self.values), *self.arguments)

    def golden(self) -> str:
        text = helm.without_secrets(self.render())
        if self.chart == "octavo-crds":
            # A thousand lines that are in crds/ already, and that another test compares.
            text = re.sub(
                r"(kind: CustomResourceDefinition\n(?:.*\n)*?)spec:\n(?:(?!---).*\n)+", r"\1spec: {}  # as in crds/\n", text, count=1
            )
        return text


TOLERATION = {"key": "octavo", "operator": "Equal", "value": "system", "effect": "NoSchedule"}

CASES = (
    *(Case(chart, name, files) for chart in helm.NAMES for name, files in
      (("default", ()), ("dev", ("values-dev.yaml",)), ("prod", ("values-prod.yaml",)))),
    Case("octavo-crds", "marked", values={"keep": False, "labels": {"team": "ai"}, "annotations": {"argocd.argoproj.io/sync-wave": "-1"}}),
    Case(
        "octavo-operator",
        "some-namespaces",
        values={"watchNamespaces": ["stories", "pictures"], "rbac.aggregateToDefaultRoles": False, "generators.callerNamespaces": ["web"]},
    ),
    Case(
        "octavo-operator",
        "least",
        values={
            "activator.enabled": False,
            "networkPolicy.enabled": False,
            "rbac.create": False,
            "rbac.aggregateToDefaultRoles": False,
            "serviceAccount.create": False,
            "serviceAccount.name": "somebody",
            "operator.antiAffinity": "none",
        },
    ),
    Case(
        "octavo-operator",
        "most",
        files=("values-prod.yaml",),
        values={
            "fullnameOverride": "octavo",
            "commonLabels": {"team": "ai"},
            "commonAnnotations": {"owner": "ai@example.org"},
            "images.registry": "registry.example.org/ai",
            "images.tag": "1.2.3",
            "images.pullPolicy": "Always",
            "images.pullSecrets": ["registry"],
            "images.worker.tag": "1.2.4",
            "images.operator.digest": "sha256:" + "0123456789abcdef" * 4,
            "images.mysql": {"repository": "registry.example.org/mysql", "tag": "8.4", "user": 27},
            "operator.replicas": 3,
            "operator.shards": 4,
            "operator.scaling": "resource",
            "operator.antiAffinity": "hard",
            "operator.nodeSelector": {"pool": "system"},
            "operator.tolerations": [TOLERATION],
            "operator.priorityClassName": "system-cluster-critical",
            "operator.podLabels": {"mesh": "off"},
            "operator.podAnnotations": {"note": "leader and followers"},
            "operator.extraEnv": [{"name": "OCTAVO_LOG_LEVEL", "value": "DEBUG"}, {"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
            "activator.token.existingSecret": "activator-token",
            "activator.persistence.storageClassName": "fast",
            "activator.tolerations": [TOLERATION],
            "generators.imagePullSecrets": ["registry"],
            "generators.priorityClassName": "ai",
            "generators.storageClassName": "fast",
            "generators.monitoringNamespaces": ["monitoring"],
            "generators.resources.worker": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
            "generators.resources.api": {"requests": {"cpu": "100m"}},
            "generators.resources.redis": {"limits": {"memory": "512Mi"}},
            "generators.resources.postgresql": {"limits": {"memory": "2Gi"}},
            "generators.resources.mysql": {"limits": {"memory": "2Gi"}},
            "generators.events": {"secretName": "octavo-events"},
            "identity": {"jwksUrl": "https://login.example.org/.well-known/jwks.json", "issuer": "https://login.example.org"},
            "telemetry.otlpEndpoint": "http://otel.monitoring:4318",
            "metrics.serviceMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}},
            "networkPolicy.metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
            "networkPolicy.apiServerPorts": [6443],
            "networkPolicy.operatorEgress": [{"ports": [{"port": 3128}]}],
            "serviceAccount.annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/octavo"},
        },
    ),
    Case("octavo-operator", "monitored", arguments=("--api-versions", "monitoring.coreos.com/v1/ServiceMonitor")),
    Case(
        "octavo-platform",
        "shared",
        values={
            "redis.shareWith": ["stories", "pictures"],
            "ingress.enabled": True,
            "ingress.host": "ai.example.org",
            "ingress.className": "nginx",
            "ingress.tlsSecretName": "ai-example-org",
            "ingress.annotations": {"nginx.ingress.kubernetes.io/limit-rps": "5"},
            "ingress.certManager": {"issuer": "letsencrypt"},
            "services.podLabels": {"mesh": "off"},
            "generators": [
                {"namespace": "stories", "name": "tiny-stories"},
                {"namespace": "pictures", "name": "sketches"},
            ],
            "auth.adminEmail": "root@example.org",
            "services.trustedProxies": ["10.0.0.0/8"],
            "auth.mail": {"kind": "smtp", "host": "mail.example.org", "user": "octavo", "passwordSecret": "mail"},
            "auth.extraEnv": [{"name": "OCTAVO_LOG_LEVEL", "value": "DEBUG"}],
            "admin.enabled": True,
            "web.routerGenerators": {"Grok_Image_Generator": "sketches"},
            "telemetry.otlpEndpoint": "http://otel.monitoring:4318",
        },
    ),
    Case(
        "octavo-platform",
        "own-secret",
        values={
            "redis.auth.existingSecret": "events-redis",
            "redis.podLabels": {"mesh": "off"},
            "redis.tolerations": [TOLERATION],
            "networkPolicy.enabled": False,
            "images.pullSecrets": ["registry"],
        },
    ),
    Case(
        "octavo-platform",
        "stores-elsewhere",
        values={
            "redis": {"enabled": False, "auth": {"existingSecret": "stores"}},
            "database": {"enabled": False, "existingSecret": "databases"},
            "documents": {"enabled": False, "existingSecret": "mongo"},
            "services.existingSecret": "keys",
            "services.antiAffinity": "hard",
            "characters.replicas": 2,
            "characters.pictures.url": "s3://pictures/characters",
        },
    ),
    Case(
        "octavo-platform",
        "events-alone",
        values={
            "services.enabled": False,
            "redis.shareWith": ["stories"],
            "ingress": {"enabled": True, "host": "ai.example.org", "nginx": {"enabled": False}},
            "generators": [{"namespace": "stories", "name": "tiny-stories"}],
        },
    ),
    Case("octavo-platform", "nothing", values={"redis.enabled": False, "services.enabled": False}),
)  # fmt: skip


def main() -> None:
    if not helm.available():
        sys.exit("helm is needed to render the charts: ./task cluster:build makes one, or install helm 3")
    for old in FOLDER.glob("*/*.yaml"):
        if old not in {case.path for case in CASES}:
            old.unlink()
    for case in CASES:
        text = case.golden()
        if not case.path.exists() or case.path.read_text() != text:
            case.path.parent.mkdir(parents=True, exist_ok=True)
            case.path.write_text(text)
            sys.stdout.write(f"wrote {case.path.relative_to(FOLDER.parents[2])}\n")


if __name__ == "__main__":
    main()
