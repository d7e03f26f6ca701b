"""The versions of the table of jobs; `octavo_jobs.store.versions` says how they are run."""

from __future__ import annotations

from pathlib import Path

from octavo_jobs.store.versions import Versions

JOBS = Versions(folder=Path(__file__).parent, head="0002", table="octavo_jobs_version")
current = JOBS.current
migrate = JOBS.migrate
