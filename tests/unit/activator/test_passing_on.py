"""Which headers go on with a request, and which stay with their connection."""

from __future__ import annotations

from octavo_activator.proxy import passed_on


def test_what_concerns_the_connection_stays_behind() -> None:
    given = [
        (b"host", b"x"),
        (b"authorization", b"Bearer t"),
        (b"connection", b"keep-alive, X-Private"),
        (b"x-private", b"1"),
        (b"keep-alive", b"timeout=5"),
        (b"te", b"trailers"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"websocket"),
        (b"proxy-authorization", b"Basic x"),
        (b"expect", b"100-continue"),
        (b"content-length", b"7"),
        (b"x-octavo-activator", b"1"),
    ]
    assert passed_on(given) == [(b"host", b"x"), (b"authorization", b"Bearer t"), (b"content-length", b"7")]


def test_repeated_headers_stay_repeated_and_in_order() -> None:
    given = [(b"set-cookie", b"a=1"), (b"x", b"y"), (b"set-cookie", b"b=2")]
    assert passed_on(given) == given
