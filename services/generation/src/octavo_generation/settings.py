"""Settings that the API and the workers of a generator have in common."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from octavo_core.settings import CommonSettings
from octavo_generation.images.paths import PICTURES


class GenerationSettings(CommonSettings):
    pictures_folder: Path | None = Field(
        None,
        description="Folder of pictures whose storage is local, which API and workers must share; generated_images in OCTAVO_HOME when"
        " absent.",
    )

    @property
    def pictures(self) -> Path:
        """Each generator has a folder of its own below it."""
        return self.home / PICTURES if self.pictures_folder is None else self.pictures_folder
