"""Where a provider's key comes from.

`credentials.env` names a variable. `credentials.secretRef` names a key of a Secret, which a cluster mounts into the variable
`OCTAVO_SECRET_<NAME>_<KEY>`; on a laptop the person sets that variable.
"""

from __future__ import annotations

from collections.abc import Mapping

from octavo_core.errors import Misconfigured
from octavo_core.spec import Credentials


def variable_of(credentials: Credentials) -> str:
    if credentials.env is not None:
        return credentials.env
    # Exactly one of the two is set: the resource's own rule.
    assert credentials.secret_ref is not None
    return credentials.secret_ref.variable


def read_credentials(credentials: Credentials | None, environment: Mapping[str, str]) -> str | None:
    """The key; None when the provider asks for none. Raises `Misconfigured` that names the variable, never its value."""
    if credentials is None:
        return None
    variable = variable_of(credentials)
    key = environment.get(variable, "").strip()
    if not key:
        raise Misconfigured(f"the environment variable {variable} is not set; it must hold the provider's key")
    return key
