"""Pictures that strangers send: told by their content, bounded, and encoded anew. For every service that takes some.

Pillow (`octavo-core[pictures]`) is loaded when a picture is checked, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from octavo_core.pictures.limits import KINDS, PictureLimits

if TYPE_CHECKING:
    from octavo_core.pictures.checking import CheckedPicture, check_base64, check_picture

__all__ = ["KINDS", "CheckedPicture", "PictureLimits", "check_base64", "check_picture"]

_LATER = ("CheckedPicture", "check_base64", "check_picture")


def __getattr__(name: str) -> object:
    if name in _LATER:
        from octavo_core.pictures import checking

        found: object = getattr(checking, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
