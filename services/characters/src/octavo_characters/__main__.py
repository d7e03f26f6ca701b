"""`python -m octavo_characters`: the service alone."""

from __future__ import annotations

from octavo_characters.app import create_service
from octavo_characters.settings import CharactersSettings
from octavo_core.http.serving import run


def main() -> None:
    run("characters", CharactersSettings, lambda settings: create_service(settings).app)


if __name__ == "__main__":
    main()
