"""Settings that the API and the workers of a generator have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from octavo_core.settings import CommonSettings, also
from octavo_generation.images.paths import PICTURES

DATABASE_URL: Any = Field(
    None,
    json_schema_extra=also("DATABASE_URL"),
    description="Jobs: sqlite:///PATH, postgresql://… or mysql://…; default SQLite in home.",
)
"""For the processes of one generator, which a platform's own DATABASE_URL may be for. `octavo up` is for a machine where others' variables
stand, too, and goes by OCTAVO_DATABASE_URL alone."""


class GenerationSettings(CommonSettings):
    pictures_folder: Path | None = Field(
        None,
        description="Folder of pictures whose storage is local, which API and workers must share; generated_images in OCTAVO_HOME when"
        " absent.",
    )

    models_folder: Path | None = Field(
        None, description="Folder of models that were fetched from a hub or converted for an engine; models in OCTAVO_HOME when absent."
    )

    @property
    def models(self) -> Path:
        return self.home / "models" if self.models_folder is None else self.models_folder

    @property
    def pictures(self) -> Path:
        """Each generator has a folder of its own below it."""
        return self.home / PICTURES if self.pictures_folder is None else self.pictures_folder
