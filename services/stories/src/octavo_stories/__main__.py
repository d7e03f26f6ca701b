"""`python -m octavo_stories`: the service alone."""

from __future__ import annotations

from octavo_core.http.serving import run
from octavo_stories.app import create_service
from octavo_stories.settings import StoriesSettings


def main() -> None:
    run("stories", StoriesSettings, lambda settings: create_service(settings).app)


if __name__ == "__main__":
    main()
