"""What follows from the little that a person wrote."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError
from tests.unit.core.spec.documents import STEP, Document, blog, resource, story, text

from octavo_core.spec import DEFAULT_AUDIENCES, TASKS, Engine, GeneratorService, Metadata, Spec, Task, parse_resource

SMALLEST: dict[Task, Document] = {
    "story": story(),
    "text": text(),
    "image": resource(task="image", engine={"name": "sketch", "model": "builtin://sketch"}),
    "image-description": resource(task="image-description", providers=[{"name": "a", "type": "fake"}]),
    "translation": resource(task="translation", engine={"name": "ctranslate2", "model": "builtin://translator"}),
    "script": resource(task="script", providers=[{"name": "a", "type": "fake"}]),
    "blog": blog(STEP),
}


def test_every_task_has_a_smallest_resource() -> None:
    assert set(SMALLEST) == set(TASKS)


@pytest.mark.parametrize(
    ("task", "mode"),
    [
        ("story", "wait"),
        ("image", "wait"),
        ("translation", "wait"),
        ("text", "async"),
        ("image-description", "async"),
        ("script", "async"),
        ("blog", "async"),
    ],
)
def test_the_task_decides_whether_a_caller_waits(task: Task, mode: str) -> None:
    document = SMALLEST[task]
    assert parse_resource(document).spec.default_mode == mode
    other = "async" if mode == "wait" else "wait"
    asked = {**document, "spec": {**document["spec"], "jobs": {"defaultMode": other}}}
    assert parse_resource(asked).spec.default_mode == other


def test_the_numbers_of_the_contract() -> None:
    spec = parse_resource(story()).spec
    jobs = spec.jobs
    assert (jobs.max_attempts, jobs.timeout_seconds, jobs.lease_seconds, jobs.retention_days, jobs.max_queued) == (3, 300, 10, 7, 10000)
    assert (jobs.retry.base_seconds, jobs.retry.max_seconds) == (1, 60)
    assert (spec.workers.min, spec.workers.max, spec.workers.concurrency, spec.workers.drain_seconds) == (0, 8, 16, 300)
    assert (spec.workers.scaling.jobs_per_worker, spec.workers.scaling.max_age_seconds, spec.workers.scaling.idle_seconds) == (16, 10, 300)
    assert spec.limits.max_prompt_chars == 8000
    assert spec.redis.managed is not None
    assert spec.database.managed is not None
    assert spec.database.managed.type == "postgresql"


def test_a_story_has_three_audiences_of_its_own() -> None:
    parameters = parse_resource(story()).spec.audience_parameters
    assert list(parameters) == ["children", "young", "adult"]
    assert len({each.temperature for each in parameters.values()}) == 3
    assert all(len(each.sampling) == 5 for each in parameters.values())
    assert [each.checks for each in parameters.values()] == [{"max_lix": 35}, {}, {}]


def test_named_audiences_are_the_only_ones_and_are_completed() -> None:
    parameters = parse_resource(story(audiences={"adult": {"maxTokens": 9, "topP": 0.5}})).spec.audience_parameters
    assert list(parameters) == ["adult"]
    default = DEFAULT_AUDIENCES["adult"]
    assert parameters["adult"] == default.model_copy(update={"max_tokens": 9, "top_p": 0.5})


def test_only_stories_have_audiences() -> None:
    assert parse_resource(text()).spec.audience_parameters == {}


@pytest.mark.parametrize(
    ("document", "label"),
    [
        (story(), "builtin://tiny-stories"),
        (text(), "xai/grok-4"),
        (SMALLEST["script"], "fake"),
        (blog(STEP), "pipeline of 1 step"),
    ],
)
def test_what_answers_in_one_line(document: Document, label: str) -> None:
    assert parse_resource(document).spec.model_label == label


def test_it_is_made_in_python_too_and_never_changes() -> None:
    engine = Engine(name="ctranslate2", model="builtin://tiny-stories", quantization="int8")
    made = GeneratorService(metadata=Metadata(name="made"), spec=Spec(task="story", engine=engine))
    assert made == parse_resource(made.model_dump(mode="json", exclude_none=True))
    with pytest.raises(ValidationError):
        made.spec.task = "text"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="give exactly one of engine, providers and pipeline"):
        Spec(task="story")


def test_importing_the_resource_does_not_import_what_reads_files() -> None:
    code = "import sys, octavo_core.spec; print([name for name in ('yaml', 'fastapi', 'jsonschema') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
