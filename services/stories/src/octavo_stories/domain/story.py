"""A story as a document. Pure: bodies in, bodies out.

    {title, content: {chapters: [{title, text}]}, language, audience, prompt, characters: [{id, name, description}],
     state: writing | ready | failed, reason, job, generator, wish, asked_at, revision}

`revision` counts what people did to it: each edit and each restored version is the next one. It is not the document's version, which
also grows when a generator's text lands. The characters are as they were when the story was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from octavo_documents import Body, Collection

State = Literal["writing", "ready", "failed"]

MAX_BYTES = 512 * 1024
STORIES = Collection(
    "stories",
    filters=("state", "language", "audience"),
    sorts={"title": "text"},
    searched=("title", "content", "prompt"),
    max_bytes=MAX_BYTES,
)
VERSIONS = Collection("story_versions", filters=("story",), sorts={"revision": "number"}, max_bytes=MAX_BYTES)
SHARES = Collection("story_shares", filters=("story",), max_bytes=4_096)

EDITABLE = ("title", "content", "language", "audience")
MAX_VERSIONS = 50
TITLE_CHARS = 200
_CAST_CHARS = 240


@dataclass(frozen=True, slots=True)
class CastMember:
    """A character as a story needs it."""

    id: str
    name: str
    description: str

    def as_dict(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name, "description": self.description}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a generator is asked to write."""

    prompt: str
    cast: tuple[CastMember, ...]
    generator: str
    title: str | None = None
    language: str | None = None
    audience: str | None = None
    max_tokens: int | None = None
    seed: int | None = None


def written_by_hand(*, title: str, content: dict[str, Any], language: str | None, audience: str | None) -> Body:
    return {
        "title": title,
        "content": content,
        "language": language,
        "audience": audience,
        "prompt": None,
        "characters": [],
        "state": "ready",
        "reason": None,
        "job": None,
        "generator": None,
        "wish": None,
        "asked_at": None,
        "revision": 1,
    }


def asked_for(wish: Wish, *, job: str, at: int) -> Body:
    return {
        "title": wish.title or title_from(wish.prompt),
        "content": {"chapters": []},
        "language": wish.language,
        "audience": wish.audience,
        "prompt": wish.prompt,
        "characters": [member.as_dict() for member in wish.cast],
        "state": "writing",
        "reason": None,
        "job": job,
        "generator": wish.generator,
        "wish": {"max_tokens": wish.max_tokens, "seed": wish.seed},
        "asked_at": at,
        "revision": 1,
    }


def is_same_wish(body: Body, wish: Wish) -> bool:
    """For an idempotency key that comes again: whether the words with it are the same."""
    asked = (body["prompt"], [one["id"] for one in body["characters"]], body["generator"])
    return asked == (wish.prompt, [member.id for member in wish.cast], wish.generator)


def waits_for(body: Body, job: str) -> bool:
    state: State = body["state"]
    return state == "writing" and job == str(body["job"])


def has_landed(body: Body, job: str) -> bool:
    state: State = body["state"]
    return state == "ready" and job == str(body["job"])


def written(body: Body, job: str, text: str, language: str | None) -> Body | None:
    """None where this job's text is not waited for any more."""
    if not waits_for(body, job):
        return None
    content = {"chapters": [{"title": None, "text": text}]}
    return {**body, "content": content, "language": body["language"] or language, "state": "ready", "reason": None}


def not_written(body: Body, job: str, reason: str) -> Body | None:
    return {**body, "state": "failed", "reason": reason[:300]} if waits_for(body, job) else None


def edited(body: Body, changes: Body) -> Body | None:
    """The next revision; None where the changes change nothing. A story that could not be written is ready once a person wrote it."""
    changes = {name: value for name, value in changes.items() if name in EDITABLE}
    if all(body[name] == value for name, value in changes.items()):
        return None
    return {**body, **changes, "revision": body["revision"] + 1, "state": "ready", "reason": None}


def version_id(story: str, revision: int) -> str:
    """One id for one revision, so that keeping it twice is keeping it once."""
    return f"{story}.{revision}"


def version_of(story: str, body: Body, saved_at: int) -> Body:
    return {"story": story, "revision": body["revision"], "saved_at": saved_at, **{name: body[name] for name in EDITABLE}}


def request_for(body: Body) -> dict[str, Any]:
    """What the generator of stories is sent."""
    sent = {
        "prompt": prompt_with(body["prompt"], body["characters"], body["language"]),
        "audience": body["audience"],
        "language": body["language"],
        **(body["wish"] or {}),
    }
    return {name: value for name, value in sent.items() if value is not None}


def prompt_with(prompt: str, characters: list[dict[str, str]], language: str | None) -> str:
    if not characters:
        return prompt
    word = "Personajes" if (language or "").lower().startswith("es") else "Characters"
    told = "; ".join(
        f"{one['name']} ({one['description'][:_CAST_CHARS].strip()})" if one["description"].strip() else one["name"] for one in characters
    )
    return f"{prompt}\n\n{word}: {told}."


def title_from(prompt: str) -> str:
    first = prompt.strip().splitlines()[0].strip() if prompt.strip() else ""
    return first if len(first) <= 80 else first[:79].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
