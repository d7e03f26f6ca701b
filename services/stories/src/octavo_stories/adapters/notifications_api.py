"""New posts to the service of notifications, with this service's own token."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
from structlog.contextvars import get_contextvars

from octavo_core.errors import Unavailable
from octavo_core.identity import ServiceTokens
from octavo_stories.domain.feed.telling import News

_TIMEOUT_S = 30.0


class NotificationsApi:
    """See `telling.Tellers`. One loop; close it at the end."""

    def __init__(self, base_url: str, tokens: ServiceTokens) -> None:
        self._url = f"{base_url.rstrip('/')}/api/notifications/internal/posts"
        self._tokens = tokens
        self._session: aiohttp.ClientSession | None = None

    async def tell(self, news: News, users: Sequence[str]) -> None:
        said = {
            "post": news.post,
            "title": news.title,
            "author": news.author,
            "language": news.language,
            "published_at": news.published_at,
            "users": list(users),
        }
        headers = {"authorization": f"Bearer {await self._tokens.token()}"}
        if correlation := get_contextvars().get("correlation_id"):
            headers["x-correlation-id"] = str(correlation)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S, connect=5.0))
        try:
            async with self._session.post(self._url, json=said, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"notifications do not answer ({type(error).__name__})") from None
        if status != 200:
            raise Unavailable(f"notifications answered {status}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
