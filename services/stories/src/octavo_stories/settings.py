"""What the service reads from its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from octavo_core.errors import Misconfigured
from octavo_core.identity import ServiceTokens
from octavo_documents import DocumentSettings


class StoriesSettings(DocumentSettings):
    generators_url: str = Field("http://127.0.0.1:8080", description="Where the generators are: this address before /generators/NAME.")
    generator_urls: dict[str, str] = Field(
        default_factory=dict,
        description="Generators with an address of their own, as in a cluster: JSON object of names and such addresses.",
    )
    characters_url: str = Field("http://127.0.0.1:8080", description="Where the characters are: this address before /api/characters.")
    notifications_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
        description="Where the notifications are: this address before /api/notifications. Followers are told of new posts there, with"
        " OCTAVO_SERVICE_TOKEN_URL; without it nobody is.",
    )
    story_generator: str = Field("tiny-stories", description="Generator of stories, where a request names none.")
    max_stories: int = Field(1_000, ge=1, le=100_000, description="How many stories a person may keep.")
    max_projects: int = Field(200, ge=1, le=100_000, description="How many projects a person may keep.")
    max_posts: int = Field(2_000, ge=1, le=100_000, description="How many posts a person may keep in the feed, drafts too.")
    feed_acts_per_minute: int = Field(
        20, ge=1, le=10_000, description="How many posts, comments and reports a person may send in a minute, of each kind and process."
    )
    feed_acts_burst: int = Field(40, ge=1, le=10_000, description="How many of them at once.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+[^\s?#]*$",
        description="Where people reach the pages, for links in RSS. Left out: as each request says.",
    )
    story_seconds: float = Field(300.0, ge=5, le=3_600, description="How long a story may take to be written.")
    work_attempts: int = Field(5, ge=1, le=20, description="How often a job of the service is tried, with growing pauses.")
    work_concurrency: int = Field(8, ge=1, le=64, description="How many jobs of the service run at once in a process.")
    pdf_font: Path | None = Field(None, description="TrueType font for PDF; the default one has the letters of Western Europe.")

    def notifications_tokens(self) -> ServiceTokens | None:
        """With what notifications are called; None where nobody is told. Raises `Misconfigured`."""
        if self.notifications_url is None or self.service_token_url is None:
            return None
        if self.service_secret is None:
            raise Misconfigured("OCTAVO_SERVICE_SECRET must hold the service's secret for OCTAVO_SERVICE_TOKEN_URL")
        return ServiceTokens(self.service_token_url, client_id="stories", client_secret=self.service_secret.get_secret_value())
