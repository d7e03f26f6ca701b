"""What a generator's answer to a delivery means, as a table."""

from __future__ import annotations

import orjson
import pytest

from octavo_activator.outcomes import Again, Never, Taken, outcome_of

JOB = b'{"generation_id":"01900000-0000-7000-8000-000000000000","status":"queued"}'
PROBLEM = b'{"success":false,"error":"validation_failed","message":"prompt: missing"}'


@pytest.mark.parametrize("status", [200, 202, 422, 451, 500, 503, 504])
def test_an_answer_with_the_jobs_id_means_that_it_is_there(status: int) -> None:
    assert outcome_of(status, {}, JOB) == Taken("01900000-0000-7000-8000-000000000000")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_generator_that_is_busy_or_away_is_left_alone(status: int) -> None:
    outcome = outcome_of(status, {"retry-after": "7"}, PROBLEM)
    assert outcome == Again("prompt: missing", for_all=True, after_s=7.0)


@pytest.mark.parametrize("status", [200, 204, 301, 302, 401, 403, 404, 405, 501])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b'{"generation_id":7}', b"{}"])
def test_what_is_not_the_generator_does_not_decide_about_a_job(status: int, body: bytes) -> None:
    outcome = outcome_of(status, {}, body)
    assert isinstance(outcome, Again)
    assert outcome.for_all


@pytest.mark.parametrize("status", [408, 425, 500, 507])
def test_a_failure_of_one_job_holds_up_no_other(status: int) -> None:
    outcome = outcome_of(status, {}, PROBLEM)
    assert isinstance(outcome, Again)
    assert not outcome.for_all


@pytest.mark.parametrize("status", [400, 409, 410, 413, 415, 422, 431, 451])
def test_a_refusal_ends_the_job_with_its_reason(status: int) -> None:
    outcome = outcome_of(status, {}, PROBLEM)
    assert isinstance(outcome, Never)
    assert orjson.loads(outcome.error) == {"error": "validation_failed", "message": "prompt: missing"}


def test_a_refusal_without_words_has_words_of_ours() -> None:
    outcome = outcome_of(413, {}, b"")
    assert isinstance(outcome, Never)
    assert orjson.loads(outcome.error) == {"error": "refused", "message": "it answered 413"}


@pytest.mark.parametrize(
    ("given", "after_s"), [("5", 5.0), ("99999", 30.0), ("-1", None), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("²", None)]
)
def test_retry_after(given: str, after_s: float | None) -> None:
    outcome = outcome_of(503, {"retry-after": given}, b"")
    assert isinstance(outcome, Again)
    assert outcome.after_s == after_s
