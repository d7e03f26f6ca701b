"""Every sentence of every page is there in every language, with the same names in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from octavo_web.pages.languages import DOMAIN, LOCALES, NAMES
from octavo_web.pages.rendering import TEMPLATES
from octavo_web.pages.wording import FOR_SCRIPTS, KNOWN, STAGES

SOURCES = Path(TEMPLATES).parent
OPTIONS = {"trimmed": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
Message = str | tuple[str, str]


def said() -> set[Message]:
    found: set[Message] = set()
    for template in TEMPLATES.glob("*.html"):
        with template.open("rb") as source:
            for _, _, message, _ in babel_extract(source, ("_", "gettext", "ngettext"), [], OPTIONS):
                parts = [message] if isinstance(message, str) else [part for part in message or () if part]
                if parts:
                    found.add(parts[0] if len(parts) == 1 else (parts[0], parts[1]))
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
                found.add(ast.literal_eval(node.args[0]))
    return found


def catalogue(code: str) -> Catalog:
    with (LOCALES / code / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as source:
        return read_po(source, locale=code, domain=DOMAIN)


@pytest.mark.parametrize("code", [code for code in NAMES if code != "en"])
def test_nothing_is_missing_and_nothing_is_left_over(code: str) -> None:
    kept = catalogue(code)
    known = {message.id for message in kept if message.id}
    assert said() - known == set()
    assert known - said() == set()
    for message in kept:
        if message.id:
            wordings = [message.string] if isinstance(message.string, str) else list(message.string)
            assert all(wordings), message.id
            assert not message.fuzzy, message.id
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            assert {frozenset(re.findall(r"%\(\w+\)s|%s", text)) for text in wordings} == {frozenset(re.findall(r"%\(\w+\)s|%s", ids[-1]))}


def test_plurals_have_their_forms() -> None:
    for code in NAMES:
        if code != "en":
            assert all(len(message.string) == 2 for message in catalogue(code) if isinstance(message.id, tuple))


def test_pages_and_scripts_have_the_same_words_for_a_stage() -> None:
    template = (TEMPLATES / "_stage.html").read_text("utf-8")
    assert all(f'_("{text}")' in template for text in STAGES.values())
    assert set(STAGES) <= set(FOR_SCRIPTS)


def test_what_auth_says_is_known_to_the_letter() -> None:
    from octavo_auth.domain.login import SUSPENDED, WRONG_LOGIN
    from octavo_auth.domain.profile import WRONG_PASSWORD
    from octavo_auth.domain.registration import WRONG_CODE

    assert {SUSPENDED, WRONG_LOGIN, WRONG_CODE, WRONG_PASSWORD} <= KNOWN
