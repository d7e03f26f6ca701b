"""StatefulSet `{name}-redis`: the bell and the event stream. Without a volume it begins empty after a restart, and no job is lost."""

from __future__ import annotations

from octavo_operator import names
from octavo_operator.desired import credentials, pods
from octavo_operator.desired.stores import VOLUME, claim, stateful_set
from octavo_operator.desired.subject import Json, Subject

_GRACE_S = 30


def stateful_sets(subject: Subject) -> list[Json]:
    managed = subject.spec.redis.managed
    if managed is None:
        return []
    settings = subject.settings
    container: Json = {
        "name": "redis",
        "image": settings.image_redis,
        # the password is in the file: arguments are for everyone on the node to read
        "command": ["redis-server", f"{pods.CREDENTIALS_PATH}/{credentials.REDIS_CONF}"],
        "ports": [{"name": "redis", "containerPort": names.REDIS_PORT, "protocol": "TCP"}],
        "resources": pods.resources(settings.resources_redis, settings.resources_redis),
        "volumeMounts": [pods.mount("credentials", pods.CREDENTIALS_PATH, read_only=True), pods.mount(VOLUME, "/data")],
        "startupProbe": pods.tcp_probe(names.REDIS_PORT, periodSeconds=1, timeoutSeconds=3, failureThreshold=300),
        "readinessProbe": pods.tcp_probe(names.REDIS_PORT, periodSeconds=10, timeoutSeconds=3, failureThreshold=2),
        "livenessProbe": pods.tcp_probe(names.REDIS_PORT, periodSeconds=20, timeoutSeconds=10, failureThreshold=6),
    }
    volumes = [pods.secret_volume("credentials", names.credentials(subject.name), credentials.REDIS_CONF)]
    claims = []
    if managed.storage is None:
        volumes.append(pods.empty_volume(VOLUME))
    else:
        claims.append(claim(subject, "redis", managed.storage))
    template = pods.template(
        subject,
        "redis",
        container=container,
        volumes=volumes,
        user=settings.user_redis,
        grace_seconds=_GRACE_S,
        reads=credentials.fingerprint(subject, credentials.REDIS_CONF),
        labels={names.STORE_LABEL: "true"},
        priority_class_name=subject.spec.api.priority_class_name,
    )
    return [stateful_set(subject, "redis", names.redis(subject.name), template, claims, retain=False)]
