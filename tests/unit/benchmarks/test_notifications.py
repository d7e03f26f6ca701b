"""Frames of both notification wires, cut and malformed as networks do."""

from itertools import pairwise

import pytest
from benchmarks.notifications import EnginePacket, ServerSentEvent, SocketPacket, SseParser, parse_engine_packet, parse_socket_packet
from hypothesis import given
from hypothesis import strategies as st

STREAM = (
    b": keep-alive\n\n"
    b'id: 1-0\nevent: job.started\ndata: {"job":"a"}\n\n'
    b'id: 2-0\r\nevent: job.succeeded\r\ndata: {"job":"a"}\r\n\r\n'
    b"data:first\ndata: second\n\n"
)
EVENTS = [
    ServerSentEvent("job.started", b'{"job":"a"}', "1-0"),
    ServerSentEvent("job.succeeded", b'{"job":"a"}', "2-0"),
    ServerSentEvent("message", b"first\nsecond"),
]


def test_events_come_out_of_a_stream_in_one_piece() -> None:
    assert SseParser().feed(STREAM) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    parser = SseParser()
    found = [event for begin, end in pairwise(edges) for event in parser.feed(STREAM[begin:end])]
    assert found == EVENTS


def test_an_unfinished_event_waits_for_its_end() -> None:
    parser = SseParser()
    assert parser.feed(b"data: x\n") == []
    assert parser.feed(b"\n") == [ServerSentEvent("message", b"x")]


def test_engine_packets_are_read() -> None:
    assert parse_engine_packet('0{"sid":"x"}') == EnginePacket("open", '{"sid":"x"}')
    assert parse_engine_packet("2") == EnginePacket("ping", "")
    assert parse_engine_packet("42[]") == EnginePacket("message", "2[]")


@pytest.mark.parametrize("text", ["", "x", "7", "b4"])
def test_what_is_no_engine_packet_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_engine_packet(text)


def test_socket_packets_are_read() -> None:
    assert parse_socket_packet('0{"sid":"y"}') == SocketPacket("connect", {"sid": "y"})
    assert parse_socket_packet('2["notification",{"status":"completed"}]') == SocketPacket(
        "event", ["notification", {"status": "completed"}]
    )
    assert parse_socket_packet("30[]") == SocketPacket("ack", [], 0)
    assert parse_socket_packet("1") == SocketPacket("disconnect", None)


@pytest.mark.parametrize("text", ["", "5-", "2/admin,[]"])
def test_binary_and_foreign_packets_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_socket_packet(text)
