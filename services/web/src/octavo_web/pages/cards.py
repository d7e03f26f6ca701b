"""One generation as a card shows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from octavo_web.domain.stages import AGAIN, OPEN, Stage, stage_of

GATEWAY = "/api/web/gateway"
_KEPT_IMAGE = re.compile(r"/generators/([a-z0-9-]{1,63})/api/v1/images/([0-9a-f-]{36})/download")
_EXPORT = re.compile(r"/generators/[a-z0-9-]{1,63}/api/v1/generate/[0-9a-f-]{36}/export/[a-z]{1,20}")
_KEEPABLE = ("text", "translation", "content")
_ASKED = ("prompt", "text", "topic", "question", "title", "image_url")


@dataclass(frozen=True, slots=True)
class Picture:
    """`source` is something that a page may show; None where it stands elsewhere, at `link`."""

    source: str | None
    link: str
    size: str
    seed: str
    revised: str
    page: str = ""
    """Its page in the library, where it is kept."""


@dataclass(frozen=True, slots=True)
class File:
    """The result as a file, at `link` of the gateway."""

    format: str
    link: str


@dataclass(frozen=True, slots=True)
class Card:
    id: str
    generator: str
    status: str
    stage: Stage
    asked: str
    text: str | None
    pictures: tuple[Picture, ...]
    files: tuple[File, ...]
    error: str | None
    at: str
    seconds: float | None
    cost: str | None
    model: str
    is_sample: bool
    has_settings: bool
    can_keep: bool
    """Whether it is a text that could be a story in the library."""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def can_again(self) -> bool:
        return self.status in AGAIN

    @property
    def path(self) -> str:
        return f"/studio/{self.generator}/jobs/{self.id}"

    @property
    def settings_path(self) -> str:
        """The form with all that this one was asked with."""
        return f"/studio/{self.generator}?{urlencode({'from': self.id})}"


def card_of(generator: str, view: Mapping[str, Any], *, waiting: int | None = None) -> Card:
    """`view` as the generator's API answers it."""
    result = _mapping(view.get("result"))
    request = _mapping(view.get("request"))
    timings, provider, usage = (_mapping(view.get(name)) for name in ("timings", "provider", "usage"))
    run = timings.get("run_ms")
    error = _mapping(view.get("error"))
    return Card(
        id=str(view.get("generation_id", "")),
        generator=generator,
        status=str(view.get("status", "")),
        stage=stage_of(view, waiting=waiting),
        asked=next((str(request[name]) for name in _ASKED if request.get(name)), ""),
        text=_text(result),
        pictures=tuple(_picture(one) for one in result.get("images") or () if isinstance(one, dict)),
        files=tuple(_files(result)),
        error=str(error.get("message") or "") or None if view.get("status") == "failed" else None,
        at=str(timings.get("accepted_at") or ""),
        seconds=round(run / 1000, 1) if isinstance(run, int) and view.get("status") == "succeeded" else None,
        cost=str(usage["cost_usd"]) if usage.get("cost_usd") not in (None, "0") else None,
        model=str(provider.get("model") or provider.get("name") or ""),
        is_sample=bool(provider.get("sample")),
        has_settings=bool(request),
        can_keep=view.get("status") == "succeeded" and any(str(result.get(name) or "").strip() for name in _KEEPABLE),
    )


def _text(result: Mapping[str, Any]) -> str | None:
    found = next((result[name] for name in ("text", "description", "translation", "content") if isinstance(result.get(name), str)), None)
    return None if found is None else str(found)


def _files(result: Mapping[str, Any]) -> Iterator[File]:
    for one in result.get("exports") or ():
        url = str(one.get("url") or "") if isinstance(one, dict) else ""
        if _EXPORT.fullmatch(url):
            yield File(url.rpartition("/")[2], f"{GATEWAY}{url}")


def _picture(one: Mapping[str, Any]) -> Picture:
    url = str(one.get("url") or "")
    data = one.get("b64_json")
    if url.startswith("/generators/"):
        source: str | None = f"{GATEWAY}{url}"
        link = f"{GATEWAY}{url}"
    elif isinstance(data, str) and data:
        media_type = str(one.get("media_type") or "image/png")
        source = link = f"data:{media_type if media_type in ('image/png', 'image/jpeg', 'image/webp') else 'image/png'};base64,{data}"
    else:
        # Only a plain web address becomes a link: anything else that a provider might say (javascript:) leads nowhere.
        source, link = None, url if url.startswith("https://") else ""
    seed, kept = one.get("seed"), _KEPT_IMAGE.fullmatch(url)
    return Picture(
        source,
        link,
        str(one.get("size") or ""),
        "" if seed is None else str(seed),
        str(one.get("revised_prompt") or ""),
        "" if kept is None else f"/library/images/{kept[1]}/{kept[2]}",
    )


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
