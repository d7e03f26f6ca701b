"""Characters: their names, descriptions and pictures. `create_service` composes it all."""

from octavo_characters.app import Service, create_service
from octavo_characters.settings import CharactersSettings

__all__ = ["CharactersSettings", "Service", "create_service"]
