"""Log lines as a person reads them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.runner.lines import LinePrinter

PLAIN = LinePrinter(raw=False, colour=False)


def test_the_event_first_the_rest_behind_it() -> None:
    line = orjson.dumps({"timestamp": "t", "level": "info", "service": "api", "event": "lease ran out", "job": "1", "tries": [1, 2]})
    assert PLAIN.format("api", line.decode()) == "api                    lease ran out  job=1 tries=[1,2]"


def test_what_is_no_record_is_passed_on() -> None:
    assert PLAIN.format("redis", "1:M 01 Jan # Warning") == "redis                  1:M 01 Jan # Warning"
    assert PLAIN.format("redis", "[1]") == "redis                  [1]"


def test_an_exception_stands_below_line_by_line() -> None:
    text = PLAIN.format("api", orjson.dumps({"event": "failed", "exception": "Traceback:\n  File x\nValueError"}).decode())
    assert text.splitlines()[1:] == [
        "api                    Traceback:",
        "api                      File x",
        "api                    ValueError",
    ]


def test_long_values_are_cut_and_long_names_too() -> None:
    text = PLAIN.format("worker with-a-very-long-name", orjson.dumps({"event": "x", "v": "y" * 1_000}).decode())
    assert text.startswith("worker with-a-very-lon x")
    assert len(text) < 350


@given(st.text(), st.text(), st.text(), st.text(), st.booleans())
def test_nobody_writes_to_the_terminal_through_a_log(event: str, key: str, value: str, level: str, as_record: bool) -> None:
    safe = [text.encode("utf-8", "replace").decode() for text in (event, key, value, level)]
    line = orjson.dumps({"event": safe[0], f"k{safe[1]}": safe[2], "level": safe[3]}).decode() if as_record else safe[0]
    text = PLAIN.format("api", line)
    assert not any((ord(character) < 0x20 and character != "\t") or 0x7F <= ord(character) < 0xA0 for character in text)


def test_what_would_move_the_cursor_is_shown() -> None:
    assert PLAIN.format("api", '{"event": "x", "path": "/\\u001b[2J\\r\\n"}') == r"api                    x  path=/\x1b[2J\x0d\x0a"


def test_colours_only_where_they_are_wanted() -> None:
    line = '{"event": "x", "level": "error", "a": 1}'
    assert "\x1b[31mx\x1b[0m" in LinePrinter(raw=False, colour=True).format("api", line)
    assert "\x1b" not in PLAIN.format("api", line)


def test_raw_passes_records_through_and_says_its_own_as_records(capsys: pytest.CaptureFixture[str]) -> None:
    printer = LinePrinter(raw=True)
    printer("api", '{"event":"x"}')
    printer.say("octavo", "hello", "warning")
    assert [orjson.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"event": "x"},
        {"event": "hello", "level": "warning", "service": "octavo"},
    ]
