"""Pictures that strangers send, as bytes or as an address: bounded, told by their content, and never fetched from inside our network.

What needs an HTTP client or image codecs is loaded when it is asked for: `octavo plan` and the APIs of other tasks import this too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from octavo_generation.uploads.limits import FetchLimits, PictureLimits, UploadLimits, UploadSettings
from octavo_generation.uploads.urls import check_url

if TYPE_CHECKING:
    from octavo_generation.uploads.fetching import fetch_picture
    from octavo_generation.uploads.pictures import CheckedPicture, check_picture

__all__ = [
    "CheckedPicture",
    "FetchLimits",
    "PictureLimits",
    "UploadLimits",
    "UploadSettings",
    "check_picture",
    "check_url",
    "fetch_picture",
]

_LATER = {"fetch_picture": "fetching", "CheckedPicture": "pictures", "check_picture": "pictures"}


def __getattr__(name: str) -> object:
    if name in _LATER:
        found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
