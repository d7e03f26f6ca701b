"""The one exception tree. A vendor's exception stops in its adapter; an HTTP code appears only in `octavo_core.http.problems`.

OctavoError
├── InvalidInput            the caller's request is wrong, and how
│   ├── MalformedBody       the body is not what its content type says (broken JSON, broken UTF-8)
│   ├── TooLarge            a body, prompt or upload over its bound
│   ├── UnsupportedMedia    a content type that the route does not take
│   └── InvalidResource     a GeneratorService that breaks its schema (path, cause, what is allowed)
├── Unauthenticated         no valid token
├── Forbidden               a valid token without the right
├── NotFound
├── Conflict                the state of the thing forbids the action, or an idempotency key names another body
│   ├── QuotaReached        the caller keeps as much of it as one may
│   ├── PreconditionFailed  it is another version by now than the one the caller speaks of
│   └── PreconditionMissing the caller must say which version it changes
├── Throttled               too much at once; says when to come back
│   └── BudgetSpent         the generator's money or tokens of the day or the month are spent
├── Moderated               refused for its content
├── ProviderError           an upstream failed
│   ├── ProviderUnavailable
│   ├── ProviderTimeout
│   └── ProviderRefused     the upstream will not do this, however often it is asked
├── EngineError             a local model failed
├── Unavailable             a dependency of ours is down
└── Misconfigured           a setting or the machine lacks something; says which and how to mend it
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where (`spec.workers.max`), what, and what is allowed there."""

    path: str
    message: str
    allowed: str | None = None

    def as_dict(self) -> dict[str, str]:
        body = {"path": self.path, "message": self.message}
        if self.allowed is not None:
            body["allowed"] = self.allowed
        return body


class OctavoError(Exception):
    """Base of all that Octavo raises on purpose.

    `code` is the machine's word for it (the `error` member of a problem body); `retryable` says whether the same job may
    succeed when tried again.
    """

    code = "internal_error"
    retryable = False

    def __init__(self, message: str, *, faults: tuple[Fault, ...] = (), retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.faults = faults
        self.retry_after = retry_after


class InvalidInput(OctavoError):
    code = "validation_failed"


class MalformedBody(InvalidInput):
    code = "malformed_body"


class TooLarge(InvalidInput):
    code = "too_large"


class UnsupportedMedia(InvalidInput):
    code = "unsupported_media_type"


class InvalidResource(InvalidInput):
    code = "invalid_resource"


class Unauthenticated(OctavoError):
    code = "unauthenticated"


class Forbidden(OctavoError):
    code = "forbidden"


class NotFound(OctavoError):
    code = "not_found"


class Conflict(OctavoError):
    code = "conflict"


class QuotaReached(Conflict):
    code = "quota_reached"


class PreconditionFailed(Conflict):
    code = "precondition_failed"


class PreconditionMissing(Conflict):
    code = "precondition_required"


class Throttled(OctavoError):
    code = "too_many_requests"
    retryable = True


class BudgetSpent(Throttled):
    """`retry_after` until the period ends. Not worth another attempt before, except where only calls under way hold the rest
    (`held`): what they do not use is free again in a moment."""

    code = "budget_spent"
    retryable = False

    def __init__(self, message: str, *, retry_after: float | None = None, held: bool = False) -> None:
        super().__init__(message, retry_after=retry_after)
        self.retryable = held


class Moderated(OctavoError):
    code = "moderated"


class ProviderError(OctavoError):
    code = "provider_error"
    retryable = True

    def __init__(self, message: str, *, provider: str, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.provider = provider


class ProviderUnavailable(ProviderError):
    code = "provider_unavailable"


class ProviderTimeout(ProviderError):
    code = "provider_timeout"


class ProviderRefused(ProviderError):
    code = "provider_refused"
    retryable = False


class EngineError(OctavoError):
    code = "engine_error"
    retryable = True


class Unavailable(OctavoError):
    code = "unavailable"
    retryable = True


class Misconfigured(OctavoError):
    code = "misconfigured"
