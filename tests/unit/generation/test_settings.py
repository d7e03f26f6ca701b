"""Where the pictures of a folder are: below the home, or where it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo_core.settings import read_settings
from octavo_generation.settings import GenerationSettings


def test_pictures_lie_in_the_home_unless_another_folder_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_HOME", "/srv/octavo")
    assert read_settings(GenerationSettings).pictures == Path("/srv/octavo/generated_images")
    monkeypatch.setenv("OCTAVO_PICTURES_FOLDER", "/var/lib/octavo/pictures")
    assert read_settings(GenerationSettings).pictures == Path("/var/lib/octavo/pictures")
