"""What goes wrong in a way that a person can mend: the message says what, why and how."""

from __future__ import annotations


class ImagesFailure(Exception):
    """Its text is for the person at the keyboard; no traceback belongs to it."""
