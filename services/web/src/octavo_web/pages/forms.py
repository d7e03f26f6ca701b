"""Forms as browsers send them, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

_FIELDS_MAX = 60
_FIELD_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Sent:
    """The texts by name, the last of each; and the one file, where one was chosen."""

    texts: dict[str, str]
    file: bytes | None = None

    def text(self, name: str) -> str:
        return self.texts.get(name, "")

    def line(self, name: str) -> str:
        return self.text(name).strip()


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
