"""Templates, in the visitor's language. Everything that is put into one is escaped; nothing is marked safe but our own icons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from octavo_core.errors import OctavoError
from octavo_web.domain.returning import page_path
from octavo_web.pages.admin.words import SAID, STATES
from octavo_web.pages.assets import Assets
from octavo_web.pages.cards import GATEWAY
from octavo_web.pages.formatting import formatters
from octavo_web.pages.languages import NAMES, Language, code_of, load_languages
from octavo_web.pages.sessions import visitor_of
from octavo_web.pages.wording import AWAY, FOR_SCRIPTS, KNOWN

TEMPLATES = Path(__file__).parents[1] / "templates"
THEME_COOKIE = "octavo_theme"
THEMES = ("auto", "light", "dark")
_AWAY = re.compile(r"(?:the generator )?(?P<who>[A-Za-z0-9 -]{1,100}) does not answer \(\w+\)")
"""As the adapters say it, with the name of what happened, which is for the log."""
NO_STORE = {"cache-control": "no-store"}
"""Pages show what is a person's own."""


class Pages:
    def __init__(self, assets: Assets) -> None:
        self._languages = load_languages()
        icons = Markup(assets.icons)  # noqa: S704 - made by our own build, of icons that it names
        self._environments = {code: _environment(language, assets, icons) for code, language in self._languages.items()}

    def render(
        self, request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
    ) -> HTMLResponse:
        code = code_of(request)
        theme = request.cookies.get(THEME_COOKIE)
        text = (
            self._environments[code]
            .get_template(template)
            .render(
                language=code,
                languages=NAMES,
                theme=theme if theme in THEMES else "auto",
                visitor=visitor_of(request),
                path=request.url.path,
                here=_here(request),
                **context,
            )
        )
        return HTMLResponse(text, status, headers={**NO_STORE, "vary": "cookie, accept-language", **(headers or {})})

    def say(self, request: Request, text: str) -> str:
        """In the visitor's language, where it is known."""
        gettext = self._languages[code_of(request)].gettext
        if away := _AWAY.fullmatch(text):
            return gettext(AWAY) % {"who": gettext(away["who"]) if away["who"] in KNOWN else away["who"]}
        return gettext(text) if text in KNOWN or text in SAID else text

    def faults(self, request: Request, error: OctavoError) -> dict[str, str]:
        """By field, what is wrong with it; what belongs to no field stands under the empty name."""
        found: dict[str, str] = {}
        for fault in error.faults:
            said = self.say(request, fault.message)
            found.setdefault(
                fault.path.rpartition(".")[2], f"{said} ({fault.allowed})" if fault.allowed and said == fault.message else said
            )
        return found or {"": self.say(request, error.message)}


def as_one(faults: Mapping[str, str]) -> dict[str, str]:
    """Under no name: of a form that holds one thing, such as a file, nobody has to be told which field is meant."""
    return {"": "; ".join(faults.values())} if faults else {}


def is_fragment(request: Request) -> bool:
    """Whether a script on a page asks, for a part of it."""
    return request.headers.get("hx-request") == "true"


def _here(request: Request) -> str:
    """Where a form of the page's foot leads back to: what was answered to a form that was sent has no page of its own."""
    if request.method != "GET":
        came_from = urlsplit(request.headers.get("referer", ""))
        return page_path(f"{came_from.path}{'?' if came_from.query else ''}{came_from.query}", "/")
    return f"{request.url.path}{'?' if request.url.query else ''}{request.url.query}"


def _environment(language: Language, assets: Assets, icons: Markup) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
    words = {key: language.gettext(text) for key, text in FOR_SCRIPTS.items()}
    environment.globals.update(
        asset=assets.url,
        icons=icons,
        script_words=orjson.dumps(words).decode(),
        moment=lambda iso: _moment(str(iso), language.code),
        through=lambda path: f"{GATEWAY}{path}",
        state_words=STATES,
        **formatters(language.code),
    )
    return environment


def _moment(iso: str, code: str) -> str:
    """A time as people write it. UTC, and it says so: the server does not know where they are; a script shows it in their own."""
    try:
        at = datetime.fromisoformat(iso).astimezone(UTC)
    except ValueError:
        return iso
    return f"{format_datetime(at, 'short', locale=code)} UTC"
