"""Where the API and the workers of one generator must get to outside of it: what its resource names, and nothing else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from octavo_operator import names
from octavo_operator.desired.subject import Json, Subject
from octavo_operator.desired.worker import fetches_model
from octavo_operator.samples import asks_fakes

_HTTPS = 443
_NAMESPACE = "kubernetes.io/metadata.name"
_CLUSTER_ENDINGS = (("svc",), ("svc", "cluster", "local"))

# never the link-local addresses, where clouds hand out the node's credentials
OUTSIDE: tuple[Json, ...] = (
    {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}},
    {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10"]}},
)
ANYWHERE: tuple[Json, ...] = (*OUTSIDE, {"namespaceSelector": {}})


@dataclass(frozen=True, slots=True)
class Destination:
    """Peers of a NetworkPolicy's rule, and the port there; None where it cannot be known: a Service's port is not its pods'."""

    peers: tuple[Json, ...]
    port: int | None


def api_destinations(subject: Subject) -> list[Destination]:
    found = list(_shared(subject))
    auth = subject.spec.auth
    if subject.settings.jwks_url is not None:
        found += _of_url(subject, subject.settings.jwks_url)
    if auth.mode == "oidc" and auth.issuer is not None:
        found += _of_url(subject, auth.issuer)
    if (projects := subject.spec.script_settings.projects_url) is not None:
        found += _of_url(subject, projects)
    return found


def worker_destinations(subject: Subject) -> list[Destination]:
    found, spec = list(_shared(subject)), subject.spec
    if subject.settings.fake_providers_url and asks_fakes(subject.resource, subject.situation.samples):
        found += _of_url(subject, subject.settings.fake_providers_url)
    for provider in spec.providers or ():
        if provider.name in subject.situation.samples:
            continue
        if provider.base_url is not None:
            found += _of_url(subject, provider.base_url)
        elif provider.type not in ("fake", "sketch"):
            found.append(Destination(OUTSIDE, _HTTPS))
    if spec.task == "image-description":
        # pictures are fetched from wherever their addresses say; the worker itself refuses what is not public
        found += [Destination(OUTSIDE, _HTTPS), Destination(OUTSIDE, 80)]
    if fetches_model(spec):
        found.append(Destination(OUTSIDE, _HTTPS))
    if spec.pipeline is not None:
        other_generators: Json = {"podSelector": {"matchLabels": {names.NAME_LABEL: names.APPLICATION, names.COMPONENT_LABEL: "api"}}}
        found.append(Destination((other_generators,), names.API_PORT))
        # the activator stands in for those that sleep, at a port of each one's own
        found.append(Destination((_pods_of(subject.settings.namespace),), None))
    return found


def _shared(subject: Subject) -> Iterator[Destination]:
    settings, spec = subject.settings, subject.spec
    if spec.redis.external is not None or spec.database.external is not None:
        # its address is a secret
        yield Destination(ANYWHERE, None)
    if settings.events_redis_secret is not None:
        yield Destination((_pods_of(settings.namespace),), None)
    if settings.otlp_endpoint is not None:
        yield from _of_url(subject, settings.otlp_endpoint)
    yield from _storage(subject)


def _storage(subject: Subject) -> Iterator[Destination]:
    spec, storage = subject.spec, subject.spec.storage
    if spec.task != "image" or not spec.image_settings.store or storage.backend == "local":
        return
    endpoint = storage.s3.endpoint if storage.s3 is not None else storage.azure.endpoint if storage.azure is not None else None
    if endpoint is None:
        yield Destination(OUTSIDE, _HTTPS)
    else:
        yield from _of_url(subject, endpoint)


def _of_url(subject: Subject, url: str) -> list[Destination]:
    parsed = urlsplit(url)
    host = (parsed.hostname or "").rstrip(".").lower()
    port = parsed.port or (80 if parsed.scheme == "http" else _HTTPS)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _of_name(subject, host, port)
    return [Destination(({"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}},), port)]


def _of_name(subject: Subject, host: str, port: int) -> list[Destination]:
    """As a pod's resolver reads the name: SERVICE, SERVICE.NAMESPACE[.svc[.cluster.local]], else a name of the world's."""
    _service, *rest = host.split(".")
    if not rest:
        return [Destination(({"podSelector": {}},), None)]
    namespace, *ending = rest
    if not ending or tuple(ending) in _CLUSTER_ENDINGS:
        inside = Destination((_pods_of(namespace),), None)
        # example.org may be a Service in the namespace org, or not
        return [inside] if ending else [inside, Destination(OUTSIDE, port)]
    return [Destination(OUTSIDE, port)]


def _pods_of(namespace: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {_NAMESPACE: namespace}}}


def pods_of_any(namespaces: list[str]) -> Json:
    return {"namespaceSelector": {"matchExpressions": [{"key": _NAMESPACE, "operator": "In", "values": sorted(set(namespaces))}]}}
