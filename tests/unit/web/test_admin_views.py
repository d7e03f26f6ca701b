"""What the administration's pages make of the API's answers before they show them."""

from __future__ import annotations

from typing import Any

import pytest

from octavo_core.errors import InvalidInput, Unavailable
from octavo_web.domain.lookups import lookup_of
from octavo_web.pages.admin.finding import Found
from octavo_web.pages.admin.jobs import FIELDS, _changes
from octavo_web.pages.admin.logs import fields_of
from octavo_web.pages.admin.overview import Figures, figures_of, generator_path
from octavo_web.pages.admin.people import known_as
from octavo_web.pages.formatting import formatters


def generator(**more: Any) -> dict[str, Any]:
    return {"name": "tales", "namespace": None, "queue": None, "recent": None, "cost": None, **more}


def test_figures_are_of_all_generators_that_could_be_asked() -> None:
    spent = {"today": {"usd": 0.5, "tokens": 1}, "month": {"usd": 2.0, "tokens": 9}}
    found = figures_of(
        [
            generator(queue={"queued": 2, "running": 1, "delayed": 3}, recent={"accepted": 7, "failed": 1}, cost=spent),
            generator(queue={"queued": 1, "running": 0, "delayed": 0}, cost={"today": {"usd": 0.25, "tokens": 0}, "month": None}),
            generator(),
        ]
    )
    assert found == Figures(waiting=6, running=1, accepted=7, failed=1, usd_today=0.75, usd_month=2.0)


def test_money_that_nobody_counts_is_not_nothing() -> None:
    assert figures_of([generator()]) == Figures(0, 0, 0, 0, None, None)
    assert figures_of([]).usd_today is None


def test_a_generator_of_a_cluster_is_found_by_its_namespace() -> None:
    assert generator_path(generator()) == "/admin/generators/tales"
    assert generator_path(generator(namespace="prod")) == "/admin/generators/tales?namespace=prod"


@pytest.mark.parametrize(
    ("query", "looks"),
    [
        ({}, True),
        ({"state": "failed"}, True),
        ({"generator": "tales"}, True),
        ({"generator": "prod/tales"}, False),
        ({"cursor": "c"}, False),
    ],
)
def test_jobs_are_looked_at_again_unless_that_keeps_a_generator_awake(query: dict[str, str], looks: bool) -> None:
    lookup = lookup_of(FIELDS, query)
    assert _changes(Found(lookup.typed, lookup)) is looks


def test_what_was_away_is_looked_for_again_and_what_was_wrong_is_not() -> None:
    assert _changes(Found({}, error=Unavailable("away")))
    assert not _changes(Found({}, error=InvalidInput("wrong")))


@pytest.mark.parametrize(
    ("user", "word"),
    [
        ({"email": "a@example.org", "phone": "+34", "name": "Ana"}, "a@example.org"),
        ({"email": None, "phone": "+34600111222", "name": "Ana"}, "+34600111222"),
        ({"email": None, "phone": None, "name": "Ana"}, "Ana"),
    ],
)
def test_a_person_is_told_from_all_others(user: dict[str, Any], word: str) -> None:
    assert known_as(user) == word


def test_fields_of_a_line_are_readable_and_bounded() -> None:
    assert fields_of({"fields": {"job": "j", "n": 1}}) == '{\n  "job": "j",\n  "n": 1\n}'
    assert fields_of({"fields": {}}) == fields_of({}) == ""
    assert len(fields_of({"fields": {"text": "x" * 100_000}})) == 20_000


@pytest.mark.parametrize(
    ("code", "money", "number", "span"),
    [("en", "1,234.50\N{NO-BREAK SPACE}$", "1,234", "2 hours"), ("es", "1.234,50\N{NO-BREAK SPACE}$", "1.234", "2 horas")],
)
def test_numbers_are_written_as_people_of_a_language_write_them(code: str, money: str, number: str, span: str) -> None:
    by_name = formatters(code)
    assert by_name["dollars"](1234.5) == money
    assert by_name["number"](1234) == number
    assert by_name["lasting"](7_300) == span
    assert "0004" in by_name["dollars"](0.0004)
