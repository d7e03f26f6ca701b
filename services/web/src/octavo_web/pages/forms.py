"""Forms as browsers send them, within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from octavo_core.errors import Conflict, Fault, Forbidden, InvalidInput, Moderated, Throttled, Unavailable
from octavo_core.ids import generate_uuid

_FIELDS_MAX = 60
_FIELD_BYTES = 524_288
_KEY = re.compile(r"[0-9a-f-]{36}")

SECRETS = frozenset({"password", "current_password", "new_password"})
"""Fields whose values are in no page."""
COMES_BACK = (InvalidInput, Forbidden, Conflict, Throttled, Moderated, Unavailable)
"""With what a form comes back, and all that was typed in it: what a person can mend, or try again when something is back."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The texts by name, the last of each; and the one file, where one was chosen."""

    texts: dict[str, str]
    file: bytes | None = None

    def text(self, name: str) -> str:
        return self.texts.get(name, "")

    def line(self, name: str) -> str:
        return self.text(name).strip()

    @property
    def key(self) -> str:
        """The form's own, so that a second click is not a second one; a fresh one where the form brought none."""
        sent = self.line("key")
        return sent if _KEY.fullmatch(sent) else generate_uuid()

    def need(self, *names: str) -> None:
        """Raises `InvalidInput` with each one that is empty."""
        faults = tuple(Fault(name, "must not be empty") for name in names if not self.line(name))
        if faults:
            raise InvalidInput("something is missing", faults=faults)


async def read_form(request: Request, *, files: int = 0) -> Sent:
    """The edge bounds the whole. What is no form counts as an empty one; the fields are then missing, and that is said."""
    form: FormData
    async with request.form(max_files=files, max_fields=_FIELDS_MAX, max_part_size=_FIELD_BYTES) as form:
        texts, file = {}, None
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                data = await value.read()
                file = data or file
            else:
                texts[name[:100]] = value
    return Sent(texts, file)


async def read_texts(request: Request) -> dict[str, str]:
    """Those alone, also after `read_form` has read it: its file is then gone."""
    async with request.form(max_files=1, max_fields=_FIELDS_MAX, max_part_size=_FIELD_BYTES) as form:
        return {name[:100]: value for name, value in form.multi_items() if isinstance(value, str)}
