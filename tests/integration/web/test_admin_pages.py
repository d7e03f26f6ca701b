"""The administration without a script: who is let in, what is shown, what is done, and what is said when it cannot be done."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.integration.web.conftest import EMAIL, ROOT, Studio, visiting
from tests.integration.web.test_pages import ended, submitted
from tests.servers.people import PASSWORD, register

from octavo_core.clock import SystemClock
from octavo_web.pages.admin.generators import GeneratorPages
from octavo_web.pages.admin.jobs import JobPages
from octavo_web.pages.admin.logs import LogPages
from octavo_web.pages.admin.overview import OverviewPage
from octavo_web.pages.admin.people import PeoplePages

pytestmark = pytest.mark.needs("redis")

NOBODY = "0198c0de-0000-7000-8000-000000000000"


def routes() -> list[tuple[str, str]]:
    """Of all pages of the administration: a new one is tried by itself."""
    nobody = cast("Any", None)
    routers = (
        OverviewPage(nobody, nobody).router(),
        GeneratorPages(nobody, nobody, SystemClock()).router(),
        JobPages(nobody, nobody).router(),
        PeoplePages(nobody, nobody).router(),
        LogPages(nobody, nobody).router(),
    )
    found = [(method, one.path) for router in routers for one in router.routes if isinstance(one, APIRoute) for method in one.methods]
    return sorted((method, re.sub(r"\{(job|user)\}", NOBODY, path).replace("{name}", "writer")) for method, path in found)


def until(look: Callable[[], Any], *, what: str) -> Any:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} within 60 s")


@pytest.mark.parametrize(("method", "path"), routes())
def test_nobody_but_an_admin_is_let_in(stranger: httpx.Client, studio: Studio, method: str, path: str) -> None:
    answer = stranger.request(method, path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path if method == 'GET' else '/studio'}"
    stranger.post("/login", data={"username": EMAIL, "password": PASSWORD})
    refused = stranger.request(method, path, headers={"accept-language": "es"})
    assert refused.status_code == 403
    assert "This is not for you" not in refused.text
    assert "Esto no es para ti" in refused.text


@pytest.mark.parametrize("path", sorted({path for method, path in routes() if method == "POST"}))
def test_another_place_s_form_does_nothing(admin: httpx.Client, path: str) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert admin.post(path, data={"act": "suspend"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/generators", "/admin/generators/writer", "/admin/jobs", "/admin/users", "/admin/logs", "/admin/audit"]
)
def test_pages_are_strict_and_whole_in_both_languages(admin: httpx.Client, path: str) -> None:
    for language in ("en", "es"):
        answer = admin.get(path, headers={"accept-language": language})
        assert answer.status_code == 200, answer.text
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)
        assert f'<html lang="{language}"' in answer.text
    part = admin.get(path, headers={"hx-request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert '<div id="problem" hx-swap-oob="true"></div>' in part.text


def test_only_admins_have_it_in_their_navigation(admin: httpx.Client, visitor: httpx.Client) -> None:
    assert 'href="/admin"' in admin.get("/studio").text
    assert 'href="/admin"' not in visitor.get("/studio").text


def test_services_processes_and_generators_stand_there(admin: httpx.Client) -> None:
    page = admin.get("/admin").text
    for name in ("auth", "characters", "stories", "redis", "writer", "drawings"):
        assert f"<b>{name}</b>" in page, name
    assert ">healthy</span>" in page
    table = admin.get("/admin/generators").text
    assert re.search(r'<th scope="row"><a href="/admin/generators/drawings">drawings</a>', table)


def test_a_generator_has_its_graphs_as_figures_too(admin: httpx.Client, visitor: httpx.Client) -> None:
    ended(visitor, submitted(visitor, "writer", prompt="A short text"))
    page = admin.get("/admin/generators/writer").text
    assert re.search(r'<path class="g-running" d="M[0-9. LZ]+">', page)
    assert re.search(r'<svg [^>]*role="img" aria-labelledby="g-queue-says"', page)
    assert len(re.findall(r'<tr><th scope="row"><time', page)) >= 12
    assert "octavo.dev/v1alpha1" in page
    assert admin.get("/admin/generators/nobody").status_code == 404


def job_of(path: str) -> str:
    return path.rpartition("/")[2]


def test_a_job_is_found_cancelled_and_run_again_and_its_words_are_not_shown(admin: httpx.Client, visitor: httpx.Client) -> None:
    path = submitted(visitor, "writer", prompt="A secret that never ends")
    job, user = job_of(path), visitor.get("/api/web/session").json()["user"]
    until(lambda: job in admin.get("/admin/jobs", params={"state": "running", "user": user}).text, what="it does not run")
    assert job not in admin.get("/admin/jobs", params={"state": "failed", "user": user}).text
    page = f"/admin/jobs/{job}?generator=writer"
    assert 'value="cancel"' in admin.get(page).text
    for asked in (page, f"/admin/jobs/{job}", "/admin/jobs"):
        assert "A secret" not in admin.get(asked).text

    done = admin.post(page, data={"act": "cancel"})
    assert (done.status_code, done.headers["location"]) == (303, page)
    until(lambda: 'data-state="cancelled"' in admin.get(page).text, what="it is not cancelled")
    late = admin.post(page, data={"act": "cancel"}, headers={"accept-language": "es"})
    assert late.status_code == 409
    assert "el trabajo ya terminó (cancelado)" in late.text
    assert admin.post(page, data={"act": "replay"}).status_code == 303
    until(lambda: 'data-state="running"' in admin.get(page).text, what="it does not run again")
    assert admin.post(page, data={"act": "cancel"}).status_code == 303
    assert admin.post(page, data={"act": "explode"}).status_code == 422
    assert admin.get(f"/admin/jobs/{NOBODY}").status_code == 404
    audit = admin.get("/admin/audit", params={"action": "job_replay", "user": user}).text
    assert f"writer {job}" in audit


def test_dead_letters_are_run_again_within_a_bound(admin: httpx.Client, visitor: httpx.Client) -> None:
    page = ended(visitor, submitted(visitor, "writer", prompt="It surely fails"))
    assert "card job is-failed" in page
    for typed in ("0", "501", "many", "-1", ""):
        wrong = admin.post("/admin/jobs", data={"generator": "writer", "limit": typed})
        assert wrong.status_code == 422, typed
        assert "is a number from 1 to 500" in wrong.text
        assert 'name="generator" value="writer"' in wrong.text, "what was typed is there still"
    assert admin.post("/admin/jobs", data={"generator": "../users", "limit": "1"}).status_code == 404
    done = admin.post("/admin/jobs", data={"generator": "writer", "limit": "1"})
    assert done.status_code == 303
    assert done.headers["location"].startswith("/admin/jobs?generator=writer&replayed=1")
    assert "1 failed job begins anew." in admin.get(done.headers["location"]).text


def test_what_cannot_be_asked_is_said_beside_what_was_typed(admin: httpx.Client) -> None:
    answer = admin.get("/admin/jobs", params={"state": "asleep", "accepted_from": "yesterday", "user": "Ana"})
    assert answer.status_code == 422
    assert 'value="yesterday"' in answer.text
    assert 'value="Ana"' in answer.text
    assert "is no moment such as" in answer.text
    assert admin.get("/admin/jobs", params={"cursor": "nonsense"}).status_code == 422
    assert admin.get("/admin/logs", params={"correlation_id": "a b"}).status_code == 422


def test_older_ones_are_on_further_pages(admin: httpx.Client, studio: Studio) -> None:
    mark = f"many-{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False, headers={"x-correlation-id": mark}) as program:
        for _ in range(101):
            assert program.get("/api/auth/me").status_code == 401
    asked = {"correlation_id": mark}
    link = re.compile(r'href="(/admin/logs\?correlation_id=[^"]+&amp;cursor=[^"]+)" rel="next"')
    older = until(lambda: link.search(admin.get("/admin/logs", params=asked).text), what="there are no older ones")
    further = admin.get(older[1].replace("&amp;", "&"))
    assert further.status_code == 200
    assert 1 <= further.text.count('class="line-text"') <= 100
    assert f'href="/admin/logs?correlation_id={mark}">The newest</a>' in further.text


def test_people_are_found_suspended_promoted_signed_out_and_deleted(admin: httpx.Client, studio: Studio) -> None:
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    with visiting(studio) as theirs:
        register(theirs, "Bea <b>", email)
        login = {"username": email, "password": PASSWORD}
        assert theirs.post("/login", data=login).status_code == 303
        found = admin.get("/admin/users", params={"q": email.partition("@")[0], "role": "user"})
        assert "Bea &lt;b&gt;" in found.text
        path = re.search(r'href="(/admin/users/[0-9a-f-]{36})"', found.text)
        assert path is not None
        user = path[1]

        def acts(act: str) -> str:
            done = admin.post(user, data={"act": act})
            assert (done.status_code, done.headers["location"]) == (303, f"{user}?said={act}")
            return admin.get(user).text

        assert ">suspended</span>" in acts("suspend")
        assert theirs.post("/login", data=login).status_code == 403
        assert ">active</span>" in acts("admit")
        assert theirs.post("/login", data=login).status_code == 303
        assert 'value="demote"' in acts("promote")
        assert 'value="promote"' in acts("demote")
        acts("sign_out")
        assert admin.post(user, data={"act": "explode"}).status_code == 422

        assert email in admin.get(f"{user}/delete").text
        wrong = admin.post(f"{user}/delete", data={"confirm": "somebody@example.org"})
        assert wrong.status_code == 422
        assert "is not the same" in wrong.text
        assert admin.get(user).status_code == 200
        gone = admin.post(f"{user}/delete", data={"confirm": f" {email.upper()} "})
        assert (gone.status_code, gone.headers["location"]) == (303, "/admin/users?said=deleted")
        assert theirs.post("/login", data=login).status_code in (401, 403)


def test_the_last_admin_stays_one(admin: httpx.Client) -> None:
    me = admin.get("/api/web/session").json()["user"]
    assert "This is you." in admin.get(f"/admin/users/{me}").text
    refused = admin.post(f"/admin/users/{me}", data={"act": "demote"}, headers={"accept-language": "es"})
    assert refused.status_code == 409
    assert "es el último admin" in refused.text
    assert ROOT in refused.text


def test_logs_are_found_by_a_correlation_id(admin: httpx.Client, studio: Studio) -> None:
    mark = f"find-{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as program:
        assert program.get("/api/auth/me", headers={"x-correlation-id": mark}).status_code == 401
    found = until(
        lambda: (page := admin.get("/admin/logs", params={"correlation_id": mark}).text).count('class="line-text"') and page, what="no line"
    )
    assert "<b>auth</b>" in found
    assert "No line is like that." in admin.get("/admin/logs", params={"correlation_id": mark, "service": "stories"}).text


def test_lines_are_followed_through_the_gateway_by_admins_alone(admin: httpx.Client, visitor: httpx.Client, studio: Studio) -> None:
    tail = "/api/web/gateway/api/admin/logs/tail?service=auth"
    assert visitor.get(tail).status_code == 403
    mark = f"tail-{uuid.uuid4().hex[:8]}"
    with admin.stream("GET", tail) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "event: open"
        with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as program:
            program.get("/api/auth/me", headers={"x-correlation-id": mark})
        assert next(line for line in lines if mark in line).startswith("data: {")
