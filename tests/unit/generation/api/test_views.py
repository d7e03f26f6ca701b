"""What a caller sees of a job, and its cursor."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_core.errors import InvalidInput
from octavo_core.ids import generate_uuid
from octavo_generation.api.jobs import decode_cursor, encode_cursor
from octavo_generation.api.preferences import Preference
from octavo_generation.api.views import GenerationResponse, generation_response, generation_view
from octavo_jobs.lifecycle import Job, Policy, State

NOW = 1_767_225_600_000
QUEUED = Job(
    id=generate_uuid(),
    queue="g",
    owner="ana",
    state=State.QUEUED,
    request="{}",
    policy=Policy(),
    correlation_id="c",
    created_at=NOW,
    updated_at=NOW,
    available_at=NOW,
)
RUNNING = replace(QUEUED, state=State.RUNNING, attempt=1, started_at=NOW + 5, progress='{"stage":"loading"}')


def failed(code: str) -> Job:
    error = orjson.dumps({"error": code, "message": "it did not work"}).decode()
    return replace(RUNNING, state=State.FAILED, ended_at=NOW + 9, error=error)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (QUEUED, "Please wait a moment"),
        (RUNNING, "Please wait a moment"),
        (replace(RUNNING, cancel_requested=True), "The generation is being cancelled"),
        (replace(QUEUED, failures=1, available_at=NOW + 1_001), "The attempt failed; another one follows in 2 s"),
        (replace(RUNNING, state=State.SUCCEEDED, result="{}"), "Done"),
        (replace(RUNNING, state=State.CANCELLED), "The generation was cancelled"),
        (failed("timeout"), "it did not work"),
        (replace(RUNNING, state=State.FAILED), "The generation failed"),
    ],
)
def test_each_state_has_its_words(job: Job, message: str) -> None:
    view = generation_view(job, root="")
    assert view["message"] == message
    assert view["success"] is (job.state is not State.FAILED)
    GenerationResponse.model_validate_json(orjson.dumps(view))


def test_progress_is_told_only_while_it_runs() -> None:
    assert generation_view(RUNNING, root="")["progress"] == {"stage": "loading"}
    assert generation_view(replace(RUNNING, state=State.CANCELLED), root="")["progress"] is None


def test_clocks_that_disagree_give_no_negative_times() -> None:
    timings = generation_view(replace(RUNNING, state=State.CANCELLED, started_at=NOW - 5, ended_at=NOW - 9), root="")["timings"]
    assert (timings["wait_ms"], timings["run_ms"]) == (0, 0)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("provider_unavailable", 503),
        ("provider_timeout", 504),
        ("provider_refused", 502),
        ("provider_error", 502),
        ("timeout", 504),
        ("moderated", 451),
        ("validation_failed", 422),
        ("engine_error", 500),
        ("worker_lost", 500),
    ],
)
def test_a_waiting_caller_learns_a_failure_from_the_status(code: str, status: int) -> None:
    assert generation_response(failed(code), root="", preference=Preference(5, "wait=5")).status_code == status


def test_an_open_job_answers_where_its_result_will_be() -> None:
    answer = generation_response(QUEUED, root="/generators/g", preference=Preference(0, "respond-async"))
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/generators/g/api/v1/generate/{QUEUED.id}"
    assert orjson.loads(answer.body)["events_url"] == answer.headers["location"] + "/events"


def test_a_cursor_comes_back_as_the_id_it_was_made_of() -> None:
    job_id = generate_uuid()
    assert decode_cursor(encode_cursor(job_id)) == job_id


@given(st.text(max_size=100))
def test_any_other_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(text)
