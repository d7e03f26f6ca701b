"""Where webhooks may lead: the one setting for whoever takes an address and for whoever calls it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from octavo_core.net.addresses import literal_address
from octavo_core.net.reach import Reach, allowed_beside_public, network_of
from octavo_core.net.urls import check_url, fault


class WebhookSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OCTAVO_", extra="ignore", frozen=True)

    webhook_ports: Annotated[tuple[int, ...], NoDecode] = Field((80, 443), description="Ports of webhooks, with commas between.")
    webhook_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Host names and networks (10.0.0.0/8), with commas between, that webhooks may lead to though not public."
    )

    @field_validator("webhook_ports", "webhook_allow", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part for part in (part.strip() for part in value.split(",")) if part) if isinstance(value, str) else value

    @field_validator("webhook_ports")
    @classmethod
    def _ports(cls, ports: tuple[int, ...]) -> tuple[int, ...]:
        if not ports or not all(1 <= port <= 65_535 for port in ports):
            raise ValueError("must be ports, 1 to 65535, with commas between")
        return ports

    @field_validator("webhook_allow")
    @classmethod
    def _allow(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if "/" in entry and network_of(entry) is None:
                raise ValueError("must be host names and networks such as 10.0.0.0/8, with commas between")
        return entries

    def webhook_reach(self, path: str = "url") -> Reach:
        """`path`: what errors call the address."""
        hosts, networks = allowed_beside_public(self.webhook_allow)
        return Reach(ports=frozenset(self.webhook_ports), hosts=hosts, networks=networks, path=path)


def check_webhook(url: str, reach: Reach) -> str:
    """The address of one job's webhook, in its plain form. Results travel there, so it is https, but to hosts that the installation has
    allowed by name or network. Pure: a name may still lead inside, and is looked at when it is called. Raises `InvalidInput`."""
    parsed = check_url(url, reach)
    if parsed.scheme != "https":
        host = (parsed.raw_host or "").rstrip(".")
        address = literal_address(host)
        if host not in reach.hosts and not (address is not None and any(address in network for network in reach.networks)):
            raise fault(reach, "must be an https URL", "https://…")
    return str(parsed)
