"""A generator's HTTP side: `create_generator_app` makes the application that serves one generator."""

from octavo_generation.api.app import create_generator_app
from octavo_generation.api.services import JobServices

__all__ = ["JobServices", "create_generator_app"]
