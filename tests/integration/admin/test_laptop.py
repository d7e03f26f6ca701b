"""What an admin does on a laptop, over HTTP."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.integration.admin.conftest import House, Someone, join
from tests.journeys.people import ok, until

from octavo_core.clock import to_iso
from octavo_core.ids import generate_uuid

pytestmark = [pytest.mark.needs("redis")]

NOBODY = generate_uuid()


def test_whoever_is_no_admin_is_refused_everywhere(house: House) -> None:
    document = ok(house.client.get("/api/admin/openapi.json"))
    operations = [(method, path) for path, item in document["paths"].items() for method in item if "/health" not in path]
    assert len(operations) >= 16
    secret = (house.platform.home / "service.secret").read_text().strip()
    service = ok(house.client.post("/api/auth/service-token", json={"client_id": "stories", "client_secret": secret}))["access_token"]
    acting = {"client_id": "stories", "client_secret": secret, "on_behalf_of": house.admin.id}
    on_behalf = ok(house.client.post("/api/auth/service-token", json=acting))["access_token"]
    for method, template in operations:
        path = re.sub(r"\{(name|generator)[^}]*\}", "text", re.sub(r"\{(job|user)\}", NOBODY, template))
        assert house.client.request(method, path).status_code == 401, path
        for token in (house.ana.token, service, on_behalf):
            refused = house.client.request(method, path, headers={"authorization": f"Bearer {token}"})
            assert refused.status_code == 403, f"{method} {path}: {refused.text}"
            assert refused.json()["error"] == "forbidden"


def test_services_and_processes(house: House) -> None:
    body = ok(house.admin.client.get("/api/admin/services"))
    services = {item["name"]: item for item in body["items"]}
    assert {"platform", "auth", "characters", "stories", "admin"} <= set(services)
    assert {item["state"] for item in services.values()} == {"healthy"}
    assert {"name": "database", "status": "healthy", "message": None} in services["auth"]["dependencies"]
    assert services["auth"]["uptime_seconds"] > 0
    assert services["auth"]["version"]
    processes = {item["name"]: item for item in body["processes"]}
    assert processes["redis"]["state"] == processes["api"]["state"] == "running"
    assert processes["worker providers"]["generators"] == ["text", "slow", "failing"]


def test_generators_with_queue_cost_and_recent_work(house: House) -> None:
    assert house.generate(house.ana, "text", "cost-1", "wait=30")["status"] == "succeeded"
    items = {item["name"]: item for item in ok(house.admin.client.get("/api/admin/generators"))["items"]}
    assert list(items) == ["failing", "slow", "text"]
    text = items["text"]
    assert text["task"] == "text"
    assert text["recent"]["succeeded"] >= 1
    assert text["cost"]["month"]["tokens"] == text["cost"]["today"]["tokens"] >= 5
    assert [(one["provider"], one["month"]["tokens"]) for one in text["cost"]["by_provider"]] == [("up", text["cost"]["month"]["tokens"])]
    assert items["slow"]["cost"] is None, "nobody counts where there is no budget"
    assert text["versions"]["api"] == "octavo.dev/v1alpha1"
    assert text["spec"]["providers"] == [{"name": "up", "type": "openai-compatible", "model": "m"}], "no address of a provider"
    one = ok(house.admin.client.get("/api/admin/generators/text"))
    assert [process["name"] for process in one["processes"]] == ["worker providers"]
    assert house.admin.client.get("/api/admin/generators/nothing").status_code == 404


def logs(house: House, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(house.admin.client.get("/api/admin/logs", params=asked))["items"]
    return found


def test_logs_are_found_by_the_correlation_id_of_a_request_just_made(house: House) -> None:
    refused = house.client.get("/api/auth/me", headers={"x-correlation-id": "find-me-1"})
    assert refused.status_code == 401
    lines = until(lambda: logs(house, correlation_id="find-me-1") or None, what="no line of the request")
    assert {(line["service"], line["source"]) for line in lines} == {("auth", "api")}
    assert logs(house, correlation_id="find-me-1", service="stories") == []
    assert logs(house, correlation_id="find-me-1", level="error") == []
    assert house.generate(house.ana, "failing", "find-me-2", "wait=30")["status"] == "failed"
    lines = until(lambda: logs(house, correlation_id="find-me-2", service="failing", level="warning") or None, what="no line of the worker")
    assert {line["source"] for line in lines} == {"worker providers"}


def test_pages_of_logs_and_what_cannot_be_asked(house: House) -> None:
    client = house.admin.client
    seen: list[str] = []
    cursor = None
    until_now = {"until": "2100-01-01T00:00:00Z", "limit": 5}
    for _ in range(50):
        page = ok(client.get("/api/admin/logs", params={**until_now, **({"cursor": cursor} if cursor else {})}))
        seen += [line["position"] for line in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) > 5
    assert seen == sorted(set(seen), reverse=True)
    for asked in (
        {"cursor": "x' OR 1=1"},
        {"limit": 0},
        {"level": "loud"},
        {"since": "yesterday"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"correlation_id": "a b"},
        {"text": ""},
    ):
        assert client.get("/api/admin/logs", params=asked).status_code == 422, asked


def test_a_live_tail_sees_a_request_that_is_made_meanwhile(house: House) -> None:
    with house.admin.client.stream("GET", "/api/admin/logs/tail", params={"service": "auth"}) as tail:
        assert tail.headers["content-type"].startswith("text/event-stream")
        lines = tail.iter_lines()
        assert next(lines) == "event: open"
        house.client.get("/api/auth/me", headers={"x-correlation-id": "live-1"})
        data = next(line for line in lines if line.startswith("data: {") and "live-1" in line)
    found = orjson.loads(data.removeprefix("data: "))
    assert (found["service"], found["correlation_id"]) == ("auth", "live-1")


def job_of(house: House, job: str) -> dict[str, Any]:
    found: dict[str, Any] = ok(house.admin.client.get(f"/api/admin/jobs/{job}"))["job"]
    return found


def audit(house: House, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(house.admin.client.get("/api/admin/audit", params={"limit": 200, **asked}))["items"]
    return found


def test_anothers_job_is_seen_cancelled_and_replayed_and_all_of_it_is_in_the_audit_log(house: House) -> None:
    client = house.admin.client
    job = house.generate(house.ana, "slow", "job-1")["generation_id"]
    listed = ok(client.get("/api/admin/jobs", params={"user": house.ana.id, "generator": "slow", "state": ["queued", "running"]}))["items"]
    assert [item["id"] for item in listed] == [job]
    assert listed[0]["correlation_id"] == "job-1"
    in_full = until(lambda: ((found := ok(client.get(f"/api/admin/jobs/{job}")))["events"] and found) or None, what="no events")
    assert in_full["events"][0]["type"] == "job.accepted"
    assert "secret wish" not in orjson.dumps(in_full).decode()

    ok(client.post(f"/api/admin/jobs/{job}/cancel", headers={"x-correlation-id": "act-1"}))
    until(lambda: job_of(house, job)["status"] == "cancelled" or None, what="the job is not cancelled")
    assert client.post(f"/api/admin/jobs/{job}/cancel", headers={"x-correlation-id": "act-2"}).status_code == 409
    replayed = ok(client.post(f"/api/admin/jobs/{job}/replay", headers={"x-correlation-id": "act-3"}), 202)["job"]
    assert replayed["status"] in ("queued", "running")
    assert client.post(f"/api/admin/jobs/{job}/replay").status_code == 409
    ok(client.post(f"/api/admin/jobs/{job}/cancel"))
    assert client.post(f"/api/admin/jobs/{NOBODY}/cancel").status_code == 404

    entries = {entry["correlation_id"]: entry for entry in audit(house, user=house.ana.id) if entry["action"].startswith("job_")}
    assert entries["act-1"]["action"] == "job_cancel"
    assert (entries["act-1"]["actor"], entries["act-1"]["subject"]) == (house.admin.id, house.ana.id)
    assert entries["act-1"]["detail"] == f"slow {job}"
    assert entries["act-3"]["action"] == "job_replay"
    assert [e["outcome"] for e in audit(house, action="job_cancel") if e["correlation_id"] == "act-2"] == ["refused", "ok"]


def test_dead_letters_are_replayed_in_bulk_and_bounded(house: House) -> None:
    for number in range(3):
        assert house.generate(house.ana, "failing", f"dead-{number}", "wait=30")["status"] == "failed"
    client = house.admin.client
    said = ok(client.post("/api/admin/dead-letters/failing/replay", json={"limit": 2}), 202)
    assert said == {"success": True, "replayed": 2, "more": True}
    assert ok(client.post("/api/admin/dead-letters/nothing/replay"), 202) == {"success": True, "replayed": 0, "more": False}
    assert client.post("/api/admin/dead-letters/failing/replay", json={"limit": 501}).status_code == 422
    (entry,) = [entry for entry in audit(house, action="dead_letters_replay") if entry["detail"].startswith("failing")]
    assert entry["actor"] == house.admin.id


def test_the_services_own_lanes_are_jobs_too_and_tell_no_secret(house: House) -> None:
    page = ok(house.admin.client.get("/api/admin/jobs", params={"generator": "auth.mail"}))
    assert len(page["items"]) >= 2
    assert {item["user"] for item in page["items"]} == {"octavo-auth"}
    with closing(sqlite3.connect(f"file:{house.platform.home / 'jobs.db'}?mode=ro", uri=True)) as connection:
        (sealed,) = connection.execute("SELECT request FROM jobs WHERE queue = 'auth.mail'").fetchone()
    assert orjson.loads(sealed)["sealed"] not in orjson.dumps(page).decode()


def test_jobs_by_age_and_in_pages(house: House) -> None:
    client, everything = house.admin.client, []
    for number in range(3):
        house.generate(house.ana, "text", f"page-{number}", "wait=30")
    cursor: str | None = None
    while True:
        page = ok(client.get("/api/admin/jobs", params={"limit": 2, "generator": "text", **({"cursor": cursor} if cursor else {})}))
        everything += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    ids = [item["id"] for item in everything]
    assert len(ids) >= 3
    assert ids == sorted(set(ids), reverse=True)
    # An id is made a moment before its job is written down.
    middle = to_iso(int(ids[1].replace("-", "")[:12], 16))
    younger = ok(client.get("/api/admin/jobs", params={"generator": "text", "accepted_from": middle}))["items"]
    older = ok(client.get("/api/admin/jobs", params={"generator": "text", "accepted_before": middle}))["items"]
    assert [item["id"] for item in younger] == ids[:2]
    assert [item["id"] for item in older] == ids[2:]
    for asked in ({"cursor": "nonsense"}, {"state": "asleep"}, {"limit": 1_000}, {"generator": "../x"}, {"user": ""}):
        assert client.get("/api/admin/jobs", params=asked).status_code == 422, asked


def test_people_are_found_suspended_and_signed_out_by_auth_itself(house: House) -> None:
    client, eva = house.admin.client, join(house.client, "Eva", "eva@example.org")
    found = ok(client.get("/api/admin/users", params={"q": "eva@"}))["items"]
    assert [user["id"] for user in found] == [eva.id]
    assert ok(client.post(f"/api/admin/users/{eva.id}/logout"))["sessions"] == 1
    assert eva.client.get("/api/auth/me").status_code == 401
    suspended = ok(client.patch(f"/api/admin/users/{eva.id}", json={"status": "suspended"}, headers={"x-correlation-id": "act-4"}))
    assert suspended["user"]["status"] == "suspended"
    assert client.patch(f"/api/admin/users/{eva.id}", json={"name": "x"}).status_code == 422
    last = client.patch(f"/api/admin/users/{house.admin.id}", json={"role": "user"})
    assert last.status_code == 409, "auth's own rule"
    assert ok(client.delete(f"/api/admin/users/{eva.id}"), 202)["erasure_id"]
    entries = [entry for entry in audit(house, action="administer") if entry["correlation_id"] == "act-4"]
    assert [(entry["actor"], entry["detail"]) for entry in entries] == [(house.admin.id, "status suspended")]


def test_a_role_that_was_lost_holds_at_once_for_what_is_done(house: House) -> None:
    client = house.admin.client
    bea = join(house.client, "Bea", "bea@example.org")
    ok(client.patch(f"/api/admin/users/{bea.id}", json={"role": "admin"}))
    said = ok(house.client.post("/api/auth/login", json={"username": "bea@example.org", "password": "a kite by the river 7"}))
    token = {"authorization": f"Bearer {said['access_token']}"}
    assert house.client.get("/api/admin/jobs", headers=token).status_code == 200
    ok(client.patch(f"/api/admin/users/{bea.id}", json={"role": "user"}))
    job = house.generate(house.ana, "slow", "job-2")["generation_id"]
    refused = house.client.post(f"/api/admin/jobs/{job}/cancel", headers=token)
    assert refused.status_code == 403, refused.text
    assert job_of(house, job)["cancel_requested"] is False
    assert house.client.get("/api/admin/users", headers=token).status_code == 403
    assert [entry["outcome"] for entry in audit(house, user=bea.id, action="job_cancel")] == ["refused"]
    ok(client.post(f"/api/admin/jobs/{job}/cancel"))


def test_the_audit_log_takes_entries_of_services_alone(house: House) -> None:
    entry = {"actor": house.admin.id, "action": "job_cancel"}
    for someone in (house.ana, house.admin):
        assert someone.client.post("/api/auth/internal/audit", json=entry).status_code == 403
    assert house.client.post("/api/auth/internal/audit", json=entry).status_code == 401


def test_admins_alone_may_ask_a_generator_for_others_jobs_and_its_report(house: House) -> None:
    stranger: Someone = house.ana
    where = "/generators/text/api/v1"
    assert stranger.client.get(f"{where}/report").status_code == 403
    assert house.client.get(f"{where}/report").status_code == 403
    assert stranger.client.get(f"{where}/jobs", params={"user": house.admin.id}).status_code == 403
    assert ok(house.admin.client.get(f"{where}/report"))["queue"]["running"] >= 0


def test_files_of_logs_are_their_owners_alone(house: House) -> None:
    files = list((Path(house.platform.home) / "logs").iterdir())
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in [*files, files[0].parent])
    assert house.platform.home.joinpath("run", "processes.json").stat().st_mode & 0o077 == 0


def test_a_tail_too_many_is_told_so(house: House) -> None:
    statuses: list[int] = []
    with contextlib.ExitStack() as opened:
        # One of an earlier test may not be gone yet.
        while len(statuses) < 17 and 429 not in statuses:
            answer = opened.enter_context(house.admin.client.stream("GET", "/api/admin/logs/tail"))
            statuses.append(answer.status_code)
        assert statuses == [200] * (len(statuses) - 1) + [429]
        assert answer.headers["retry-after"] == "10"
        assert len(statuses) >= 15
    until(lambda: _tail_opens(house) or None, what="no place is free again")


def _tail_opens(house: House) -> bool:
    with house.admin.client.stream("GET", "/api/admin/logs/tail") as answer:
        return answer.status_code == 200
