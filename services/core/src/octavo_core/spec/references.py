"""Where a secret value comes from. The resource itself never holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import BaseModel, Field

from octavo_core.spec.model import Model
from octavo_core.spec.rule import Rule, any_of
from octavo_core.spec.scalars import EnvironmentName, ObjectName, SecretKey


class SecretRef(Model):
    """One key of a Secret in the namespace of the GeneratorService."""

    name: ObjectName = Field(description="Name of the Secret, in the namespace of this GeneratorService.")
    key: SecretKey = Field(description="Key in the Secret's data whose value is used.")

    @property
    def variable(self) -> str:
        """The environment variable in which a process finds the value: `OCTAVO_SECRET_<NAME>_<KEY>`."""
        return "OCTAVO_SECRET_" + re.sub(r"[^A-Z0-9]+", "_", f"{self.name}_{self.key}".upper())


class Credentials(Model):
    """A key or password: from a Secret in a cluster, from the environment on a laptop. With both, one file serves both places."""

    secret_ref: SecretRef | None = Field(
        None, description="The Secret that holds the value. When it changes, the workers are rolled with the new value."
    )
    env: EnvironmentName | None = Field(
        None,
        description="Name of the environment variable that holds the value: for a laptop, where there are no Secrets. Where it is set,"
        " it counts.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        any_of("secretRef", "env", message="credentials come from secretRef or env; give at least one of the two"),
    )


class External(Model):
    """A server that Octavo uses but does not run; the Secret's value is its URL, password included."""

    secret_ref: SecretRef = Field(description="The Secret whose value is the server's URL, with user name and password.")


def references_in(value: object) -> Iterator[SecretRef]:
    """Every one in a model, wherever in it."""
    if isinstance(value, SecretRef):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from references_in(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from references_in(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references_in(item)
