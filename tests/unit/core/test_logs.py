"""Log lines: their shape, and what must never be in them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from octavo_core.telemetry import configure_logging, get_service_logger
from octavo_core.telemetry.logs import LogFormat


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("dramatiq", "uvicorn.access", "asyncio", "httpx", "alembic")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configured(fmt: LogFormat = "json", level: str = "INFO") -> structlog.stdlib.BoundLogger:
    configure_logging("generation", fmt=fmt, level=level)
    return get_service_logger("octavo.test")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_with_the_correlation_id(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    structlog.contextvars.bind_contextvars(correlation_id="c-7")
    log.info("job ended\nreally", job="j1", took=0.5)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "job ended\nreally",
        "level": "info",
        "service": "generation",
        "correlation_id": "c-7",
        "job": "j1",
        "took": 0.5,
    }


def test_libraries_lines_come_out_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    structlog.contextvars.bind_contextvars(correlation_id="c-8")
    logging.getLogger("sqlalchemy.engine").warning("connecting to %s", "postgresql://octavo:geheim@db/jobs")
    (line,) = lines(capsys)
    assert line["event"] == "connecting to postgresql://octavo:[redacted]@db/jobs"
    assert (line["service"], line["correlation_id"], line["level"]) == ("generation", "c-8", "warning")


@pytest.mark.parametrize(
    "key", ["password", "api_key", "apiKey", "Authorization", "set_cookie", "client_secret", "access_token", "credentials"]
)
def test_values_of_keys_that_sound_like_a_secret_are_replaced(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    configured().info("calling", **{key: "geheim"}, headers={key: "geheim", "accept": "*/*"}, tries=[{key: "geheim"}])
    (line,) = lines(capsys)
    assert line[key] == "[redacted]"
    assert line["headers"] == {key: "[redacted]", "accept": "*/*"}
    assert line["tries"] == [{key: "[redacted]"}]


def test_counts_of_tokens_are_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    configured().info("done", max_tokens=160, completion_tokens=12)
    (line,) = lines(capsys)
    assert (line["max_tokens"], line["completion_tokens"]) == (160, 12)


@pytest.mark.parametrize("url", ["redis://:geheim@redis:6379/0", "mysql://octavo:geheim@db/jobs"])
def test_passwords_in_urls_are_replaced_wherever_they_stand(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    try:
        raise ConnectionError(f"cannot reach {url}")
    except ConnectionError:
        log.exception(f"lost {url}", url=url, peers=[url])
    text = capsys.readouterr().err
    assert "geheim" not in text
    assert "[redacted]@" in text
    assert len(text.splitlines()) == 1
    assert "ConnectionError" in orjson.loads(text)["exception"]


def test_the_console_shows_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """A pretty traceback would print the headers of a request, and the token among them."""
    log = configured("console")
    held = {"authorization": "Bearer geheim"}
    try:
        raise ConnectionError("cannot reach redis://:geheim@redis")
    except ConnectionError:
        log.exception("request failed", asked=len(held))
    text = capsys.readouterr().err
    assert "geheim" not in text
    assert "Traceback" in text
    assert "request failed" in text


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured(level="WARNING")
    log.info("quiet")
    logging.getLogger("library").info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_odd_values_make_an_odd_line_rather_than_none(capsys: pytest.CaptureFixture[str]) -> None:
    configured().info("odd", big=2**80, half="\ud800", kind=object, keys={1: "a"})
    (line,) = lines(capsys)
    assert line["event"] == "odd"
