"""One call of a webhook, to what its address may lead to. The answer's body is not read: it is nobody's business here, and whoever named
the address would learn what stands behind it."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import Mapping

import aiohttp

from octavo_core.errors import InvalidInput
from octavo_core.net import Reach, check_url
from octavo_core.net.outbound import Guard, Resolve, guarded_session
from octavo_core.net.urls import REFUSED
from octavo_notifications.webhooks.model import Answer

_HEADERS = {"User-Agent": "Octavo-Webhooks/1", "Content-Type": "application/json", "Accept-Encoding": "identity"}
RETRY_AFTER_MAX_S = 3_600.0


class Sender:
    def __init__(self, reach: Reach, *, resolve: Resolve | None = None) -> None:
        self._reach = reach
        self._resolve = resolve

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Never raises for what the other side does. A redirect is no success: it is not followed."""
        began = time.monotonic()
        guard = Guard(self._reach, self._resolve)
        status, error, after = None, None, None
        try:
            target = check_url(url, self._reach)
            async with (
                asyncio.timeout(self._reach.total_s),
                guarded_session(guard, self._reach, headers=_HEADERS) as session,
                session.post(target, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                status, after = answer.status, _retry_after(answer.headers.get("Retry-After"))
                error = None if 200 <= status < 300 else f"it answered {status}"
        except InvalidInput as refusal:
            error = refusal.message
        except TimeoutError:
            error = f"it did not answer within {self._reach.total_s:g} s"
        except aiohttp.ClientError as failure:
            error = REFUSED if guard.refused else f"it cannot be reached ({type(failure).__name__})"
        return Answer(status, None if error is None else error[:255], round((time.monotonic() - began) * 1000), after)


def _retry_after(text: str | None) -> float | None:
    """Seconds or a date (RFC 9110, section 10.2.3), within bounds."""
    if text is None:
        return None
    try:
        seconds = float(text) if text.strip().isdigit() else email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 1.0), RETRY_AFTER_MAX_S)
