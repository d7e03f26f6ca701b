"""What everything that stands for a generator is called: names, labels, annotations, ports. Nobody else spells one of them."""

from __future__ import annotations

from collections.abc import Mapping

from octavo_core.spec import GROUP
from octavo_operator.resource import Component

MANAGER = "octavo-operator"
"""Field manager of every write, and the value of `app.kubernetes.io/managed-by`."""

NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
COMPONENT_LABEL = "app.kubernetes.io/component"
PART_OF_LABEL = "app.kubernetes.io/part-of"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
APPLICATION = "octavo-generator"
PART_OF = "octavo"
MANAGED_SELECTOR = f"{MANAGED_BY_LABEL}={MANAGER}"
"""Label selector under which an API server lists all children and their pods, of every generator."""

STORE_LABEL = f"{GROUP}/store"
"""On the pods of managed stores: one headless Service gives all of them their DNS names."""

SHARES_LABEL = f"{GROUP}/shares-volume"
"""On the pods that share a volume which one node alone can have: they are put next to each other."""

HASH_ANNOTATION = f"{GROUP}/hash"
"""On a child: of the manifest that was applied. On a pod template: of the template and of the data that its pods read."""
FIXED_ANNOTATION = f"{GROUP}/fixed"
"""On a StatefulSet: of the fields that no API server lets change, so that a change of them is known before it is refused."""
WAKE_ANNOTATION = f"{GROUP}/wake"
"""On a GeneratorService: a new value wakes it."""

API_PORT = 8000
METRICS_PORT = 9090
SERVICE_PORT = 80
REDIS_PORT = 6379
DATABASE_PORTS: Mapping[str, int] = {"postgresql": 5432, "mysql": 3306}
HTTP_PORT_NAME = "http"
METRICS_PORT_NAME = "metrics"

REDIS_URL_KEY = "redis-url"
DATABASE_URL_KEY = "database-url"
REDIS_PASSWORD_KEY = "redis-password"  # noqa: S105  # the name of a key, no password
DATABASE_PASSWORD_KEY = "database-password"  # noqa: S105
FORWARDING_KEY = "forwarding-key"
"""Keys of the Secret `{name}-credentials`. The last three are generated once; all else in it follows from them."""


def api(name: str) -> str:
    """Deployment, Service, PodDisruptionBudget, Ingress, HTTPRoute and ServiceMonitor of the HTTP side, and the NetworkPolicy with
    what it reaches outside."""
    return f"{name}-api"


def worker(name: str) -> str:
    """Deployment and PodMonitor of the side that works, and the NetworkPolicy with what it reaches outside."""
    return f"{name}-worker"


def redis(name: str) -> str:
    """StatefulSet of the managed Redis."""
    return f"{name}-redis"


def database(name: str) -> str:
    """StatefulSet of the managed database."""
    return f"{name}-db"


def stores(name: str) -> str:
    """The headless Service that governs the StatefulSets of both managed stores."""
    return f"{name}-stores"


def store_host(name: str, store: str) -> str:
    """DNS name, inside the namespace, of the one pod of a store's StatefulSet (`redis(name)` or `database(name)`)."""
    return f"{store}-0.{stores(name)}"


def config(name: str) -> str:
    """ConfigMap with the resource, as the processes read it."""
    return f"{name}-config"


def credentials(name: str) -> str:
    """Secret with the generated passwords and the URLs made of them."""
    return f"{name}-credentials"


def account(name: str) -> str:
    """ServiceAccount of all pods."""
    return name


def policy(name: str) -> str:
    """NetworkPolicy over all pods: nothing but what is needed."""
    return name


def images(name: str) -> str:
    """PersistentVolumeClaim of the pictures, where they are kept in a folder."""
    return f"{name}-images"


def activator(name: str) -> str:
    """EndpointSlice that leads the API's Service to the activator."""
    return f"{name}-activator"


def labels(name: str, component: str) -> dict[str, str]:
    """Of a child, and of the pods of a workload."""
    return {
        NAME_LABEL: APPLICATION,
        INSTANCE_LABEL: name,
        COMPONENT_LABEL: component,
        PART_OF_LABEL: PART_OF,
        MANAGED_BY_LABEL: MANAGER,
    }


def selector(name: str, component: Component | None = None) -> dict[str, str]:
    """The labels by which the pods of one component, or of all, are found. It can never change: workloads keep it for life."""
    chosen = {NAME_LABEL: APPLICATION, INSTANCE_LABEL: name}
    return chosen if component is None else {**chosen, COMPONENT_LABEL: component}


def selector_text(name: str, component: Component | None = None) -> str:
    """The same, as kubectl and the scale subresource write it."""
    return ",".join(f"{key}={value}" for key, value in selector(name, component).items())
