"""What a document leaves out, from the variables of the services that people move here from: the Image Generator Service's for image
generators, the Script Generation Service's for those of scripts."""

from __future__ import annotations

from collections.abc import Mapping

from octavo_generation import image_service, script_service
from octavo_generation.image_service import Filled, ImageServiceVariables
from octavo_generation.script_service import ScriptServiceVariables


class FromEnvironment:
    """A call completes one document (see `octavo_core.spec.load.Completed`). The variables are read with the first generator that they are
    for, so that a process without one does not end for what is wrong with them. `used` says by generator which variables count."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._of_images: ImageServiceVariables | None = None
        self._of_scripts: ScriptServiceVariables | None = None
        self.used: dict[str, tuple[str, ...]] = {}

    def __call__(self, document: object) -> object:
        """Raises `Misconfigured`."""
        spec = document.get("spec") if isinstance(document, Mapping) else None
        if not isinstance(document, Mapping) or not isinstance(spec, Mapping):
            return document
        filled = self._filled(document, spec.get("task"))
        metadata = document.get("metadata")
        if filled.variables and isinstance(metadata, Mapping):
            self.used[str(metadata.get("name"))] = filled.variables
        return filled.document

    def _filled(self, document: Mapping[str, object], task: object) -> Filled:
        if task == "image":
            if self._of_images is None:
                self._of_images = image_service.read_variables(self._environment)
            return image_service.fill(document, self._of_images)
        if task == "script":
            if self._of_scripts is None:
                self._of_scripts = script_service.read_variables(self._environment)
            return script_service.fill(document, self._of_scripts)
        return Filled(document)
