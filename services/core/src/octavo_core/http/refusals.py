"""One line in the log for each request that was refused: what, why, of whom. Never what was sent: paths and queries hold links that are
secrets, so the route's template stands for the path wherever there is one."""

from __future__ import annotations

import time
from http import HTTPStatus

import structlog
from starlette.types import Scope

from octavo_core.http.problems import SAID
from octavo_core.http.rates import TokenBuckets

log = structlog.get_logger(__name__)

_TOLD = frozenset({400, 401, 403, 404, 405, 413, 415, 421, 422, 429, 431})
"""The others (409, 412, 428, 451 and the like) are answers to people who may ask."""
_MAX_CHARS = 300
_NO_ROUTE = "(none)"


class _Lines:
    """A flood shall not fill the disk: 200 lines a second in the long run, and what was left out is counted."""

    def __init__(self) -> None:
        self._buckets = TokenBuckets(12_000, 2_000)
        self._left_out = 0

    def may_be_told(self) -> bool:
        if self._buckets.take("", time.monotonic()):
            self._left_out += 1
            return False
        return True

    def left_out(self) -> int:
        """Since the last line; begins anew."""
        count, self._left_out = self._left_out, 0
        return count


_lines = _Lines()


def tell_refusal(scope: Scope, *, status: int, method: str, route: str, user: str | None, said: tuple[str, str] | None = None) -> None:
    """`said`: code and message, where the scope does not hold those of a problem."""
    if status not in _TOLD or not _lines.may_be_told():
        return
    code, reason = said or scope.get(SAID) or ("", HTTPStatus(status).phrase)
    client = scope.get("client")
    fields: dict[str, object] = {
        "status": status,
        "error": code,
        "reason": reason[:_MAX_CHARS],
        "method": method,
        "route": route,
        "address": None if client is None else client[0],
        "user": user,
    }
    if route == _NO_ROUTE:
        # What has no route has no secret of ours in its path; without its query it tells what was looked for.
        fields["path"] = scope["path"][:_MAX_CHARS]
    if left_out := _lines.left_out():
        fields["left_out"] = left_out
    log.info("a request was refused", **fields)
