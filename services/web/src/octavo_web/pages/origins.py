"""Whose browser asks, as auth is told it for its throttles and its log. Auth believes it where it trusts this service as a proxy."""

from __future__ import annotations

from starlette.requests import HTTPConnection, Request

from octavo_web.adapters.feed_api import asking


def who(request: HTTPConnection) -> dict[str, str]:
    """The person's address and browser, as headers."""
    agent = "".join(character for character in request.headers.get("user-agent", "") if character.isprintable())
    address = request.client.host if request.client is not None else ""
    return {"user-agent": agent[:200] or "unknown"} | ({"x-forwarded-for": address} if address else {})


async def told(request: Request) -> None:
    """For every route: the feed's API tells it to the feed."""
    asking.set(who(request))
