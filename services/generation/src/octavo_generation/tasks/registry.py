"""The tasks that this version serves. A new one is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from octavo_core.errors import Misconfigured
from octavo_core.spec import Spec
from octavo_generation.tasks import story, text
from octavo_generation.tasks.fields import TaskRequest

Request = TypeVar("Request", bound=TaskRequest)


@dataclass(frozen=True, slots=True)
class Task(Generic[Request]):
    name: str
    request: type[Request]
    prepare: Callable[[Request, Spec], dict[str, Any]]
    summary: str


TASKS: Mapping[str, Task[Any]] = {
    "story": Task("story", story.StoryRequest, story.prepare, "Write a story"),
    "text": Task("text", text.TextRequest, text.prepare, "Write a text"),
}


def task_for(spec: Spec) -> Task[Any]:
    """Raises `Misconfigured` when this version does not serve the task yet."""
    task = TASKS.get(spec.task)
    if task is None:
        raise Misconfigured(f"the task {spec.task} is not served by this version of Octavo; it serves {', '.join(TASKS)}")
    return task
