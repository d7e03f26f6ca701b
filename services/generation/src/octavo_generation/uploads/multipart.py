"""multipart/form-data (RFC 7578), read as it comes, with a bound on everything that a stranger can make large.

Not Starlette's `request.form`: its `max_part_size` holds for text fields only, a file of any size goes to the disk.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from octavo_core.errors import Fault, InvalidInput, MalformedBody, TooLarge

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MEDIA_TYPE = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class FormLimits:
    max_parts: int = 16
    max_file_bytes: int = 10 * 1_048_576
    max_text_bytes: int = 262_144
    max_header_count: int = 8
    max_header_bytes: int = 1_024
    max_name_chars: int = 64


@dataclass(frozen=True, slots=True)
class Form:
    """What came with a file name, and what came without. A name comes once."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def is_form(content_type: str | None) -> bool:
    return content_type is not None and content_type.partition(";")[0].strip().lower() == MEDIA_TYPE


async def read_form(content_type: str, body: AsyncIterator[bytes], limits: FormLimits) -> Form:
    """Raises `MalformedBody`, `InvalidInput` (too many parts, a name twice), `TooLarge`."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise MalformedBody("the content type multipart/form-data must name its boundary")
    reading = _Reading(limits)
    try:
        parser = MultipartParser(
            boundary, reading.callbacks(), max_header_count=limits.max_header_count, max_header_size=limits.max_header_bytes
        )
        async for chunk in body:
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise MalformedBody("the body is not multipart/form-data as its content type says") from None
    if not reading.ended:
        raise MalformedBody("the body ends before the last boundary")
    return Form(reading.files, reading.texts)


class _Reading:
    """Where the parser is. What it raises goes through the parser to the caller."""

    def __init__(self, limits: FormLimits) -> None:
        self._limits = limits
        self.files = dict[str, bytes]()
        self.texts = dict[str, str]()
        self.ended = False
        self._parts = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition = b""
        self._name = ""
        self._is_file = False
        self._data = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_field,
            "on_header_value": self._header_more,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._more,
            "on_part_end": self._part_ends,
            "on_end": self._end,
        }

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > self._limits.max_parts:
            raise InvalidInput(f"the form has more than {self._limits.max_parts} parts")
        self._disposition, self._data = b"", bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_more(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_ends(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name, self._header_value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"")
        if kind != b"form-data" or not name:
            raise MalformedBody("every part of the form needs a Content-Disposition with its name")
        self._name = _text(name, "a name")
        if len(self._name) > self._limits.max_name_chars:
            raise InvalidInput("the form has a field with a very long name")
        if self._name in self.files or self._name in self.texts:
            raise InvalidInput(f"{self._name}: is there twice", faults=(Fault(self._name, "is there twice", "once"),))
        self._is_file = b"filename" in options

    def _more(self, data: bytes, start: int, end: int) -> None:
        most = self._limits.max_file_bytes if self._is_file else self._limits.max_text_bytes
        if len(self._data) + end - start > most:
            message = f"is larger than {most} bytes"
            raise TooLarge(f"{self._name}: {message}", faults=(Fault(self._name, message, f"at most {most} bytes"),))
        self._data += data[start:end]

    def _part_ends(self) -> None:
        if self._is_file:
            self.files[self._name] = bytes(self._data)
        else:
            self.texts[self._name] = _text(self._data, self._name)
        self._data = bytearray()

    def _end(self) -> None:
        self.ended = True


def _text(raw: bytes | bytearray, what: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedBody(f"{what} of the form is not UTF-8") from None
