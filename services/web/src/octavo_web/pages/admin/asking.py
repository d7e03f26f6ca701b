"""Who may see the administration, and how its pages ask: for the list or the thing as a whole page, or for the part of it that is looked
at again and again."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Request
from starlette.responses import Response

from octavo_core.errors import Conflict, Forbidden, InvalidInput, NotFound, OctavoError, Throttled, Unauthenticated, Unavailable
from octavo_core.http.problems import status_of
from octavo_web.adapters.admin_api import Asking
from octavo_web.pages.admin.words import LABELS
from octavo_web.pages.origins import who
from octavo_web.pages.rendering import Pages, is_fragment
from octavo_web.pages.sessions import Person

Value = TypeVar("Value")
IN_PLACE = (InvalidInput, NotFound, Conflict, Throttled, Unavailable)
"""What a list says in its own page, with all that was typed; anything else is a page of its own."""


async def administrator(request: Request, visitor: Person) -> Asking:
    """Raises `Forbidden`. The API checks it again, and what is done is checked by auth as the role stands then."""
    if visitor.principal.role != "admin":
        raise Forbidden("this is for admins")
    return Asking(visitor.access, who(request))


Administrator = Annotated[Asking, Depends(administrator)]


@dataclass(frozen=True, slots=True)
class Told(Generic[Value]):
    """What was asked for, or why it cannot be told just now."""

    value: Value | None
    error: OctavoError | None = None

    @property
    def message(self) -> str | None:
        return None if self.error is None else self.error.message


async def told(asked: Awaitable[Value]) -> Told[Value]:
    """For what is a part of a page: the rest of it is shown in any case. Raises what is about the session."""
    try:
        return Told(await asked)
    except (Unauthenticated, Forbidden):
        raise
    except OctavoError as error:
        return Told(None, error)


class Parts:
    """Pages with a part that a script fetches anew."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def show(self, request: Request, page: str, part: str, *, error: OctavoError | None = None, **context: Any) -> Response:
        """`part` alone where a script asks: it takes away what was wrong before, too. With `error` the whole page, where it is said what is
        wrong; a script gets the error itself."""
        if is_fragment(request):
            if error is not None:
                raise error
            return self._pages.render(request, "_admin_alone.html", part=part, **self._common(request, None), **context)
        return self._pages.render(
            request,
            page,
            status=200 if error is None else status_of(error),
            part=part,
            **self._common(request, error),
            **context,
        )

    def _common(self, request: Request, error: OctavoError | None) -> dict[str, Any]:
        def say(text: str) -> str:
            return self._pages.say(request, text)

        faults = {} if error is None else self._pages.faults(request, error)
        lines = [f"{say(LABELS.get(name, name))}: {wrong}" if name else wrong for name, wrong in faults.items()]
        return {"say": say, "label": lambda name: say(LABELS[name]), "faults": faults, "error": "; ".join(lines)}
