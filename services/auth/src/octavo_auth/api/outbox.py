"""The messages that a laptop caught instead of sending them. For this machine alone: whoever reads them has every code."""

from __future__ import annotations

import html
import ipaddress

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from octavo_auth.api.answers import CaughtAnswer, CaughtMessagesAnswer
from octavo_auth.api.callers import From, Services
from octavo_core.clock import to_iso
from octavo_core.errors import Forbidden

router = APIRouter(prefix="/api/auth/outbox", tags=["outbox"])

SHOWN = 50
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Outbox</title><style>body{{font:16px system-ui;max-width:46rem;margin:2rem auto}}pre{{white-space:pre-wrap}}</style>
<h1>Outbox</h1><p>Messages that were caught on this machine instead of sent, newest first.</p>{items}</html>"""


@router.get(
    "",
    summary="Caught messages, newest first; a page for browsers, JSON for others",
    response_model=CaughtMessagesAnswer,
    responses={200: {"content": {"text/html": {}}}},
)
async def outbox(request: Request, services: Services, origin: From) -> Response | CaughtMessagesAnswer:
    if not _is_this_machine(origin.address) or not _is_asked_here(request):
        raise Forbidden("the outbox is shown on the machine itself only")
    items = [
        CaughtAnswer(
            id=caught.id,
            channel=caught.channel,
            to=caught.to,
            subject=caught.subject,
            text=await services.caught.text(caught),
            at=to_iso(caught.at),
        )
        for caught in await services.outbox.newest(SHOWN)
    ]
    if "text/html" in request.headers.get("accept", ""):
        headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'", "cache-control": "no-store"}
        return HTMLResponse(_PAGE.format(items="".join(map(_item, items))), headers=headers)
    return CaughtMessagesAnswer(items=items)


def _item(message: CaughtAnswer) -> str:
    shown = (html.escape(text) for text in (message.subject, message.to, message.at, message.text))
    return "<hr><h2>{}</h2><p>{} · {}</p><pre>{}</pre>".format(*shown)


def _is_asked_here(request: Request) -> bool:
    """By a program on this machine that means it. Not through a tunnel or a proxy that runs here, and not by a page of elsewhere whose
    name was made to lead to this machine (DNS rebinding): a browser then names that host."""
    if any(name in request.headers for name in _PASSED_ON):
        return False
    name = request.url.hostname or ""
    return name == "localhost" or _is_this_machine(name)


def _is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
