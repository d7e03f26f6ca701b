"""How a process of a generator waits for its database and its Redis, and says what keeps it.

In a cluster all pods of a generator start at once, and a database that makes its first files takes longest. So a process asks
again, with a growing pause, within a bound; then it gives up with one sentence that names the cause, which the operator shows in
the generator's status. What a wait will not mend (a wrong password, a database that is not there) is given up sooner. No password
is in any sentence, whatever a driver says.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
import structlog
from redis.exceptions import RedisError

from octavo_core.errors import Misconfigured, Unavailable
from octavo_jobs.redis_client import open_redis
from octavo_jobs.store import JobStore

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 3.0
CERTAIN_AFTER_S = 8.0
"""How long a refusal is doubted: a server that is being set up refuses users that it will know in a moment."""
SAY_EVERY_S = 10.0
_REFUSALS = frozenset({"28P01", "28000", "3D000", "42501", "1044", "1045", "1049", "1142", "WRONGPASS", "NOAUTH", "NOPERM"})
"""SQLSTATEs of PostgreSQL, error numbers of MySQL and words of Redis for: who you are, what you may, no such database."""


@dataclass(frozen=True, slots=True)
class Need:
    """A server that must answer before work begins. `name` as in `postgresql at db:5432`; `secrets` must not be repeated."""

    name: str
    check: Callable[[], Awaitable[None]]
    secrets: tuple[str, ...] = ()


def database_need(url: str, store: JobStore) -> Need:
    """The database of jobs, with its schema brought up to date: when this holds, the store can be used."""
    parsed = sa.make_url(url)
    kind = parsed.drivername.split("+")[0]
    if kind == "sqlite":
        return Need(f"sqlite at {parsed.database}", store.migrate)
    port = parsed.port or (5432 if kind.startswith("postgres") else 3306)
    return Need(f"{kind} at {parsed.host or 'localhost'}:{port}", store.migrate, _secrets(parsed.password))


def redis_need(url: str, what: str = "redis") -> Need:
    parsed = urlsplit(url)
    place = parsed.path if parsed.scheme == "unix" else f"{parsed.hostname or 'localhost'}:{parsed.port or 6379}"

    async def ping() -> None:
        client = open_redis(url, max_connections=1)
        try:
            await client.ping()
        finally:
            await client.aclose()

    return Need(f"{what} at {place}", ping, _secrets(parsed.password))


async def reach(needs: Sequence[Need], *, within_s: float) -> None:
    """Returns when all answer. Raises `Unavailable` with what keeps us when one does not within `within_s` seconds from now, or
    keeps refusing us."""
    causes: dict[str, str] = {}
    tasks = [asyncio.create_task(_reach_one(need, causes, within_s)) for need in needs]
    try:
        # Side by side, so that the log and the sentence name all that is missing.
        await asyncio.gather(*tasks)
    except _GivenUp:
        raise Unavailable("; ".join(f"cannot reach {name}: {cause}" for name, cause in causes.items())) from None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _GivenUp(Exception):
    """The cause stands among the others."""


async def _reach_one(need: Need, causes: dict[str, str], within_s: float) -> None:
    began = time.monotonic()
    pause, refused_since, said_at = FIRST_PAUSE_S, 0.0, 0.0
    while True:
        try:
            async with asyncio.timeout(max(1.0, within_s)):
                await need.check()
        except (Misconfigured, ImportError):
            raise
        except Exception as error:
            cause, now = describe(error, need.secrets), time.monotonic()
            refused_since = (refused_since or now) if _is_refusal(error) else 0.0
            is_news = causes.get(need.name) != cause or now - said_at > SAY_EVERY_S
            causes[need.name] = cause
            if now - began + pause > within_s or (refused_since and now - refused_since > CERTAIN_AFTER_S):
                raise _GivenUp from None
            if is_news:
                log.warning(f"waiting for {need.name}", reason=cause, gives_up_in_s=round(within_s - (now - began)))
                said_at = now
        else:
            if causes.pop(need.name, None) is not None:
                log.info(f"{need.name} answers", after_s=round(time.monotonic() - began, 1))
            return
        await asyncio.sleep(pause)
        pause = min(pause * 1.6, LONGEST_PAUSE_S)


def describe(error: BaseException, secrets: Sequence[str] = ()) -> str:
    """The innermost cause in one line, as its server words it."""
    text = " ".join(_worded(_innermost(error)).split())
    for secret in secrets:
        text = text.replace(secret, "[redacted]")
    return text[:300]


def _worded(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror})"
    if isinstance(error, ConnectionRefusedError) or "Errno 111" in str(error) or "Error 111" in str(error):
        return "connection refused"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, Unavailable | Misconfigured):
        return error.message
    # MySQL's drivers: (number, text).
    if len(error.args) == 2 and isinstance(error.args[0], int):
        return f"{error.args[1]}"
    return str(error) or type(error).__name__


def _innermost(error: BaseException) -> BaseException:
    seen = 0
    while seen < 10:
        following = getattr(error, "orig", None) or error.__cause__
        if not isinstance(following, BaseException):
            break
        error, seen = following, seen + 1
    return error


def _is_refusal(error: BaseException) -> bool:
    cause = _innermost(error)
    code = getattr(cause, "sqlstate", None) or (cause.args[0] if cause.args else "")
    if isinstance(cause, RedisError):
        return any(word in str(cause) for word in ("WRONGPASS", "NOAUTH", "NOPERM", "invalid username-password"))
    return str(code) in _REFUSALS


def _secrets(password: object) -> tuple[str, ...]:
    if not password:
        return ()
    given = str(password)
    return tuple({given, unquote(given)})
