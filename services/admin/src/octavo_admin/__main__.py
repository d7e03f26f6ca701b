"""`python -m octavo_admin`: the service alone, in a cluster."""

from __future__ import annotations

from octavo_admin.app import create_service
from octavo_admin.settings import AdminSettings
from octavo_core.http.serving import run


def main() -> None:
    run("admin", AdminSettings, lambda settings: create_service(settings).app)


if __name__ == "__main__":
    main()
