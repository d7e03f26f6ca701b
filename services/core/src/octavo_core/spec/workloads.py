"""`spec.api` and `spec.workers`: the two Deployments of a generator, how large they are and how they scale."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.rule import Rule
from octavo_core.spec.scalars import HostName, ImageName, Label, Loose, ObjectName, Quantity, RouteHost


class Resources(Model):
    """CPU, memory and devices of one pod, as in any Kubernetes container. A laptop does not look at them."""

    requests: dict[str, Quantity] = Field(
        default_factory=dict,
        max_length=16,
        json_schema_extra={"default": {}},
        description="What a pod is promised, by resource name: cpu, memory, ephemeral-storage.",
    )
    limits: dict[str, Quantity] = Field(
        default_factory=dict,
        max_length=16,
        json_schema_extra={"default": {}},
        description="What a pod may not exceed, by resource name; a GPU is asked for here, as nvidia.com/gpu: 1.",
    )


class Ingress(Model):
    """The way in from outside the cluster."""

    host: HostName = Field(description="Host name under which the generator is reached, at the path /generators/NAME.")
    class_name: ObjectName | None = Field(None, description="IngressClass to use. Left out: the cluster's default.")
    tls_secret_name: ObjectName | None = Field(
        None, description="Secret with the certificate for the host. Left out: no TLS at this Ingress."
    )


class ParentRef(Model):
    """One Gateway that is to lead here."""

    name: ObjectName = Field(description="Name of the Gateway.")
    namespace: Label | None = Field(None, description="Its namespace. Left out: that of this GeneratorService.")
    section_name: ObjectName | None = Field(None, description="Name of one of its listeners. Left out: all that take the route.")


class HttpRoute(Model):
    """The way in from outside the cluster by the Gateway API; it may stand beside an Ingress."""

    parent_refs: Annotated[tuple[ParentRef, ...], Loose] = Field(
        min_length=1, max_length=8, description="The Gateways at which the route is made; each decides whether it takes it."
    )
    hostnames: Annotated[tuple[RouteHost, ...], Loose] = Field(
        (),
        max_length=16,
        description="Host names under which the generator is reached, at the path /generators/NAME. Left out: those of the Gateway.",
    )


class Api(Model):
    """The HTTP side: it accepts jobs and answers for them; it never runs a model."""

    replicas: int = Field(
        1, ge=1, le=100, description="How many API pods stand while the generator is awake, also when no worker does; see sleepSeconds."
    )
    sleep_seconds: int = Field(
        3600,
        ge=0,
        le=2_592_000,
        description="After so many seconds without work and without requests, and once no worker stands, the API sleeps too, and with it"
        " the managed Redis and database; the next request wakes them and is kept meanwhile. 0: never. Where workers.min is above 0,"
        " nothing sleeps.",
    )
    image: ImageName | None = Field(None, description="Container image of the API pods. Left out: the one that Octavo was installed with.")
    resources: Resources = Field(default_factory=Resources, json_schema_extra={"default": {}}, description="CPU and memory of an API pod.")
    priority_class_name: ObjectName | None = Field(
        None,
        description="PriorityClass of the API pods and of the managed Redis and database. Left out: the operator's setting, else the"
        " cluster's default.",
    )
    ingress: Ingress | None = Field(
        None, description="An Ingress for this generator. Without it and without httpRoute it is reached inside the cluster only."
    )
    http_route: HttpRoute | None = Field(
        None, description="An HTTPRoute for this generator, where the cluster has the Gateway API (gateway.networking.k8s.io)."
    )


class Scaling(Model):
    """When workers are added and when they go: by the work that waits, not by CPU."""

    jobs_per_worker: int = Field(
        16,
        ge=1,
        le=10_000,
        description="One worker for each so many jobs that are queued, running or due: lower starts more workers earlier.",
    )
    max_age_seconds: int = Field(
        10, ge=1, le=86400, description="When the oldest job has waited longer than this, in seconds, a worker is added."
    )
    idle_seconds: int = Field(
        300, ge=0, le=604800, description="After so many seconds without any work the workers go down to workers.min."
    )


class Workers(Model):
    """The side that runs the jobs: from none, while nothing is asked, to as many as the work needs."""

    min: int = Field(
        0, ge=0, le=1000, description="How many workers always stand; 0 lets the generator sleep when idle. kubectl scale sets this number."
    )
    max: int = Field(8, ge=1, le=1000, description="How many workers there are at most, however much work waits.")
    concurrency: int = Field(
        16, ge=1, le=1024, description="How many jobs one worker runs side by side; an engine takes them as one batch."
    )
    scaling: Scaling = Field(
        default_factory=Scaling, json_schema_extra={"default": {}}, description="When workers are added and taken away."
    )
    drain_seconds: int = Field(
        300,
        ge=0,
        le=86400,
        description="How long a worker that is to go may finish its jobs, in seconds; what is left then runs elsewhere.",
    )
    image: ImageName | None = Field(
        None,
        description="Container image of the worker pods, for one of your own with more in it. Left out: the one that Octavo was installed"
        " with.",
    )
    resources: Resources = Field(
        default_factory=Resources, json_schema_extra={"default": {}}, description="CPU, memory and GPU of a worker pod."
    )
    priority_class_name: ObjectName | None = Field(
        None, description="PriorityClass of the worker pods. Left out: the operator's setting, else the cluster's default."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            name="workers min within max",
            cel="self.min <= self.max",
            message="workers.min may not exceed workers.max",
            check=lambda workers: workers.min <= workers.max,
            reads=("min", "max"),
            at="min",
        ),
    )
