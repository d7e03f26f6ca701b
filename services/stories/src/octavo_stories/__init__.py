"""Stories: written by generators with one's characters, edited, exported, shared. `create_service` composes it all."""

from octavo_stories.app import Service, create_service
from octavo_stories.settings import StoriesSettings

__all__ = ["Service", "StoriesSettings", "create_service"]
