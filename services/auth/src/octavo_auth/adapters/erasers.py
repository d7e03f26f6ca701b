"""How a service is told to forget a person: its internal route, with a token of ours."""

from __future__ import annotations

from octavo_auth.domain.erasing import Eraser
from octavo_auth.domain.tokens import TokenIssuer
from octavo_core.errors import Unavailable

TIMEOUT_S = 30.0
PATH = "/api/internal/users/{id}"


def http_eraser(url: str, tokens: TokenIssuer) -> Eraser:
    """`url`: a base, or a template with `{id}`. Any answer but 204 is a failure, which will be tried again. No error repeats the id."""
    template = url if "{id}" in url else url.rstrip("/") + PATH

    async def erase(user: str) -> None:
        # Here and not above: an account is deleted rarely, and a process that never does should not pay 15 MB for it.
        import aiohttp

        headers = {"authorization": f"Bearer {await tokens.service_token('auth')}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
                session.delete(template.replace("{id}", user), headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{template} does not answer ({type(error).__name__})") from None
        if status != 204:
            raise Unavailable(f"{template} answers {status} instead of 204")

    return erase
