"""llama-cpp-python's binding of llama.cpp's C functions, opened once; what the library says goes to our log, and into errors."""

from __future__ import annotations

import functools
from collections import deque
from types import ModuleType
from typing import Any

import structlog

from octavo_core.errors import Misconfigured

log = structlog.get_logger(__name__)

_COMPLAINTS = (3, 4)
"""ggml_log_level: warnings and errors."""
_kept: list[object] = []
_said: deque[str] = deque(maxlen=20)
"""The library's last warnings and errors."""


@functools.cache
def library() -> ModuleType:
    """Raises `Misconfigured` where it is not installed."""
    try:
        import llama_cpp.llama_cpp as opened
    except ImportError as error:
        raise Misconfigured(
            "the engine llamacpp needs the package llama-cpp-python, which is built from its source: install octavo-generation[llamacpp]"
            f" with a C++ compiler and CMake at hand ({error.name or error} is missing)"
        ) from error
    except (OSError, RuntimeError) as error:
        raise Misconfigured(f"llama-cpp-python is installed, and its library cannot be loaded here: {error}") from error

    def heard(level: int, text: bytes, _data: Any) -> None:
        said = text.decode("utf-8", "replace").strip()
        if said and level in _COMPLAINTS:
            _said.append(said)
            log.debug("llama.cpp", said=said)

    # The library keeps a pointer only; what it points to must outlive this function.
    _kept.append(opened.llama_log_callback(heard))
    opened.llama_log_set(_kept[-1], None)
    opened.llama_backend_init()
    found: ModuleType = opened
    return found


def last_words() -> str:
    """What the library complained about last; forgets it."""
    words = "; ".join(dict.fromkeys(_said))
    _said.clear()
    return words[-400:]
