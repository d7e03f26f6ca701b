"""Where a login leads: a path of this place and nothing else, or a link from elsewhere could send people on to a copy of it."""

from __future__ import annotations

import re

HOME = "/studio"
_LOCAL = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%@+:-]{0,500}")
_NO_PAGES = ("/api/", "/generators/", "/socket.io/", "/logout", "/preferences")
_NOT_AFTER_LOGIN = ("/login", "/register", "/verify", "/recover")


def return_path(asked: str | None, default: str = HOME) -> str:
    """`asked` where it is a page here that makes sense after a login, else `default`."""
    if asked is None or not is_page(asked) or any(asked.startswith(path) for path in _NOT_AFTER_LOGIN):
        return default
    return asked


def page_path(asked: str, default: str = "/") -> str:
    """`asked` where it is any page here, else `default`."""
    return asked if is_page(asked) else default


def is_page(asked: str) -> bool:
    """A path that begins with `//` or `/\\`, or holds a control character, a scheme or a host, is none of ours."""
    if not _LOCAL.fullmatch(asked) or any(asked.startswith(path) for path in _NO_PAGES):
        return False
    # Browsers take %2f and %5c in a path as they are; a proxy on the way might not. Nor does any page of ours climb or skip.
    return not re.search(r"%(2e|2f|5c|0[0-9a-f]|1[0-9a-f])|//|/\.\.?(/|$)", asked.partition("?")[0], re.IGNORECASE)
