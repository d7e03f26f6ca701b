"""The versions of generation's tables; `octavo_jobs.store.versions` says how they are run."""

from __future__ import annotations

from pathlib import Path

from octavo_jobs.store.versions import Versions

GENERATION = Versions(folder=Path(__file__).parent, head="0003", table="octavo_generation_version")
