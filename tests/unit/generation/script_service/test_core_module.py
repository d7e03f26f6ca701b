"""The names of the Script Generation Service's Core Module, and that each has its like where the guide says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[4] / "docs" / "guides" / "scripts.md"
NAMES = (
    *("GenerationRequestDTO", "GenerationResponseDTO", "AIModelConfigDTO", "ProjectDTO", "EpisodeDTO"),
    *("BaseServiceException", "GenerationServiceError", "ValidationException", "NotFoundError"),
    *("get_service_logger", "generate_uuid", "generate_prefixed_id", "utc_now", "safe_json_loads", "safe_json_dumps"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_core_module_has_its_like(name: str) -> None:
    row = re.search(rf"^\| `{name}` \| `([\w.]+)\.(\w+)` \|$", GUIDE.read_text(), re.MULTILINE)
    assert row is not None, f"the guide does not say where {name} is"
    assert hasattr(importlib.import_module(row[1]), row[2])
