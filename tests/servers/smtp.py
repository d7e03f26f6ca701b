"""A mail server that takes what it is given, or refuses as a test says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from tests.servers.starting import free_port


@dataclass
class MailServer:
    port: int
    mails: list[Message] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """Answers to the next mails, such as `451 later`, each used once."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    server = MailServer(free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
