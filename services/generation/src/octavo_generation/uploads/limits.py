"""Bounds of what strangers send, and the settings that they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from octavo_core.net.reach import Reach, allowed_beside_public, network_of
from octavo_core.pictures.limits import MEBIBYTE, PictureLimits


@dataclass(frozen=True, slots=True)
class FetchLimits(Reach):
    """Where pictures may be fetched from, and how much of them."""

    path: str = "image_url"
    max_bytes: int = 10 * MEBIBYTE
    max_redirects: int = 3


@dataclass(frozen=True, slots=True)
class UploadLimits:
    picture: PictureLimits = field(default_factory=PictureLimits)
    fetch: FetchLimits = field(default_factory=FetchLimits)


class UploadSettings(BaseSettings):
    """The API and the worker read the same ones: the API refuses what it can tell by the URL alone, the worker fetches."""

    model_config = SettingsConfigDict(env_prefix="OCTAVO_", extra="ignore", frozen=True)

    upload_max_bytes: int = Field(10 * MEBIBYTE, ge=1_024, le=32 * MEBIBYTE, description="Largest picture that is taken, in bytes.")
    upload_max_pixels: int = Field(
        25_000_000, ge=10_000, le=100_000_000, description="Largest picture that is taken, in pixels; a decoded pixel takes up to 8 bytes."
    )
    fetch_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        (80, 443), description="Ports that pictures may be fetched from, with commas between."
    )
    fetch_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Host names and networks (10.0.0.0/8), with commas between, that pictures may be fetched from though not public."
    )

    @field_validator("fetch_ports", "fetch_allow", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part for part in (part.strip() for part in value.split(",")) if part) if isinstance(value, str) else value

    @field_validator("fetch_ports")
    @classmethod
    def _ports(cls, ports: tuple[int, ...]) -> tuple[int, ...]:
        if not ports or not all(1 <= port <= 65_535 for port in ports):
            raise ValueError("must be ports, 1 to 65535, with commas between")
        return ports

    @field_validator("fetch_allow")
    @classmethod
    def _allow(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if "/" in entry and network_of(entry) is None:
                raise ValueError("must be host names and networks such as 10.0.0.0/8, with commas between")
        return entries

    def upload_limits(self) -> UploadLimits:
        hosts, networks = allowed_beside_public(self.fetch_allow)
        return UploadLimits(
            picture=PictureLimits(max_bytes=self.upload_max_bytes, max_pixels=self.upload_max_pixels),
            fetch=FetchLimits(ports=frozenset(self.fetch_ports), hosts=hosts, networks=networks, max_bytes=self.upload_max_bytes),
        )
