"""schemathesis asks every operation that the documents describe, and compares the answers with what they promise."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from tests.integration.generation.conftest import Shared
from tests.servers.framing import without_framing

pytestmark = pytest.mark.needs("redis")

BOUNDED = settings(
    max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck), database=None
)
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance, content_type_conformance]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["text", "drawing", "seeing", "script", "translator"])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_a_generators_operations(shared: Shared, mode: GenerationMode, name: str) -> None:
    document = schemathesis.openapi.from_url(f"{shared.platform.base}/generators/{name}/openapi.json")
    assert ask_all(document, mode, {"prefer": "respond-async"}) >= (10 if mode is GenerationMode.POSITIVE else 3)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_platforms_operations(shared: Shared, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{shared.platform.base}/openapi.json")
    # The stream of all events has no end.
    document = document.exclude(path="/api/notifications/events")
    assert ask_all(document, mode, shared.issuer.headers("fuzz")) >= (6 if mode is GenerationMode.POSITIVE else 1)


def ask_all(document: Any, mode: GenerationMode, headers: dict[str, str]) -> int:
    """How many operations could be asked in this mode: with what they allow, or with what they do not."""
    count = 0
    for found in document.get_all_operations():
        operation = found.ok()
        # Any text is a path, so that only a query or a body can be wrong.
        if mode is GenerationMode.NEGATIVE and not (len(operation.query) or len(operation.body)):
            continue
        count += 1

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.validate_response(without_framing(case).call(headers=headers, timeout=30), checks=CHECKS)

        ask()
    return count
