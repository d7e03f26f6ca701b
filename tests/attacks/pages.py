"""The pages under attack: which there are (from the web's own routes, so that a new page or form is attacked without anybody's asking),
a browser without scripts, and what must stand in no page."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from fastapi.routing import iter_route_contexts
from tests.attacks.house import PASSWORD, House, Person, from_address

from octavo_core.identity import JwksKeys
from octavo_web.app import create_service
from octavo_web.settings import WebSettings

SAFE = ("GET", "HEAD", "OPTIONS")
NOBODYS = "01980000-0000-7000-8000-000000000000"
SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)></svg>{{ 7 * 7 }}"
TARGETS = (
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/\tevil.example",
    "/login/../..//evil.example",
    "/api/auth/oidc/campus/start?return_to=https://evil.example",
    "/logout",
)
QUERY = ("next", "back", "return_to", "said", "from", "id", "to", "q", "cursor", "after", "tab", "state", "status", "sort", "by", "name",
         "level")  # fmt: skip
"""Whatever a page may look at in its query."""


@dataclass(frozen=True)
class Route:
    method: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)(?::\w+)?\}", self.path)

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    def at(self, ids: Mapping[str, str] | None = None) -> str:
        """With something in each place: of `ids`, else of what nobody has."""
        known = {"path": "generators/tales/api/v1/jobs", "generation_id": NOBODYS, "job": NOBODYS, **(ids or {})}
        if self.path.startswith("/studio/"):
            known.setdefault("name", "tales")
        elif self.path.startswith("/api/router_generator/"):
            known["name"] = "Gpt2_Text_Generator"
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: quote(known.get(found[1], NOBODYS), safe="/"), self.path)


@cache
def routes() -> tuple[Route, ...]:
    """All that the web answers itself, in an order that does not change; what ends a session comes last."""
    service = create_service(WebSettings(), keys=JwksKeys("http://127.0.0.1:9/.well-known/jwks.json"))
    found = {
        Route(method, one.path)
        for one in iter_route_contexts(service.app.routes)
        if one.path is not None
        for method in one.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    return tuple(sorted(found, key=lambda route: ("/logout" in route.path, route.path, route.method)))


def forms() -> list[Route]:
    return [route for route in routes() if route.method not in SAFE]


def gets() -> list[Route]:
    return [route for route in routes() if route.method == "GET"]


@contextlib.contextmanager
def browsing(house: House, who: Person | None = None, *, address: str = "198.51.100.200", scheme: str = "http") -> Iterator[httpx.Client]:
    """Keeps cookies, says where it comes from, and follows nothing. `address`: whence `who` logs in."""
    headers = {"origin": house.platform.base, "accept": "text/html", "accept-language": "en"}
    if scheme == "https":
        headers |= from_address(address) | {"x-forwarded-proto": "https"}
    with httpx.Client(base_url=house.platform.base, timeout=60, trust_env=False, headers=headers) as client:
        if who is not None:
            sent = {"username": who.email, "password": PASSWORD}
            answer = client.post("/login", data=sent, headers=from_address(address))
            assert answer.status_code == 303, answer.text
            house.secrets |= tokens(client)
        yield client


def tokens(client: httpx.Client) -> set[str]:
    """Those that its cookies hold: what must never be seen in a page or in the log."""
    return {cookie.value for cookie in client.cookies.jar if cookie.value and not cookie.name.endswith(("_name", "_language", "_theme"))}


def tokens_of(cookies: Iterable[Mapping[str, Any]]) -> set[str]:
    """The same of a real browser."""
    return {str(cookie["value"]) for cookie in cookies if str(cookie["name"]).endswith(("_access", "_refresh"))}


def without_origin(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    built = client.build_request(method, path, **request)
    del built.headers["origin"]
    return client.send(built)


def mine(who: Person) -> dict[str, str]:
    """The ids of somebody's own things, as paths name them."""
    return {**who.ids, "job": who.ids["tales/generation_id"]}


def is_page(answer: httpx.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def leads_here(location: str) -> bool:
    parts = urlsplit(location)
    return not parts.scheme and not parts.netloc and re.match(r"/(?![/\\])", location) is not None and "\\" not in location


class Looked(HTMLParser):
    """What in a page could run, or lead away from this place."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.fields: dict[str, str] = {}
        """Hidden ones, by name."""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag in ("iframe", "object", "embed", "base", "style", "frame", "applet", "math"):
            self.found.append(tag)
        if tag == "script" and not re.fullmatch(r"/assets/[\w.-]+\.js", said.get("src", "")):
            self.found.append(f"script {said}")
        if tag == "meta" and said.get("http-equiv") and not re.fullmatch(r"\d+", said.get("content", "")):
            self.found.append(f"meta {said}")
        if tag == "input" and said.get("type") == "hidden":
            self.fields[said.get("name", "")] = said.get("value", "")
        for name, value in said.items():
            is_code = name in ("hx-vals", "hx-headers") and value.lstrip().startswith(("js:", "javascript:"))
            if name.startswith(("on", "hx-on")) or name == "style" or is_code:
                self.found.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action", "formaction", "poster", "srcset", "hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"):
                self._address(tag, name, value)

    handle_startendtag = handle_starttag

    def _address(self, tag: str, name: str, value: str) -> None:
        fine = value == "" or value.startswith(("#", "?")) or leads_here(value)
        fine = fine or (tag == "img" and re.match(r"data:image/(png|jpeg|webp);base64,", value) is not None)
        # A picture that a provider keeps is linked to, never loaded.
        fine = fine or (tag == "a" and name == "href" and value.startswith("https://") and "evil.example" not in value)
        if not fine:
            self.found.append(f"{tag} {name}={value}")


def policy_faults(policy: str) -> list[str]:
    """What a Content-Security-Policy leaves open."""
    parts = {name: values for name, *values in (part.split() for part in policy.split(";") if part.strip())}
    found = [f"{name} {value}" for name, values in parts.items() for value in values if value.startswith(("'unsafe", "*", "http", "//"))]
    wanted = {"default-src": ["'none'"]} | ({"frame-ancestors": ["'none'"], "base-uri": ["'none'"]} if "sandbox" not in parts else {})
    found += [f"{name} is {parts.get(name)}" for name, values in wanted.items() if parts.get(name) != values]
    for name in ("script-src", "style-src", "connect-src", "worker-src", "manifest-src", "form-action", "font-src"):
        found += [f"{name} {value}" for value in parts.get(name, ()) if value not in ("'self'", "'none'")]
    found += [f"img-src {value}" for value in parts.get("img-src", ()) if value not in ("'self'", "data:", "blob:")]
    return found
