"""What a training needs beside Octavo itself."""

from __future__ import annotations

import importlib.util

from octavo_core.errors import Misconfigured


def require_training_packages() -> None:
    """Raises `Misconfigured` and says what to install."""
    missing = [name for name in ("torch", "transformers", "ctranslate2") if importlib.util.find_spec(name) is None]
    if missing:
        raise Misconfigured(
            f"training needs {', '.join(missing)}: install octavo[train], or requirements/train.lock into an environment of its own"
        )
