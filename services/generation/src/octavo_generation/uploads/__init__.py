"""Pictures that strangers send, as bytes or as an address: bounded, told by their content, and never fetched from inside our network.

What needs an HTTP client or image codecs is loaded when it is asked for: `octavo plan` and the APIs of other tasks import this too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from octavo_core.net import check_url
from octavo_core.pictures.limits import PictureLimits
from octavo_generation.uploads.limits import FetchLimits, UploadLimits, UploadSettings

if TYPE_CHECKING:
    from octavo_generation.uploads.fetching import fetch_picture

__all__ = [
    "FetchLimits",
    "PictureLimits",
    "UploadLimits",
    "UploadSettings",
    "check_url",
    "fetch_picture",
]


def __getattr__(name: str) -> object:
    if name == "fetch_picture":
        from octavo_generation.uploads.fetching import fetch_picture

        return fetch_picture
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
