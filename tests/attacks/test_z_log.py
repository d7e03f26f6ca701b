"""What all these attacks left in the log: lines that tell of them, and no secret. Last, by its name."""

from __future__ import annotations

import pytest
from tests.attacks.house import House

pytestmark = pytest.mark.needs("redis")


def test_the_log_tells_of_refusals_and_holds_no_secret(house: House) -> None:
    last = house.person("zoe")
    assert house.client.get("/api/auth/users", headers={"authorization": f"Bearer {last.token}"}).status_code == 403
    assert house.client.post("/api/auth/refresh", json={"refresh_token": last.refresh[:-1] + "x"}).status_code == 401
    assert house.client.get("/api/stories/shared/a-secret-link-of-somebody").status_code == 404
    line = house.told(0, status=404, route="/api/stories/shared/{token}")
    assert set(line) >= {"timestamp", "level", "service", "correlation_id", "status", "error", "reason", "method", "route", "address"}
    log = house.platform.log
    house.secrets.add("a-secret-link-of-somebody")
    assert not [secret for secret in house.secrets if secret in log and not secret.isdigit()]
    assert "Traceback" not in log
    assert not [record for record in house.lines() if record.get("level") in ("error", "critical")]
