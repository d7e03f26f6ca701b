"""What the service reads from its environment."""

from __future__ import annotations

from pydantic import Field

from octavo_documents import DocumentSettings


class CharactersSettings(DocumentSettings):
    generators_url: str = Field("http://127.0.0.1:8080", description="Where the generators are: this address before /generators/NAME.")
    generator_urls: dict[str, str] = Field(
        default_factory=dict,
        description="Generators with an address of their own, as in a cluster: JSON object of names and such addresses.",
    )
    picture_generator: str = Field("images", description="Generator of pictures, where a request names none.")
    max_characters: int = Field(500, ge=1, le=100_000, description="How many characters a person may keep.")
    picture_seconds: float = Field(180.0, ge=5, le=3_600, description="How long a picture may take to be made.")
    work_attempts: int = Field(5, ge=1, le=20, description="How often a job of the service is tried, with growing pauses.")
    work_concurrency: int = Field(8, ge=1, le=64, description="How many jobs of the service run at once in a process.")
