"""Where a provider's key comes from.

`credentials.env` names a variable. `credentials.secretRef` names a key of a Secret, which a cluster mounts into the variable
`OCTAVO_SECRET_<NAME>_<KEY>`; on a laptop the person sets that variable. A resource may have both, for both places.
"""

from __future__ import annotations

from collections.abc import Mapping

from octavo_core.errors import Misconfigured
from octavo_core.spec import Credentials

_PLACEHOLDERS = frozenset({"your-key-here"})
_PLACEHOLDER_HOST = "://your-resource."


def is_placeholder(value: str) -> bool:
    """Whether it is what an example file has in place of a value: who copied it has not set it yet."""
    return value in _PLACEHOLDERS or _PLACEHOLDER_HOST in value


def variables_of(credentials: Credentials) -> tuple[str, ...]:
    """Where a process looks for the value, in this order."""
    secret = credentials.secret_ref
    return tuple(name for name in (credentials.env, None if secret is None else secret.variable) if name is not None)


def find_credentials(credentials: Credentials | None, environment: Mapping[str, str]) -> str | None:
    """The key; None when there is none here (or an example's placeholder), or none is asked for."""
    if credentials is None:
        return None
    found = (environment.get(name, "").strip() for name in variables_of(credentials))
    return next((value for value in found if value and not is_placeholder(value)), None)


def read_credentials(credentials: Credentials | None, environment: Mapping[str, str]) -> str | None:
    """The key; None when the provider asks for none. Raises `Misconfigured` that names the variable, never its value."""
    if credentials is None:
        return None
    key = find_credentials(credentials, environment)
    if key is None:
        raise Misconfigured(
            f"the environment variable {' or '.join(variables_of(credentials))} is not set; it must hold the provider's key"
        )
    return key
