"""What every list of the administration does: reads what it is narrowed by, asks for that, and keeps what was typed where it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request

from octavo_core.errors import OctavoError, Unavailable
from octavo_web.adapters.admin_api import Items
from octavo_web.domain.lookups import Field, Lookup, lookup_of, typed_of
from octavo_web.pages.admin.asking import IN_PLACE


@dataclass(frozen=True, slots=True)
class Found:
    """`typed`: as the form shows it again. `lookup`: None where it was refused, or could not be answered."""

    typed: Mapping[str, str]
    lookup: Lookup | None = None
    listed: Items = field(default_factory=Items)
    error: OctavoError | None = None

    @property
    def is_away(self) -> bool:
        """Worth looking again by itself."""
        return isinstance(self.error, Unavailable)


async def find(request: Request, fields: tuple[Field, ...], ask: Callable[[Mapping[str, str]], Awaitable[Items]]) -> Found:
    """Raises what is no matter of the list, such as a session that ended."""
    given = request.query_params
    try:
        lookup = lookup_of(fields, given)
        return Found(lookup.typed, lookup, await ask(lookup.query))
    except IN_PLACE as error:
        return Found(typed_of(fields, given), error=error)
