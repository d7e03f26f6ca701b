"""Which way a message takes."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from octavo_auth.domain.model import Channel, Message
from octavo_auth.domain.ports import Sender
from octavo_auth.settings import AuthSettings

log = structlog.get_logger(__name__)


class Channels:
    def __init__(self, ways: Mapping[Channel, Sender]) -> None:
        self._ways = ways

    async def send(self, message: Message) -> None:
        way = self._ways.get(message.channel)
        if way is None:
            log.warning("a message has no way to its person", channel=message.channel)
            return
        await way.send(message)


def open_channels(settings: AuthSettings, catcher: Sender) -> Channels:
    if settings.mail == "catcher":
        return Channels({"email": catcher, "phone": catcher})
    # Here and not above: a laptop sends nothing, and should not wait for what could.
    from octavo_auth.adapters.messages.smtp import SmtpMailer
    from octavo_auth.adapters.messages.whatsapp import WhatsAppSender

    ways: dict[Channel, Sender] = {"email": SmtpMailer(settings)}
    if settings.offers_phone:
        ways["phone"] = WhatsAppSender(settings)
    return Channels(ways)
