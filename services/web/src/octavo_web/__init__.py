"""The studio: pages for people, and the gateway that their browsers call. `create_service` composes it all."""

from octavo_web.app import Service, create_service
from octavo_web.settings import WebSettings

__all__ = ["Service", "WebSettings", "create_service"]
