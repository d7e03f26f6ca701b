"""Answers of a platform, and of what is none, as a command takes them."""

from __future__ import annotations

import httpx
import pytest

from octavo.commands.calling import checked
from octavo_core.errors import InvalidInput, NotFound, OctavoError, Unauthenticated, Unavailable

REQUEST = httpx.Request("GET", "http://somewhere/x")


def answer(status: int, content: bytes) -> httpx.Response:
    return httpx.Response(status, content=content, request=REQUEST)


def test_a_good_answer_is_its_body() -> None:
    assert checked(answer(200, b'{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthenticated),
        (404, NotFound),
        (409, InvalidInput),
        (422, InvalidInput),
        (429, InvalidInput),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_a_problem_is_raised_with_its_words_and_faults(status: int, kind: type[OctavoError]) -> None:
    body = b'{"message": "it is wrong", "errors": [{"path": "prompt", "message": "empty", "allowed": "text"}]}'
    with pytest.raises(kind, match="it is wrong") as caught:
        checked(answer(status, body))
    assert caught.value.faults[0].allowed == "text"


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (200, b"[]"), (404, b"[1]"), (502, b""), (500, b"null")])
def test_what_is_no_platform_is_doubted(status: int, body: bytes) -> None:
    with pytest.raises(OctavoError, match="is that an Octavo platform"):
        checked(answer(status, body))
