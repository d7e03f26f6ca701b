from __future__ import annotations

import struct

import pytest
from scripts.cluster.probes import has_answer, query


def reply(number: int, flags: int, answers: int) -> bytes:
    return struct.pack("!HHHHHH", number, flags, 1, answers, 0, 0)


def test_a_question_names_the_name() -> None:
    asked = query(7, "kubernetes.default.svc")
    assert asked[:2] == b"\x00\x07"
    assert asked[12:] == b"\x0akubernetes\x07default\x03svc\x00\x00\x01\x00\x01"


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (reply(7, 0x8180, 1), True),
        (reply(8, 0x8180, 1), False),
        (reply(7, 0x8183, 0), False),
        (reply(7, 0x8182, 1), False),
        (reply(7, 0x8180, 0), False),
        (b"", False),
    ],
)
def test_only_an_answer_to_our_question_counts(said: bytes, answered: bool) -> None:
    assert has_answer(7, said) is answered
