"""A script as a file: Fountain as it is, its scenes as JSON, and PDF in the form that readers of scripts know.

PDF is screenplain's, in Courier Prime, which goes into the file. Making one takes a while, so it happens in a thread, two at a time,
within a bound.
"""

from __future__ import annotations

import asyncio
import functools
import io
import re
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson

from octavo_core.errors import Throttled
from octavo_generation.scripts import fountain

Name = Literal["fountain", "json", "pdf"]
NAMES: tuple[Name, ...] = get_args(Name)
_RENDER_S = 30.0


@dataclass(frozen=True, slots=True)
class File:
    data: bytes
    media_type: str
    name: str


async def export(result: Mapping[str, Any], name: Name) -> File:
    """`result`: of a script's job. Raises `Throttled` when it takes too long, which is when too many ask at once."""
    stem = file_stem(str(result["title"]))
    match name:
        case "fountain":
            return File(str(result["text"]).encode(), "text/plain; charset=utf-8", f"{stem}.fountain")
        case "json":
            return File(orjson.dumps(scenes_of(result), option=orjson.OPT_INDENT_2), "application/json", f"{stem}.json")
        case "pdf":
            try:
                async with asyncio.timeout(_RENDER_S):
                    data = await asyncio.get_running_loop().run_in_executor(_threads(), to_pdf, str(result["text"]))
            except TimeoutError:
                raise Throttled("too many scripts are being made into PDF; try again in a moment", retry_after=5) from None
            return File(data, "application/pdf", f"{stem}.pdf")


def scenes_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """The script with each scene's elements in their order: `action`, `dialogue` (with `character`), `transition`, `section`."""
    _, scenes = fountain.read(str(result["text"]))
    about = {name: result.get(name) for name in ("title", "script_type", "template", "project_id", "episode_id", "language", "words")}
    return {
        **about,
        "scenes": [
            {
                "number": number,
                "heading": scene.heading,
                "words": scene.words,
                "characters": scene.characters,
                "elements": [
                    {
                        key: value
                        for key, value in (
                            ("type", one.kind),
                            ("character", one.character),
                            ("parenthetical", one.parenthetical),
                            ("text", one.text),
                        )
                        if value is not None
                    }
                    for one in scene.elements
                ],
            }
            for number, scene in enumerate(scenes, 1)
        ],
    }


def to_pdf(text: str) -> bytes:
    """A4, the same bytes for the same text."""
    # Here and not above: its 20 MB are for those who ask for a PDF.
    from reportlab.lib.pagesizes import A4
    from screenplain.export.pdf import DocTemplate, Settings
    from screenplain.export.pdf import to_pdf as write
    from screenplain.parsers.fountain import parse

    written = io.BytesIO()
    write(
        parse(io.StringIO(text)),
        written,
        template_constructor=functools.partial(DocTemplate, invariant=1, creator="Octavo"),
        settings=Settings(page_size=A4),
    )
    return written.getvalue()


def file_stem(title: str) -> str:
    """Of letters that every header and every disk takes."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60] or "script"


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="script-pdf")
