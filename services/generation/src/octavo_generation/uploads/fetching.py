"""A picture from an address that a stranger gave: what may be reached at all is for `octavo_core.net` to say, and how much of it is
read is said here. Redirects are followed here, hop by hop, each checked as the first URL was."""

from __future__ import annotations

import asyncio
import zlib

import aiohttp
from yarl import URL

from octavo_core.errors import Fault, TooLarge, Unavailable
from octavo_core.net import MAX_URL_CHARS, check_url
from octavo_core.net.outbound import Guard, Resolve, guarded_session
from octavo_core.net.urls import AMBIGUOUS, SCHEME, fault, refused
from octavo_generation.uploads.limits import FetchLimits

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": "Octavo (fetches a picture that a person named)",
    "Accept": "image/png, image/jpeg, image/webp, image/gif",
    "Accept-Encoding": "identity",
}
_CHUNK = 65_536


async def fetch_picture(url: str, limits: FetchLimits, *, resolve: Resolve | None = None) -> bytes:
    """The bytes that are there, at most `max_bytes`; what they are is for `check_picture` to say. One attempt.

    Raises `InvalidInput` (refused, or nothing there that could be a picture), `TooLarge`, and `Unavailable` for a server that does not
    answer well just now.
    """
    target = check_url(url, limits)
    guard = Guard(limits, resolve)
    try:
        async with asyncio.timeout(limits.total_s), guarded_session(guard, limits, headers=_HEADERS) as session:
            for _ in range(limits.max_redirects + 1):
                async with session.get(target, allow_redirects=False) as answer:
                    if answer.status not in _REDIRECTS:
                        return await _body(answer, limits)
                    target = _next(target, answer.headers.get("Location"), limits)
    except TimeoutError:
        raise Unavailable(f"{limits.path}: the picture's server did not answer in time") from None
    except aiohttp.ClientError as error:
        if guard.refused:
            raise refused(limits) from None
        if isinstance(error, aiohttp.InvalidURL):
            raise fault(limits, "is not a URL") from None
        raise Unavailable(f"{limits.path}: the picture's server cannot be reached") from None
    raise fault(limits, f"leads on to another address more than {limits.max_redirects} times")


def _next(target: URL, location: str | None, limits: FetchLimits) -> URL:
    if not location or len(location) > MAX_URL_CHARS or AMBIGUOUS.search(location):
        raise fault(limits, "leads on to what is not a URL")
    if SCHEME.match(location):
        # As it stands: a library's join takes `http:///x` for a path on this host.
        return check_url(location, limits)
    try:
        following = target.join(URL(location))
    except (ValueError, UnicodeError):
        raise fault(limits, "leads on to what is not a URL") from None
    return check_url(str(following), limits)


async def _body(answer: aiohttp.ClientResponse, limits: FetchLimits) -> bytes:
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(f"{limits.path}: the picture's server answered {answer.status}")
    if answer.status != 200:
        raise fault(limits, f"the picture's server answered {answer.status}")
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise fault(limits, "the picture comes in a Content-Encoding that was not asked for")
    if answer.content_length is not None and answer.content_length > limits.max_bytes:
        raise _too_large(limits)
    # Only what fits is ever unpacked: a bomb is met with the same bound as a file. 47: gzip or zlib, told by its first bytes.
    unpack = None if encoding in ("identity", "") else zlib.decompressobj(wbits=47)
    body, received = bytearray(), 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        received += len(chunk)
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, limits.max_bytes + 1 - len(body))
        except zlib.error:
            raise fault(limits, "the picture's server sent a broken body") from None
        if len(body) > limits.max_bytes or received > limits.max_bytes:
            raise _too_large(limits)
    if unpack is not None and not unpack.eof:
        raise fault(limits, "the picture's server sent a broken body")
    return bytes(body)


def _too_large(limits: FetchLimits) -> TooLarge:
    message = f"the picture is larger than {limits.max_bytes} bytes"
    return TooLarge(f"{limits.path}: {message}", faults=(Fault(limits.path, message, f"at most {limits.max_bytes} bytes"),))
