"""What the API and the workers find in their environment, and which Secrets that makes them depend on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from octavo_core.errors import Misconfigured
from octavo_core.spec import SecretRef
from octavo_operator import names
from octavo_operator.desired import config, credentials, images
from octavo_operator.desired.pods import mount, secret_variable, variable
from octavo_operator.desired.subject import Json, Subject
from octavo_operator.samples import asks_fakes


@dataclass(frozen=True, slots=True)
class Environment:
    """Of one container of our own images. `reads` is what it only looks at when it starts."""

    variables: list[Json]
    reads: list[object]


HOME = "/tmp/octavo"  # noqa: S108  # a volume of the pod's own


def mounts(subject: Subject) -> list[Json]:
    return [mount("config", config.FOLDER, read_only=True), mount("tmp", "/tmp"), *images.mounts(subject)]  # noqa: S108


def volumes(subject: Subject, tmp_size: str | None) -> list[Json]:
    tmp: Json = {"name": "tmp", "emptyDir": {} if tmp_size is None else {"sizeLimit": tmp_size}}
    configuration: Json = {"name": "config", "configMap": {"name": names.config(subject.name), "defaultMode": 0o444}}
    return [configuration, tmp, *images.volumes(subject)]


def api_environment(subject: Subject) -> Environment:
    found = _shared(subject)
    found.variables.append(secret_variable("OCTAVO_FORWARDING_KEY", names.credentials(subject.name), names.FORWARDING_KEY))
    found.reads.append(credentials.fingerprint(subject))
    # Also where callers need no token of the platform's: one that they bring says whose the work is, and services erase it with a person.
    if subject.settings.jwks_url is not None:
        found.variables.append(variable("OCTAVO_JWKS_URL", subject.settings.jwks_url))
    if subject.settings.jwks_url is not None or subject.spec.auth.mode == "jwt":
        found.variables.append(variable("OCTAVO_ISSUER", subject.settings.issuer))
    for reference in dict.fromkeys(_storage_secrets(subject)):
        found.variables.append(secret_variable(reference.variable, reference.name, reference.key))
        found.reads.append(_fingerprint(subject, reference.name))
    return found


def worker_environment(subject: Subject) -> Environment:
    """Raises `Misconfigured` where two different Secrets would stand in one variable."""
    found = _shared(subject)
    found.variables.append(variable("OCTAVO_METRICS_PORT", str(names.METRICS_PORT)))
    taken: dict[str, SecretRef] = {}
    for reference in (*_storage_secrets(subject), *_provider_secrets(subject)):
        other = taken.setdefault(reference.variable, reference)
        if other is reference:
            found.variables.append(secret_variable(reference.variable, reference.name, reference.key))
            found.reads.append(_fingerprint(subject, reference.name))
        elif other != reference:
            raise Misconfigured(
                f"the Secrets {other.name}, key {other.key}, and {reference.name}, key {reference.key}, would both stand "
                f"in the variable {reference.variable}; rename one of them"
            )
    return found


def _storage_secrets(subject: Subject) -> Iterator[SecretRef]:
    """Pictures are written by the workers and read by the API."""
    if subject.spec.task != "image" or not subject.spec.image_settings.store:
        return
    storage = subject.spec.storage
    for credentials_ in (storage.credentials, storage.encryption_key):
        if credentials_ is not None and credentials_.secret_ref is not None:
            yield credentials_.secret_ref


def _provider_secrets(subject: Subject) -> Iterator[SecretRef]:
    for provider in subject.spec.providers or ():
        if provider.name in subject.situation.samples:
            continue
        if provider.credentials is not None and provider.credentials.secret_ref is not None:
            yield provider.credentials.secret_ref


def _shared(subject: Subject) -> Environment:
    settings, spec, name = subject.settings, subject.spec, subject.name
    own = names.credentials(name)
    found = Environment(
        [
            variable("OCTAVO_GENERATORS", name),
            variable("OCTAVO_GENERATORS_FILE", f"{config.FOLDER}/{config.FILE}"),
            variable("OCTAVO_HOME", HOME),
            variable("OCTAVO_LOG_FORMAT", "json"),
        ],
        [subject.generators],
    )
    for variable_name, key, external in (
        ("OCTAVO_DATABASE_URL", names.DATABASE_URL_KEY, spec.database.external),
        ("OCTAVO_REDIS_URL", names.REDIS_URL_KEY, spec.redis.external),
    ):
        if external is not None:
            reference = external.secret_ref
            found.variables.append(secret_variable(variable_name, reference.name, reference.key))
            found.reads.append(_fingerprint(subject, reference.name))
        else:
            found.variables.append(secret_variable(variable_name, own, key))
            found.reads.append(credentials.fingerprint(subject, key))
    if settings.events_redis_secret is not None:
        secret = settings.events_redis_secret
        found.variables.append(secret_variable("OCTAVO_EVENTS_REDIS_URL", secret, settings.events_redis_key, optional=True))
        found.reads.append(_fingerprint(subject, secret))
    found.variables.extend(images.variables(subject))
    if asks_fakes(subject.resource, subject.situation.samples):
        if settings.fake_providers_url:
            found.variables.append(variable("OCTAVO_FAKE_PROVIDERS_URL", settings.fake_providers_url))
        # also where it names none: that a process sees no key is no reason for samples
        found.variables.append(variable("OCTAVO_SAMPLE_PROVIDERS", ",".join(subject.situation.samples)))
    if settings.otlp_endpoint is not None:
        found.variables.append(variable("OCTAVO_OTLP_ENDPOINT", settings.otlp_endpoint))
    return found


def _fingerprint(subject: Subject, secret: str) -> list[str | None]:
    return [secret, subject.situation.fingerprints.get(secret)]
