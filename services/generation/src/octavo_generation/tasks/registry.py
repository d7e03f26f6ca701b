"""The tasks that this version serves. A new one is a file beside this one and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from octavo_core.errors import Misconfigured
from octavo_core.spec import Spec
from octavo_generation.scripts.projects import ProjectsApi
from octavo_generation.tasks import image, image_description, script, story, text, translation
from octavo_generation.tasks.fields import TaskRequest
from octavo_generation.uploads import UploadLimits
from octavo_generation.uploads.multipart import Form

Request = TypeVar("Request", bound=TaskRequest)


@dataclass(frozen=True, slots=True)
class Task(Generic[Request]):
    """`prepare` makes the job's payload of a request; it is pure and quick. `prepare_upload` does in its stead where a request brings
    something that has to be looked at, and may take a while. `of_form` reads a request from a form, where one may be sent.
    `narrow` says in the request's schema what this very generator takes of it. `with_project` adds to a payload what it belongs to, read
    from elsewhere with the caller's own authorization within seconds; it never fails for what is not there."""

    name: str
    request: type[Request]
    prepare: Callable[[Request, Spec], dict[str, Any]]
    summary: str
    prepare_upload: Callable[[Request, Spec, UploadLimits], Awaitable[dict[str, Any]]] | None = None
    of_form: Callable[[Form], dict[str, Any]] | None = None
    narrow: Callable[[dict[str, Any], Spec], None] | None = None
    with_project: Callable[[dict[str, Any], Spec, ProjectsApi, str | None], Awaitable[dict[str, Any]]] | None = None

    def schema(self, spec: Spec) -> dict[str, Any]:
        """JSON Schema of a request to a generator of this resource."""
        schema = self.request.model_json_schema()
        if self.narrow is not None:
            self.narrow(schema, spec)
        return schema


TASKS: Mapping[str, Task[Any]] = {
    "story": Task("story", story.StoryRequest, story.prepare, "Write a story", narrow=story.narrow),
    "text": Task("text", text.TextRequest, text.prepare, "Write a text"),
    "image": Task("image", image.ImageRequest, image.prepare, "Draw pictures", narrow=image.narrow),
    "image-description": Task(
        "image-description",
        image_description.ImageDescriptionRequest,
        image_description.prepare,
        "Say what is to be seen in a picture",
        prepare_upload=image_description.prepare_upload,
        of_form=image_description.request_fields,
    ),
    "script": Task(
        "script", script.ScriptRequest, script.prepare, "Write a script", narrow=script.narrow, with_project=script.with_project
    ),
    "translation": Task("translation", translation.TranslationRequest, translation.prepare, "Translate a text", narrow=translation.narrow),
}


def task_for(spec: Spec) -> Task[Any]:
    """Raises `Misconfigured` when this version does not serve the task yet."""
    task = TASKS.get(spec.task)
    if task is None:
        raise Misconfigured(f"the task {spec.task} is not served by this version of Octavo; it serves {', '.join(TASKS)}")
    return task
