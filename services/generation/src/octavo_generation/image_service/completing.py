"""The variables of this process's environment, for documents as they are read."""

from __future__ import annotations

from collections.abc import Mapping

from octavo_generation.image_service.filling import fill
from octavo_generation.image_service.variables import ImageServiceVariables, read_variables


class FromEnvironment:
    """A call completes one document (see `octavo_core.spec.load.Completed`). The variables are read with the first image generator, so that
    a process without one does not end for what is wrong with them. `used` says by generator which variables count."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._variables: ImageServiceVariables | None = None
        self.used: dict[str, tuple[str, ...]] = {}

    def __call__(self, document: object) -> object:
        """Raises `Misconfigured`."""
        spec = document.get("spec") if isinstance(document, Mapping) else None
        if not isinstance(document, Mapping) or not isinstance(spec, Mapping) or spec.get("task") != "image":
            return document
        if self._variables is None:
            self._variables = read_variables(self._environment)
        filled = fill(document, self._variables)
        metadata = document.get("metadata")
        if filled.variables and isinstance(metadata, Mapping):
            self.used[str(metadata.get("name"))] = filled.variables
        return filled.document
