"""The versions of auth's tables; `octavo_jobs.store.versions` says how they are run."""

from __future__ import annotations

from pathlib import Path

from octavo_jobs.store.versions import Versions

AUTH = Versions(folder=Path(__file__).parent, head="0002", table="octavo_auth_version")
