"""Projects and episodes as documents.

    project: {title, description, genre, language, notes, characters: [{name, role, description}]}
    episode: {project, number, title, synopsis, script, generator, generation_id}

An episode belongs to its project's owner. `script` is its text, in Fountain; `generation_id` says which generation of `generator` wrote it.
"""

from __future__ import annotations

from octavo_documents import Collection

PROJECT_BYTES = 128 * 1024
EPISODE_BYTES = 512 * 1024
PROJECTS = Collection(
    "projects",
    filters=("genre", "language"),
    sorts={"title": "text"},
    searched=("title", "description", "notes", "characters"),
    max_bytes=PROJECT_BYTES,
)
EPISODES = Collection(
    "project_episodes",
    filters=("project",),
    sorts={"number": "number", "title": "text"},
    searched=("title", "synopsis", "script"),
    max_bytes=EPISODE_BYTES,
)
MAX_EPISODES = 1_000
