"""`python -m octavo_web`: the service alone."""

from __future__ import annotations

from octavo_core.http.serving import run
from octavo_web.app import create_service
from octavo_web.settings import WebSettings


def main() -> None:
    run("web", WebSettings, lambda settings: create_service(settings).app)


if __name__ == "__main__":
    main()
