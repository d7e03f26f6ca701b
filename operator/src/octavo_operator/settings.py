"""What the operator reads from its environment, once: images, defaults of pods, how often it looks, whom it asks."""

from __future__ import annotations

from importlib.metadata import version
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationInfo, field_validator

from octavo_core.settings import CommonSettings
from octavo_core.spec import Resources

_RELEASE = version("octavo-operator")

Image = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\s]+$")]
UserId = Annotated[int, Field(ge=1, le=2_147_483_647)]
Namespace = Annotated[str, StringConstraints(pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
Cidr = Annotated[str, AfterValidator(lambda value: str(ip_network(value)))]
SecretKey = Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]


def _resources(cpu: str, memory: str, most_memory: str) -> Resources:
    # no limit of CPU: it would slow a pod down while the node idles
    return Resources(requests={"cpu": cpu, "memory": memory}, limits={"memory": most_memory})


class OperatorSettings(CommonSettings):
    """Everything has a default, so that `octavo plan` computes the same objects without an environment."""

    namespace: Namespace = Field("octavo-system", description="The namespace in which the operator and the activator run.")
    watch_namespaces: list[Namespace] = Field(
        default_factory=list, description="Namespaces whose GeneratorServices are kept; JSON list. Empty: all of them."
    )

    image_service: Image = Field(f"octavo/service:{_RELEASE}", description="Image of the API pods.")
    image_worker: Image = Field(f"octavo/worker:{_RELEASE}", description="Image of the worker pods.")
    image_worker_torch: Image = Field(f"octavo/worker-torch:{_RELEASE}", description="Image of worker pods whose engine is transformers.")
    image_redis: Image = Field("redis:7-bookworm", description="Image of managed Redis servers; it has `redis-server`.")
    image_postgresql: Image = Field(
        "postgres:16-bookworm", description="Image of managed PostgreSQL servers; it takes the official image's variables."
    )
    image_mysql: Image = Field(
        "mariadb:11", description="Image of managed MySQL servers; it takes the variables of the official image of MariaDB or MySQL."
    )
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field("IfNotPresent", description="When images are pulled.")
    image_pull_secrets: list[ObjectName] = Field(
        default_factory=list, description="Secrets, in each generator's namespace, with which images are pulled; JSON list."
    )
    user_app: UserId = Field(65_532, description="User and group of the API and worker pods.")
    user_redis: UserId = Field(999, description="User and group of the Redis image.")
    user_postgresql: UserId = Field(999, description="User and group of the PostgreSQL image.")
    user_mysql: UserId = Field(999, description="User and group of the MySQL image.")

    resources_api: Resources = Field(
        default_factory=lambda: _resources("50m", "128Mi", "512Mi"),
        description="What an API pod gets where the resource says nothing; JSON with requests and limits.",
    )
    resources_worker: Resources = Field(
        default_factory=lambda: _resources("100m", "256Mi", "2Gi"),
        description="What a worker pod gets where the resource says nothing.",
    )
    resources_redis: Resources = Field(default_factory=lambda: _resources("20m", "32Mi", "256Mi"), description="What a Redis pod gets.")
    resources_postgresql: Resources = Field(
        default_factory=lambda: _resources("50m", "128Mi", "1Gi"), description="What a PostgreSQL pod gets."
    )
    resources_mysql: Resources = Field(default_factory=lambda: _resources("50m", "256Mi", "1Gi"), description="What a MySQL pod gets.")
    priority_class_name: ObjectName | None = Field(None, description="PriorityClass of all pods where the resource names none.")
    storage_class_name: ObjectName | None = Field(
        None,
        description="StorageClass of managed stores' volumes, and of pictures where a resource names none; the cluster's default when"
        " absent.",
    )

    jwks_url: str | None = Field(None, description="Public keys of the platform's login, for generators with auth.mode jwt.")
    issuer: str = Field("octavo", description="Issuer that tokens of the platform's login name.")
    events_redis_secret: ObjectName | None = Field(
        None, description="Secret, in each generator's namespace, with the URL of the platform's Redis for events; none when absent."
    )
    events_redis_key: SecretKey = Field("redis-url", description="Key of that Secret.")

    fake_providers_url: str | None = Field(
        None,
        pattern=r"^(https?://[^\s/?#@]+/?)?$",
        description="Where `octavo fake-providers` listens: it answers, with samples, for providers whose key is missing. Absent or empty:"
        " such a generator is not ready.",
    )

    caller_namespaces: list[Namespace] = Field(
        default_factory=list,
        description="Namespaces whose pods may call the generators, besides their own and the operator's; JSON list. Empty: whoever"
        " reaches them.",
    )
    monitoring_namespaces: list[Namespace] = Field(
        default_factory=list,
        description="Namespaces from which workers' metrics are read; JSON list. Empty: any, where Prometheus' operator is.",
    )
    dns_cidrs: list[Cidr] = Field(
        default_factory=lambda: ["169.254.20.10/32"],
        description="Addresses of DNS servers that are no pods, such as a cache on the node; JSON list. DNS in pods is always allowed.",
    )

    scaling: Literal["work", "resource"] = Field(
        "work",
        description="work: workers come and go with the jobs, and what is idle sleeps. resource: spec.api.replicas and spec.workers.min"
        " always stand, and no generator is asked for its work.",
    )
    reach: Literal["service", "proxy"] = Field(
        "service", description="How generators' APIs are asked: by their Services, or, from outside the cluster, through the API server."
    )
    activator_url: str | None = Field(None, description="Where the activator is told what sleeps; without it nothing sleeps wholly.")
    activator_token: SecretStr | None = Field(None, description="Token that the operator and the activator share.")

    http_host: str = Field("0.0.0.0", description="Address of /healthz, /readyz and /metrics.")  # noqa: S104
    http_port: int = Field(8080, ge=1, le=65_535, description="Port of /healthz, /readyz and /metrics.")
    shards: int = Field(1, ge=1, le=64, description="Into how many parts namespaces are divided; each part has a leader of its own.")
    lease_seconds: float = Field(10, ge=3, le=120, description="How long a leader that fell silent is still believed in.")
    lease_renew_seconds: float = Field(2, ge=0.2, le=60, description="How often a leader renews its Lease.")
    lease_give_up_seconds: float = Field(7, ge=1, le=110, description="After so long without a renewal a leader stops writing.")
    reconcilers: int = Field(16, ge=1, le=256, description="How many generators are worked on at once.")
    resync_seconds: float = Field(600, ge=10, le=86_400, description="How often each generator is looked at though nothing happened.")
    status_delay_seconds: float = Field(3, ge=0, le=60, description="A change that takes less is not reported as Progressing.")
    queue_status_seconds: float = Field(10, ge=1, le=3_600, description="How often at most the queue's numbers in a status move.")
    backlog_busy_seconds: float = Field(2, ge=0.2, le=60, description="How often a generator with work is asked for its backlog.")
    backlog_idle_seconds: float = Field(10, ge=1, le=600, description="How often one without work is asked.")
    backlog_timeout_seconds: float = Field(2, ge=0.2, le=30, description="How long the answer may take.")
    waiting_poll_seconds: float = Field(1, ge=0.2, le=60, description="How often the activator is asked who waits.")
    routes_seconds: float = Field(5, ge=1, le=60, description="How often the activator is told all routes, besides on change.")

    @field_validator("lease_renew_seconds", "lease_give_up_seconds")
    @classmethod
    def _within_the_lease(cls, value: float, info: ValidationInfo) -> float:
        """Two may never lead at once: who cannot renew stops well before another may take over."""
        longer = info.data.get("lease_seconds")
        if longer is not None and value >= longer:
            raise ValueError(f"must be less than OCTAVO_LEASE_SECONDS, which is {longer:g}")
        return value
