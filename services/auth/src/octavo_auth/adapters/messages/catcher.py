"""A laptop has no mail server: messages are kept, encrypted, and shown at `/api/auth/outbox`."""

from __future__ import annotations

import structlog

from octavo_auth.domain.encryption import Encryption
from octavo_auth.domain.model import Caught, Message
from octavo_auth.domain.ports import Outbox
from octavo_core.clock import Clock
from octavo_core.ids import generate_uuid

log = structlog.get_logger(__name__)


class Catcher:
    def __init__(self, outbox: Outbox, encryption: Encryption, clock: Clock) -> None:
        self._outbox = outbox
        self._encryption = encryption
        self._clock = clock

    async def send(self, message: Message) -> None:
        message_id = generate_uuid()
        sealed, _ = await self._encryption.encrypt(message.text.encode(), _context(message_id), realm="auth")
        await self._outbox.add(Caught(message_id, message.channel, message.to, message.subject, sealed, self._clock.now_ms()))
        log.info("a message was caught; it stands at /api/auth/outbox", channel=message.channel, subject=message.subject)

    async def text(self, caught: Caught) -> str:
        plain, _ = await self._encryption.decrypt(caught.sealed_text, _context(caught.id), realm="auth")
        return plain.decode()


def _context(message_id: str) -> str:
    return f"outbox {message_id}"
