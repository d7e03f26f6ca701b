"""Structured logs: one JSON object a line in a cluster, coloured lines for a person at a terminal.

Every line carries the service's name, UTC time, and what is bound to the context (the correlation id first of all). Values of
keys that sound like a secret are replaced before anything is written, whatever library wrote them.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import Processor

LogFormat = Literal["json", "console"]

_SECRET_KEY = re.compile(r"password|passwd|secret|token|api_?key|authorization|cookie|credential", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@")
_NOT_SECRET = frozenset({"max_tokens", "prompt_tokens", "completion_tokens", "total_tokens"})


def get_service_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def configure_logging(service: str, *, fmt: LogFormat = "json", level: str = "INFO") -> None:
    """Call once, in the composition root. Standard-library loggers (uvicorn, dramatiq, sqlalchemy) come out the same way."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _named(service),
        redact,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if fmt == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=36,
            sort_keys=False,
            # Not the pretty one: it prints local variables, and with them headers and passwords.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("dramatiq", "uvicorn.access", "asyncio", "httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # The supervisor and the consumer report a lost Redis in their own words.
    logging.getLogger("uvicorn.error").propagate = True


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _redacted(key, value)
    return event


def _redacted(key: object, value: Any) -> Any:
    match value:
        case _ if isinstance(key, str) and key not in _NOT_SECRET and _SECRET_KEY.search(key):
            return "[redacted]"
        case str() if "://" in value:
            return _URL_PASSWORD.sub(r"\1:[redacted]@", value)
        case dict():
            return {inner: _redacted(inner, item) for inner, item in value.items()}
        case list() | tuple():
            return [_redacted(None, item) for item in value]
        case _:
            return value


def _named(service: str) -> Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("service", service)
        return event

    return add


def _dumps(value: Any, **_: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # Lone surrogates, integers beyond 64 bits: an odd line rather than none.
        return json.dumps(value, default=str, ensure_ascii=False).encode(errors="replace").decode()
