"""Auth over HTTP: what is taken, what is answered, who may call what."""

from octavo_auth.api.application import PREFIX, create_auth_app
from octavo_auth.api.services import AuthServices

__all__ = ["PREFIX", "AuthServices", "create_auth_app"]
