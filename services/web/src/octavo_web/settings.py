"""What the service reads from its environment."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from octavo_core.generators import NAME
from octavo_core.http.serving import ServiceSettings

_HTTP_URL = re.compile(r"https?://[^\s/?#]+[^\s?#]*")
_HERE = "http://127.0.0.1:8080"


class WebSettings(ServiceSettings):
    auth_url: str = Field(_HERE, description="Where the accounts are: this address before /api/auth.")
    generators_url: str = Field(_HERE, description="Where the generators are: this address before /generators/NAME.")
    generator_urls: dict[str, str] | None = Field(
        None,
        description="Generators with an address of their own, as in a cluster: JSON object of names and such addresses. Then there are no"
        " others. Left out: OCTAVO_GENERATORS_URL tells which there are.",
    )
    characters_url: str = Field(_HERE, description="Where the characters are: this address before /api/characters.")
    stories_url: str = Field(_HERE, description="Where the stories are: this address before /api/stories.")
    notifications_url: str = Field(_HERE, description="Where the notifications are: this address before /api/notifications.")
    admin_url: str = Field(_HERE, description="Where the admin API is: this address before /api/admin.")
    public_url: str | None = Field(
        None, description="Where people reach the platform. With https, cookies are for https alone. Left out: as each request says."
    )
    router_generators: dict[str, str] = Field(
        default_factory=lambda: {
            "Gpt2_Text_Generator": "tiny-stories",
            "Gpt2Medium_Text_Generator": "medium-stories",
            "Grok_Text_Generator": "grok-text",
            "Grok_Image_Generator": "grok-image",
            "Grok_Description_Image": "grok-description",
            "Translator": "translator",
        },
        description="Names below /api/router_generator/ and the generators that answer there, JSON object.",
    )
    refresh_cookie_days: float = Field(30.0, gt=0, le=365, description="How long a browser stays logged in without a visit, at most.")
    call_seconds: float = Field(20.0, ge=1, le=120, description="How long another service may take to answer.")
    upload_max_bytes: int = Field(14 * 1_048_576, ge=65_536, le=64 * 1_048_576, description="Largest form, with its picture.")

    @field_validator("auth_url", "generators_url", "characters_url", "stories_url", "notifications_url", "admin_url", "public_url")
    @classmethod
    def _is_a_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _HTTP_URL.fullmatch(value):
            raise ValueError("must be an http or https URL")
        return value.rstrip("/")

    @field_validator("generator_urls")
    @classmethod
    def _are_generators(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        if value is None:
            return None
        for name, url in value.items():
            if not NAME.fullmatch(name) or not _HTTP_URL.fullmatch(url):
                raise ValueError("must be names of generators, each with an http or https URL")
        return {name: url.rstrip("/") for name, url in value.items()}

    @property
    def generator_names(self) -> tuple[str, ...] | None:
        """None: they are told by the platform."""
        return None if self.generator_urls is None else tuple(self.generator_urls)

    def bases(self) -> dict[str, str]:
        """Which service answers the paths that begin so, the longest first."""
        return {
            **{f"/generators/{name}/": url for name, url in (self.generator_urls or {}).items()},
            "/api/auth": self.auth_url,
            **({"/generators": self.generators_url} if self.generator_urls is None else {}),
            "/api/characters": self.characters_url,
            "/api/stories": self.stories_url,
            "/api/projects": self.stories_url,
            "/api/feed": self.stories_url,
            "/api/notifications": self.notifications_url,
            "/api/admin": self.admin_url,
        }
