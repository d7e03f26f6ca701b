"""schemathesis asks every operation of auth's document, and compares the answers with what it promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from tests.integration.auth.processes import auth_process, log_in, register, wait_until_ready
from tests.servers.framing import without_framing
from tests.servers.redis import RedisServer

BOUNDED = settings(
    max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck), database=None
)
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance, content_type_conformance]
ENDS_THE_SESSION = "^/api/auth/logout"


@pytest.mark.timeout(300)
def test_every_operation_keeps_its_promise(tmp_path: Path, redis_server: RedisServer) -> None:
    environment = {
        "OCTAVO_REDIS_URL": redis_server.url,
        "OCTAVO_THROTTLE_SCALE": "1000",
        "OCTAVO_ADMIN_EMAIL": "root@example.org",
        "OCTAVO_PASSWORD_MEMORY_KIB": "8192",
        "OCTAVO_PASSWORD_PASSES": "1",
    }
    with auth_process(tmp_path, **environment) as (client, log):
        wait_until_ready(client)
        register(client, "root@example.org")
        headers = log_in(client, "root@example.org")
        document = schemathesis.openapi.from_url(f"{client.base_url}/api/auth/openapi.json").exclude(path_regex=ENDS_THE_SESSION)
        asked = {mode: _ask_all(document, mode, headers) for mode in GenerationMode}
        assert asked[GenerationMode.POSITIVE] >= 35
        assert asked[GenerationMode.NEGATIVE] >= 20
        assert client.get("/api/auth/users", headers=headers).status_code == 200
        assert "Traceback" not in log.read_text()


def _ask_all(document: Any, mode: GenerationMode, headers: dict[str, str]) -> int:
    """How many operations could be asked in this mode: with what they allow, or with what they do not."""
    count = 0
    for found in document.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (len(operation.query) or len(operation.body)):
            continue
        count += 1

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.validate_response(without_framing(case).call(headers=headers, timeout=30, allow_redirects=False), checks=CHECKS)

        ask()
    return count
