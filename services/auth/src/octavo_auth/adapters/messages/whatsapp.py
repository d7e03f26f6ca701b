"""WhatsApp's Cloud API: a message by an authentication template, which has the code as its one parameter and on its button.

What carries no code (a notice) has no template here and is not sent to a phone.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import structlog

from octavo_auth.domain.model import Message
from octavo_auth.settings import AuthSettings
from octavo_core.errors import ProviderRefused, ProviderUnavailable

log = structlog.get_logger(__name__)

TIMEOUT_S = 15.0
_PROVIDER = "whatsapp"


class WhatsAppSender:
    def __init__(self, settings: AuthSettings) -> None:
        assert settings.whatsapp_token is not None
        self._settings = settings
        self._token = settings.whatsapp_token.get_secret_value()

    async def send(self, message: Message) -> None:
        """Raises `ProviderUnavailable` (try again) and `ProviderRefused`, without number and code."""
        if message.code is None:
            log.info("a notice without a code is not sent to phones", subject=message.subject)
            return
        settings = self._settings
        url = f"{settings.whatsapp_url}/{settings.whatsapp_phone_id}/messages"
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
                session.post(
                    url,
                    json=_body(settings, message.to, message.code),
                    headers={"authorization": f"Bearer {self._token}"},
                    allow_redirects=False,
                ) as answer,
            ):
                status = answer.status
                await answer.content.read(65_536)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(f"WhatsApp does not answer ({type(error).__name__})", provider=_PROVIDER) from None
        if status == 429 or status >= 500:
            raise ProviderUnavailable(f"WhatsApp does not take the message now (HTTP {status})", provider=_PROVIDER)
        if status >= 300:
            raise ProviderRefused(f"WhatsApp refuses the message (HTTP {status})", provider=_PROVIDER)


def _body(settings: AuthSettings, to: str, code: str) -> dict[str, Any]:
    parameter = {"type": "text", "text": code}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to.removeprefix("+"),
        "type": "template",
        "template": {
            "name": settings.whatsapp_template,
            "language": {"code": settings.whatsapp_language},
            "components": [
                {"type": "body", "parameters": [parameter]},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": [parameter]},
            ],
        },
    }
