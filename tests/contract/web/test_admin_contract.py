"""The pages ask the admin API for what it has: paths, names of parameters, what can be chosen, and words for every state that it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast, get_args

import pytest
from fastapi import FastAPI

from octavo_admin.api.jobs import jobs_router
from octavo_admin.api.logs import logs_router
from octavo_admin.api.people import people_router
from octavo_admin.api.running import running_router
from octavo_admin.domain.log_lines import RANKS
from octavo_admin.domain.model import GeneratorState, Health, JobState
from octavo_web.domain.lookups import Field
from octavo_web.pages.admin import jobs, logs, people
from octavo_web.pages.admin.words import LABELS, LEVELS, SAID, STATES
from octavo_web.pages.gateway import _PASSED

PREFIX = "/api/admin"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    nobody = cast("Any", None)
    app = FastAPI()
    for router in (
        running_router(nobody, PREFIX),
        jobs_router(nobody, nobody, nobody, PREFIX),
        logs_router(nobody, nobody, PREFIX),
        people_router(nobody, PREFIX),
    ):
        app.include_router(router)
    return app.openapi()


def choices_of(schema: dict[str, Any]) -> set[str]:
    """Of a parameter, an optional one and a list of them too."""
    found = set(schema.get("enum", ()))
    for inner in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        found |= choices_of(inner)
    return found


@pytest.mark.parametrize(
    ("path", "fields"),
    [("jobs", jobs.FIELDS), ("users", people.FIELDS), ("logs", logs.LOG_FIELDS), ("audit", logs.AUDIT_FIELDS)],
)
def test_lists_are_narrowed_by_what_the_api_knows(document: dict[str, Any], path: str, fields: tuple[Field, ...]) -> None:
    parameters = {one["name"]: one["schema"] for one in document["paths"][f"{PREFIX}/{path}"]["get"]["parameters"]}
    assert {"limit", "cursor"} <= set(parameters)
    for field in fields:
        assert field.name in parameters, field.name
        assert field.name in LABELS
        if field.kind == "choice":
            assert set(field.choices) == choices_of(parameters[field.name]), field.name


def test_every_route_that_is_asked_is_there(document: dict[str, Any]) -> None:
    served = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert {
        ("GET", f"{PREFIX}/services"),
        ("GET", f"{PREFIX}/generators/{{name}}"),
        ("POST", f"{PREFIX}/jobs/{{job}}/cancel"),
        ("POST", f"{PREFIX}/jobs/{{job}}/replay"),
        ("POST", f"{PREFIX}/dead-letters/{{generator}}/replay"),
        ("PATCH", f"{PREFIX}/users/{{user}}"),
        ("DELETE", f"{PREFIX}/users/{{user}}"),
        ("POST", f"{PREFIX}/users/{{user}}/logout"),
        ("GET", f"{PREFIX}/logs/tail"),
    } <= served
    tail = {one["name"] for one in document["paths"][f"{PREFIX}/logs/tail"]["get"]["parameters"]}
    assert tail == {"service", "level", "correlation_id", "text"}, "what the script of the page asks with"


def test_the_changes_of_a_person_are_those_that_may_be_made(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["UserChanges"]["properties"]
    for change in people.CHANGES.values():
        ((name, value),) = change.items()
        assert value in choices_of(schema[name])


def test_the_bound_of_dead_letters_is_the_api_s(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["ReplayBody"]["properties"]["limit"]["maximum"] == 500


def test_there_are_words_for_every_state() -> None:
    told = {*get_args(Health), *get_args(GeneratorState), *get_args(JobState), *people.ROLES, *people.STATUSES, *logs.OUTCOMES}
    assert told - set(STATES) == set()
    assert set(RANKS) == set(LEVELS)


def test_what_auth_says_to_an_admin_is_known_to_the_letter() -> None:
    from octavo_auth.adapters.store import administering

    said = "this is the last admin; make somebody else one first"
    assert said in SAID
    assert said in Path(administering.__file__).read_text("utf-8")


@pytest.mark.parametrize("path", ["api/admin/logs/tail"])
def test_the_gateway_passes_the_tail(path: str) -> None:
    assert _PASSED.fullmatch(path)


@pytest.mark.parametrize("path", ["api/admin", "api/admin/users", "api/admin/logs", "api/admin/logs/tail/", "api/admin/logs/tailx"])
def test_the_gateway_passes_nothing_else_of_it(path: str) -> None:
    assert not _PASSED.fullmatch(path)
