"""Who a request turned out to be of: whoever checks a token says so, and whoever keeps the door of the process hears it.

Between the two lie frameworks and each service's own code, so it goes by the context of the request's task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from octavo_core.identity.principal import Principal

Welcome = Callable[["Principal"], None]
"""Called with whoever a token was found to be of. Raises what keeps them out at the moment (`Throttled`)."""

_welcome: ContextVar[Welcome | None] = ContextVar("octavo_welcome", default=None)


@contextmanager
def visits_told(welcome: Welcome) -> Iterator[None]:
    """While one request is answered."""
    before = _welcome.set(welcome)
    try:
        yield
    finally:
        _welcome.reset(before)


def announce(principal: Principal) -> None:
    """Whose token was found valid just now. Raises what `welcome` does."""
    welcome = _welcome.get()
    if welcome is not None:
        welcome(principal)
