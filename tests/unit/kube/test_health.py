from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request

import pytest
from tests.servers.starting import wait_until

from octavo_core.errors import Misconfigured
from octavo_operator.health import Heartbeat, serve


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_probes_say_what_is_wrong() -> None:
    ready: str | None = "not everything is listed yet"
    with serve("127.0.0.1", 0, alive=lambda: None, ready=lambda: ready) as port:
        assert ask(port, "/healthz") == (200, "ok\n")
        assert ask(port, "/readyz") == (500, "not everything is listed yet\n")
        ready = None
        assert ask(port, "/readyz")[0] == 200
        assert "octavo_operator_queue_depth" in ask(port, "/metrics")[1]
        assert ask(port, "/elsewhere")[0] == 404


def test_a_stuck_loop_is_seen_from_outside_it() -> None:
    beat = Heartbeat()
    stuck, free = threading.Event(), threading.Event()

    async def scene() -> None:
        beating = asyncio.create_task(beat.run())
        await asyncio.sleep(0.6)  # on purpose: time to beat
        stuck.set()
        free.wait(20)  # what is tested: nothing else runs meanwhile
        await asyncio.sleep(0.6)  # on purpose: time to beat again
        beating.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(scene()))
    with serve("127.0.0.1", 0, alive=lambda: "stuck" if beat.silence_s > 1.5 else None, ready=lambda: None) as port:
        thread.start()
        assert stuck.wait(10)
        wait_until(lambda: ask(port, "/healthz") == (500, "stuck\n"), what="a stuck loop is not seen")
        free.set()
        wait_until(lambda: ask(port, "/healthz")[0] == 200, what="it does not recover")
        thread.join(10)


def test_a_port_that_is_taken_is_an_error_and_no_silence() -> None:
    with (
        serve("127.0.0.1", 0, alive=lambda: None, ready=lambda: None) as port,
        pytest.raises(Misconfigured, match="cannot be listened on"),
        serve("127.0.0.1", port, alive=lambda: None, ready=lambda: None),
    ):
        raise AssertionError("never here")
