"""A door before a server, which goes on undisturbed behind it. Shut, it refuses new connections and cuts off those that are open. Hushed,
it takes connections and bytes and passes nothing on, as a network that swallows packets or a server that hangs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from tests.servers.starting import free_port


@dataclass
class TcpGate:
    url: str
    """That of the server, through the door."""
    _port: int
    _target: tuple[str, int]
    _listener: socket.socket | None = None
    _open: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _flowing: threading.Event = field(default_factory=threading.Event)

    def open(self) -> None:
        """After a hush, what was said into it is lost, and its connections are cut off."""
        self.shut()
        self._flowing.set()
        listener = socket.create_server(("127.0.0.1", self._port), backlog=64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def hush(self) -> None:
        self._flowing.clear()

    def shut(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            # Wakes who waits in `accept`, which a close alone does not.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            connections, self._open = self._open, []
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
                server = socket.create_connection(self._target, timeout=10)
            except OSError:
                return
            server.settimeout(None)
            with self._lock:
                self._open += [caller, server]
            for source, sink in ((caller, server), (server, caller)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def tcp_gate(server_url: str) -> Iterator[TcpGate]:
    """Open, before the server of that URL."""
    parsed = sa.make_url(server_url)
    port = free_port()
    through = parsed.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    gate = TcpGate(through, port, (str(parsed.host), parsed.port or 0))
    gate.open()
    try:
        yield gate
    finally:
        gate.shut()
        # Whoever waits with something in hand finds its connection closed.
        gate._flowing.set()
