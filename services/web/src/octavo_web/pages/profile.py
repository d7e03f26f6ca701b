"""A person's own account: who they are, how they are reached, their password, their sessions, how they are told, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import InvalidInput, OctavoError, Unauthenticated
from octavo_core.http.problems import status_of
from octavo_web.adapters.profile_api import ProfileApi
from octavo_web.pages.forms import COMES_BACK, SECRETS, read_form
from octavo_web.pages.origins import who
from octavo_web.pages.rendering import Pages, as_one
from octavo_web.pages.sessions import Cookies, Person, Visitor
from octavo_web.pages.wording import MAIL_AFTER

_PART = "/account"


class ProfilePages:
    """Each form of the page comes back in its own part, with what was typed but for passwords, and with what is wrong with it."""

    def __init__(self, pages: Pages, profile: ProfileApi, cookies: Cookies) -> None:
        self._pages = pages
        self._profile = profile
        self._cookies = cookies

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/account", include_in_schema=False)
        router.add_api_route("", self.show, methods=["GET"])
        router.add_api_route("/name", self.rename, methods=["POST"])
        router.add_api_route("/picture", self.picture, methods=["GET"])
        router.add_api_route("/picture", self.set_picture, methods=["POST"])
        router.add_api_route("/picture/remove", self.remove_picture, methods=["POST"])
        router.add_api_route("/contact", self.begin_contact, methods=["POST"])
        router.add_api_route("/contact/code", self.show_code, methods=["GET"])
        router.add_api_route("/contact/code", self.confirm_contact, methods=["POST"])
        router.add_api_route("/password", self.set_password, methods=["POST"])
        # Ahead of the one that takes an id in the same place.
        router.add_api_route("/sessions/all/end", self.end_all_sessions, methods=["POST"])
        router.add_api_route("/sessions/{session}/end", self.end_session, methods=["POST"])
        router.add_api_route("/notifications", self.prefer, methods=["POST"])
        router.add_api_route("/delete", self.show_delete, methods=["GET"])
        router.add_api_route("/delete", self.delete, methods=["POST"])
        return router

    async def show(self, request: Request, visitor: Person) -> Response:
        return await self._page(request, visitor, said=request.query_params.get("said", ""))

    async def rename(self, request: Request, visitor: Person) -> Response:
        sent = await read_form(request)
        try:
            sent.need("name")
            name = await self._profile.rename(sent.line("name"), who(request), token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, part="profile", values=sent.texts, error=error)
        response = _done("name", "profile")
        self._cookies.set_name(response, name, request.scope)
        return response

    async def picture(self, visitor: Person) -> Response:
        """Auth's own, which no gateway leads to. A new one has another address, by what the page puts behind it."""
        file = await self._profile.picture(token=visitor.access)
        shown = file.media_type if file.media_type in ("image/png", "image/jpeg") else "application/octet-stream"
        headers = {"cache-control": "private, max-age=300", "content-security-policy": "default-src 'none'; sandbox"}
        return Response(file.data, media_type=shown, headers=headers)

    async def set_picture(self, request: Request, visitor: Person) -> Response:
        sent = await read_form(request, files=1)
        try:
            if sent.file is None:
                raise InvalidInput("choose a picture")
            await self._profile.set_picture(sent.file, who(request), token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, part="picture", error=error)
        return _done("picture", "profile")

    async def remove_picture(self, request: Request, visitor: Person) -> Response:
        await self._profile.remove_picture(who(request), token=visitor.access)
        return _done("picture", "profile")

    async def begin_contact(self, request: Request, visitor: Person) -> Response:
        """The code goes to the new address or number; until it comes back the old one holds."""
        sent = await read_form(request)
        contact = {name: sent.line(name) for name in ("email", "phone") if sent.line(name)}
        asked = contact | ({"password": sent.text("password")} if sent.text("password") else {})
        try:
            if len(contact) != 1:
                raise InvalidInput("give one of them: an e-mail address or a phone number")
            identity = await self._profile.begin_contact(asked, who(request), token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, part="contact", values=sent.texts, error=error)
        (to,) = contact.values()
        return RedirectResponse(f"{_PART}/contact/code?{urlencode({'id': identity, 'to': to[:254]})}", 303)

    async def show_code(self, request: Request, _visitor: Person) -> Response:
        return self._code(request, dict(request.query_params))

    async def confirm_contact(self, request: Request, visitor: Person) -> Response:
        sent = await read_form(request)
        try:
            sent.need("code")
            await self._profile.confirm_contact(sent.line("id")[:64], sent.line("code")[:32], who(request), token=visitor.access)
        except COMES_BACK as error:
            return self._code(request, sent.texts, error=error)
        return _done("contact", "contact")

    async def set_password(self, request: Request, visitor: Person) -> Response:
        sent = await read_form(request)
        try:
            sent.need("new_password")
            current = sent.text("current_password") or None
            await self._profile.set_password(current, sent.text("new_password"), who(request), token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, part="password", error=error)
        return _done("password", "password")

    async def end_session(self, request: Request, visitor: Person, session: str) -> Response:
        await self._profile.end_session(session, who(request), token=visitor.access)
        return _done("session", "sessions")

    async def end_all_sessions(self, request: Request, visitor: Person) -> Response:
        """Everywhere, and here."""
        await self._profile.end_all_sessions(who(request), token=visitor.access)
        return self._gone(request, "out")

    async def prefer(self, request: Request, visitor: Person) -> Response:
        sent = await read_form(request)
        wished = sent.line("mail_after")
        try:
            if wished not in MAIL_AFTER:
                raise InvalidInput("choose one of these")
            await self._profile.prefer(int(wished) if wished else None, token=visitor.access)
        except COMES_BACK as error:
            return await self._page(request, visitor, part="notifications", values=sent.texts, error=error)
        return _done("notifications", "notifications")

    async def show_delete(self, request: Request, visitor: Person) -> Response:
        return await self._deletion(request, visitor)

    async def delete(self, request: Request, visitor: Person) -> Response:
        sent = await read_form(request)
        try:
            await self._profile.delete(sent.text("password") or None, who(request), token=visitor.access)
        except COMES_BACK as error:
            return await self._deletion(request, visitor, error=error)
        return self._gone(request, "deleted")

    def _gone(self, request: Request, said: str) -> Response:
        response = RedirectResponse(f"/login?said={said}", 303)
        self._cookies.clear(response, request.scope)
        return response

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        *,
        part: str = "",
        values: Mapping[str, str] | None = None,
        error: OctavoError | None = None,
        said: str = "",
    ) -> Response:
        """What does not answer is said where it would stand; the rest is shown. `part`: where `error` belongs."""
        token = visitor.access
        me, sessions, wishes = await asyncio.gather(
            self._profile.me(token=token),
            self._profile.sessions(token=token),
            self._profile.preferences(token=token),
            return_exceptions=True,
        )
        for found in (me, sessions, wishes):
            if isinstance(found, BaseException) and (not isinstance(found, OctavoError) or isinstance(found, Unauthenticated)):
                raise found
        faults = {} if error is None else self._pages.faults(request, error)
        mail_after, can_mail = wishes if isinstance(wishes, tuple) else (None, False)
        return self._pages.render(
            request,
            "account.html",
            status=200 if error is None else status_of(error),
            me=me if isinstance(me, dict) else None,
            me_away=self._said(request, me),
            sessions=sessions if isinstance(sessions, list) else [],
            sessions_away=self._said(request, sessions),
            mail_after="" if mail_after is None else str(mail_after),
            can_mail=can_mail,
            wishes_away=self._said(request, wishes),
            mails=MAIL_AFTER,
            part=part,
            values={name: value[:500] for name, value in (values or {}).items() if name not in SECRETS},
            faults=as_one(faults) if part == "picture" else faults,
            said=said,
        )

    def _said(self, request: Request, found: object) -> str:
        return self._pages.say(request, found.message) if isinstance(found, OctavoError) else ""

    def _code(self, request: Request, values: Mapping[str, str], *, error: OctavoError | None = None) -> Response:
        return self._pages.render(
            request,
            "account_code.html",
            status=200 if error is None else status_of(error),
            values={name: value[:500] for name, value in values.items()},
            faults={} if error is None else self._pages.faults(request, error),
        )

    async def _deletion(self, request: Request, visitor: Visitor, *, error: OctavoError | None = None) -> Response:
        me: Mapping[str, Any] = await self._profile.me(token=visitor.access)
        return self._pages.render(
            request,
            "account_delete.html",
            status=200 if error is None else status_of(error),
            me=me,
            faults={} if error is None else self._pages.faults(request, error),
        )


def _done(said: str, part: str) -> Response:
    return RedirectResponse(f"{_PART}?{urlencode({'said': said})}#{part}", 303)
