"""A generator as it is served: the resource, and what the API needs of it ready at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from octavo_core.errors import Misconfigured, Unauthenticated
from octavo_core.identity import ANONYMOUS, DiscoveredKeys, Forwarded, JwksKeys, Principal, TokenVerifier, is_forwarded, verify_forwarded
from octavo_core.spec import GeneratorService
from octavo_generation.tasks import Task, task_for
from octavo_jobs.lifecycle import Policy


@dataclass(frozen=True, slots=True)
class Generator:
    resource: GeneratorService
    task: Task[Any]
    policy: Policy
    verifier: TokenVerifier | None
    """None where nothing is known of who issues tokens."""
    forwarding_key: str | None = field(default=None, repr=False)
    """What the activator signs with; None where nobody accepts jobs in this generator's stead."""
    open_to_all: bool = False
    """Whether callers without a token are served, too."""
    platform: TokenVerifier | None = None
    """Checks the tokens of the platform's own services, whoever issues people's; None where no platform is known."""

    @property
    def name(self) -> str:
        return self.resource.name

    async def principal(self, authorization: str | None) -> Principal:
        """Raises `Unauthenticated`. Where everyone may call, a token that names the platform as its issuer still says whose the work is,
        and one that has expired is refused: its work would be everybody's. What else is sent (clients of other APIs must send some key)
        counts as none."""
        if self.verifier is None or (self.open_to_all and not self.verifier.is_of_issuer(authorization)):
            return ANONYMOUS
        return await self.verifier.verify(authorization)

    def forwarded(self, authorization: str | None) -> Forwarded | None:
        """What the activator hands over; None for a caller's own request. Raises `Unauthenticated` for a token that says it is the
        activator's and is not, also where everyone may call: taken for a stranger's, its job would run a second time."""
        if authorization is None or not is_forwarded(authorization):
            return None
        if self.forwarding_key is None:
            raise Unauthenticated("nobody accepts jobs in this generator's stead; it has no forwarding key")
        return verify_forwarded(authorization, self.forwarding_key)


def serve(
    resource: GeneratorService, *, jwks_url: str | None = None, issuer: str = "octavo", forwarding_key: str | None = None
) -> Generator:
    """Raises `Misconfigured` when this installation cannot serve the resource. `jwks_url` and `issuer` are the platform's own."""
    jobs, auth = resource.spec.jobs, resource.spec.auth
    policy = Policy(
        max_attempts=jobs.max_attempts,
        timeout_ms=round(jobs.timeout_seconds * 1000),
        lease_ms=round(jobs.lease_seconds * 1000),
        retry_base_ms=round(jobs.retry.base_seconds * 1000),
        retry_max_ms=round(jobs.retry.max_seconds * 1000),
        retention_ms=round(jobs.retention_days * 86_400_000),
    )
    platform = None if jwks_url is None else TokenVerifier(JwksKeys(jwks_url), issuer=issuer, audience=None)
    verifier = None
    if auth.mode == "none":
        verifier = platform
    else:
        # Refused rather than served open where anything is missing: a generator that asks for tokens never answers without one.
        if auth.mode == "oidc":
            assert auth.issuer is not None, "the resource's own rule asks for it"
            verifier = TokenVerifier(DiscoveredKeys(auth.issuer), issuer=auth.issuer, audience=auth.audience)
        elif jwks_url is None:
            raise Misconfigured("auth.mode jwt needs OCTAVO_JWKS_URL, where the issuer's public keys are")
        else:
            verifier = TokenVerifier(JwksKeys(jwks_url), issuer=auth.issuer or issuer, audience=auth.audience)
    return Generator(
        resource, task_for(resource.spec), policy, verifier, forwarding_key, open_to_all=auth.mode == "none", platform=platform
    )
