"""E-mail by SMTP (RFC 5321), a connection for each."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import aiosmtplib

from octavo_auth.domain.model import Message
from octavo_auth.settings import AuthSettings
from octavo_core.errors import ProviderRefused, ProviderUnavailable

TIMEOUT_S = 15.0
_PROVIDER = "smtp"


class SmtpMailer:
    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings

    async def send(self, message: Message) -> None:
        """Raises `ProviderUnavailable` (try again) and `ProviderRefused` (the server will not take it), without the address."""
        settings = self._settings
        try:
            await aiosmtplib.send(
                self._built(message),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=None if settings.smtp_password is None else settings.smtp_password.get_secret_value(),
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=TIMEOUT_S,
            )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 550
            if 500 <= code < 600 and not isinstance(error, aiosmtplib.SMTPAuthenticationError):
                raise ProviderRefused(f"the mail server refuses the mail ({code})", provider=_PROVIDER) from None
            raise ProviderUnavailable(f"the mail server does not take the mail now ({code})", provider=_PROVIDER) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise ProviderUnavailable(f"the mail server does not answer ({type(error).__name__})", provider=_PROVIDER) from None

    def _built(self, message: Message) -> EmailMessage:
        # EmailMessage refuses line breaks in headers, so that no address can smuggle one in.
        mail = EmailMessage()
        mail["From"] = self._settings.mail_from
        mail["To"] = message.to
        mail["Subject"] = message.subject
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain="octavo")
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail
