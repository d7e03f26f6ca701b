"""Forms from strangers: what is read, and what is refused before it takes room."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_core.errors import InvalidInput, MalformedBody, TooLarge
from octavo_generation.uploads.multipart import Form, FormLimits, is_form, read_form

TYPE = "multipart/form-data; boundary=xyz"
LIMITS = FormLimits(max_parts=4, max_file_bytes=1_000, max_text_bytes=100)


def part(name: str, value: bytes, filename: str | None = None, *headers: str) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    lines = "\r\n".join([f'Content-Disposition: form-data; name="{name}"{file}', *headers])
    return f"--xyz\r\n{lines}\r\n\r\n".encode() + value + b"\r\n"


async def read(
    *parts: bytes, end: bytes = b"--xyz--\r\n", chunk: int = 65_536, content_type: str = TYPE, limits: FormLimits = LIMITS
) -> Form:
    body = b"".join(parts) + end

    async def stream() -> AsyncIterator[bytes]:
        for at in range(0, len(body), chunk):
            yield body[at : at + chunk]

    return await read_form(content_type, stream(), limits)


@pytest.mark.parametrize("chunk", [1, 7, 65_536])
async def test_files_and_texts_come_apart_however_the_body_is_cut(chunk: int) -> None:
    data = b"\x00\r\n--xy\r\n--xyzz\x89PNG" + bytes(range(256))
    form = await read(part("upload", data, "../../a.png", "Content-Type: image/png"), part("question", "¿Qué es?".encode()), chunk=chunk)
    assert form == Form({"upload": data}, {"question": "¿Qué es?"})


async def test_an_empty_file_name_is_a_file_still() -> None:
    assert (await read(part("upload", b"", ""))).files == {"upload": b""}


async def test_a_file_over_its_bound_is_refused_before_its_end() -> None:
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        yield part("upload", b"", "a.png")[:-2]
        while True:
            seen += 1
            yield b"x" * 100

    with pytest.raises(TooLarge, match="upload: is larger than 1000 bytes"):
        await read_form(TYPE, endless(), LIMITS)
    assert seen == 11


async def test_a_text_over_its_bound() -> None:
    with pytest.raises(TooLarge) as caught:
        await read(part("question", b"x" * 101))
    assert caught.value.faults[0].path == "question"


async def test_too_many_parts() -> None:
    with pytest.raises(InvalidInput, match="more than 4 parts"):
        await read(*(part(f"f{n}", b"x") for n in range(5)))


async def test_headers_have_bounds() -> None:
    with pytest.raises(MalformedBody):
        await read(part("a", b"x", None, "X: " + "y" * 2_000))
    with pytest.raises(MalformedBody):
        await read(part("a", b"x", None, *(f"X{n}: y" for n in range(20))))
    with pytest.raises(InvalidInput, match="very long name"):
        await read(part("n" * 65, b"x"))


async def test_a_name_comes_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        await read(part("upload", b"x", "a"), part("upload", b"y"))
    assert caught.value.faults[0].path == "upload"


@pytest.mark.parametrize(
    ("parts", "end", "content_type"),
    [
        ([part("a", b"x")], b"", TYPE),
        ([part("a", b"x")[:-10]], b"", TYPE),
        ([], b"", TYPE),
        ([b"no boundary"], b"", TYPE),
        ([part("a", b"x")], b"--xyz--\r\n", "multipart/form-data"),
        ([part("a", b"x")], b"--xyz--\r\n", "multipart/form-data; boundary="),
        ([part("a", b"x")], b"--xyz--\r\n", f"multipart/form-data; boundary={'x' * 300}"),
        ([part("a", b"x")], b"--xyz--\r\n", "multipart/form-data; boundary=other"),
        ([b"--xyz\r\nContent-Type: text/plain\r\n\r\nx\r\n"], b"--xyz--\r\n", TYPE),
        ([b'--xyz\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n'], b"--xyz--\r\n", TYPE),
        ([part("a", b"\xff\xfe")], b"--xyz--\r\n", TYPE),
    ],
)
async def test_a_body_that_is_not_what_it_says(parts: list[bytes], end: bytes, content_type: str) -> None:
    with pytest.raises(MalformedBody):
        await read(*parts, end=end, content_type=content_type)


def test_what_counts_as_a_form() -> None:
    assert is_form("Multipart/Form-Data; boundary=x")
    assert not any(is_form(other) for other in (None, "", "application/json", "multipart/mixed; boundary=x"))


@given(st.binary(max_size=400), st.sampled_from(["", "; boundary=xyz", '; boundary="xyz"', "; boundary=--"]))
async def test_no_body_makes_it_fall_over(body: bytes, boundary: str) -> None:
    with contextlib.suppress(InvalidInput):
        await read(
            body.replace(b"B", b"\r\n--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n"),
            content_type=f"multipart/form-data{boundary}",
        )
