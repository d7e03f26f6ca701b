"""Where a provider's key is missing and the installation runs the fake providers: they answer in its stead, and everything says so.

Pure. The operator alone decides it: it is who knows whether a Secret is there, and the API, which shows the providers, gets no key to
see. Without fake providers a missing Secret stays what it is, the cause why a generator is not ready.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from octavo_core.spec import GeneratorService, Provider, SecretRef
from octavo_core.spec.providers import NEED_KEY
from octavo_core.spec.references import references_in
from octavo_operator.settings import OperatorSettings


def sampled(resource: GeneratorService, missing: Collection[str], settings: OperatorSettings) -> tuple[str, ...]:
    """Names of the providers for which the fake ones stand in. `missing`: 'NAME' or 'NAME: key KEY' of Secrets, as `ForeignSecrets`
    says it."""
    if not settings.fake_providers_url:
        return ()
    return tuple(provider.name for provider in resource.spec.providers or () if _lacks_key(provider, missing))


def not_stood_in_for(resource: GeneratorService, missing: tuple[str, ...], samples: Collection[str]) -> tuple[str, ...]:
    """Of what is missing, what something else than the key of such a provider refers to."""
    if not samples:
        return missing
    needed = set(_needed(resource, samples))
    return tuple(said for said in missing if any(said in _said_of(reference) for reference in needed))


def asks_fakes(resource: GeneratorService, samples: Collection[str]) -> bool:
    """Whether its workers call the installation's fake providers."""
    return bool(samples) or any(provider.type == "fake" and provider.base_url is None for provider in resource.spec.providers or ())


def _lacks_key(provider: Provider, missing: Collection[str]) -> bool:
    if provider.type in ("fake", "sketch"):
        return False
    if provider.credentials is None:
        return provider.type in NEED_KEY
    reference = provider.credentials.secret_ref
    # a variable of a laptop's environment is in no pod
    return reference is None or any(said in missing for said in _said_of(reference))


def _said_of(reference: SecretRef) -> tuple[str, str]:
    return reference.name, f"{reference.name}: key {reference.key}"


def _needed(resource: GeneratorService, samples: Collection[str]) -> Iterator[SecretRef]:
    spec = resource.spec
    for name in type(spec).model_fields:
        if name != "providers":
            yield from references_in(getattr(spec, name))
    for provider in resource.spec.providers or ():
        if provider.name not in samples:
            yield from references_in(provider)
