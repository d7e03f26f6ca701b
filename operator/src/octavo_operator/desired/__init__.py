"""Pure: from a GeneratorService to the objects that stand for it, one file for each thought. docs/adr/0008 says when each is made."""

from __future__ import annotations

from octavo_core.spec import GeneratorService
from octavo_operator import names
from octavo_operator.desired import (
    api,
    config,
    credentials,
    database,
    exposure,
    images,
    monitoring,
    network,
    redis,
    stand_in,
    stores,
    worker,
)
from octavo_operator.desired.subject import Json, Subject, hashed
from octavo_operator.resource import Manifest, Situation
from octavo_operator.settings import OperatorSettings

__all__ = ["desired", "unmet"]


def desired(resource: GeneratorService, situation: Situation, settings: OperatorSettings) -> tuple[Manifest, ...]:
    """All objects of one generator, in the order in which they are applied: what is read first, then what reads it; the way to the
    activator before the API goes.

    Deterministic: the same input gives the same manifests, each with its own hash as annotation. Raises `Misconfigured` for a
    resource that cannot be turned into pods, with words for its status.
    """
    subject = _subject(resource, situation, settings)
    manifests: list[Json] = [
        _account(subject),
        credentials.secret(subject),
        config.config_map(subject),
        *network.network_policies(subject),
        *images.claim(subject),
        *stores.stores_service(subject),
        *redis.stateful_sets(subject),
        *database.stateful_sets(subject),
        api.service(subject),
        *stand_in.endpoint_slice(subject),
        api.deployment(subject),
        worker.deployment(subject),
        *api.disruption_budget(subject),
        *exposure.ingress(subject),
        *exposure.http_route(subject),
        *monitoring.monitors(subject),
    ]
    return tuple(hashed(manifest) for manifest in manifests)


def unmet(resource: GeneratorService, situation: Situation, settings: OperatorSettings) -> tuple[str, ...]:
    """What the resource asks for and this cluster cannot have, in words for its status; empty is the good case."""
    return exposure.unmet(_subject(resource, situation, settings))


def _subject(resource: GeneratorService, situation: Situation, settings: OperatorSettings) -> Subject:
    return Subject(
        resource,
        situation,
        settings,
        generators=config.generators_file(resource),
        secrets=credentials.values(resource, situation.passwords, settings),
    )


def _account(subject: Subject) -> Json:
    """An identity of the generator's own: without a token and without rights, for a cloud or a policy to know its pods by."""
    return subject.child("v1", "ServiceAccount", names.account(subject.name), "account", automountServiceAccountToken=False)
