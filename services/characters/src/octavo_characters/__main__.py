"""`python -m octavo_characters`: the service alone. `migrate` as its argument: the schema of its jobs, and no more."""

from __future__ import annotations

from octavo_characters.app import create_service
from octavo_characters.settings import CharactersSettings
from octavo_core.clock import SystemClock
from octavo_core.http.serving import run
from octavo_jobs.migrating import asked_to_migrate, run_migrations
from octavo_jobs.store import open_store


def main() -> None:
    if asked_to_migrate():
        run_migrations("characters", CharactersSettings, lambda settings: [open_store(settings.jobs_url(), SystemClock())])
    else:
        run("characters", CharactersSettings, lambda settings: create_service(settings).app)


if __name__ == "__main__":
    main()
