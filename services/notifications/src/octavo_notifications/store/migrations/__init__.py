"""The versions of notifications' tables; `octavo_jobs.store.versions` says how they are run."""

from __future__ import annotations

from pathlib import Path

from octavo_jobs.store.versions import Versions

NOTIFICATIONS = Versions(folder=Path(__file__).parent, head="0003", table="octavo_notifications_version")
