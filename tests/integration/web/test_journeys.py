"""The seeds' use cases of the library and the account, in real Chromium, on a phone in Spanish and on a desktop in English."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.integration.web.conftest import Studio
from tests.integration.web.pages_apart import PagesApart, pages_apart
from tests.integration.web.test_browser import DESKTOP, LOOKS, PHONE, Look, faults, keep, log_in, window
from tests.servers.people import register
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("chromium")]

WORK_MS = 90_000
"""For what a generator makes, on a machine that has other things to do."""
SAVE_MS = 60_000
WORDS = {
    "en": {
        "new": "New character",
        "name": "Name",
        "who": "Who is it?",
        "save": "Save",
        "edit": "Edit",
        "delete": "Delete",
        "for_good": "Delete for good",
        "photo": "Photograph",
        "keep": "Keep this picture",
        "draw": "Draw this character",
        "real": "The real picture",
        "drawn": "The drawn picture",
        "show": "Show this one",
        "write": "Write a story",
        "about": "What shall it be about?",
        "write_it": "Write the story",
        "minutes": "to read",
        "yours": "Your name",
        "rename": "Change the name",
        "renamed": "Your name is changed.",
        "account": "Your account",
        "another_picture": "Another picture",
        "picture": "Picture",
        "your_picture": "Your picture",
    },
    "es": {
        "new": "Personaje nuevo",
        "name": "Nombre",
        "who": "¿Quién es?",
        "save": "Guardar",
        "edit": "Editar",
        "delete": "Borrar",
        "for_good": "Borrar para siempre",
        "photo": "Fotografía",
        "keep": "Guardar esta imagen",
        "draw": "Dibujar este personaje",
        "real": "La imagen real",
        "drawn": "La imagen dibujada",
        "show": "Mostrar esta",
        "write": "Escribir una historia",
        "about": "¿De qué debe tratar?",
        "write_it": "Escribir la historia",
        "minutes": "de lectura",
        "yours": "Tu nombre",
        "rename": "Cambiar el nombre",
        "renamed": "Tu nombre ha cambiado.",
        "account": "Tu cuenta",
        "another_picture": "Otra imagen",
        "picture": "Imagen",
        "your_picture": "Tu imagen",
    },
}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    written = io.BytesIO()
    Image.new("RGB", (480, 320), "coral").save(written, "JPEG")
    file = tmp_path / "face.jpg"
    file.write_bytes(written.getvalue())
    return file


def create_character(page: Page, look: Look, name: str, description: str) -> None:
    words = WORDS[look.language]
    page.goto("/library/characters")
    page.get_by_role("link", name=words["new"]).first.click()
    page.get_by_label(words["name"], exact=True).fill(name)
    page.get_by_label(words["who"]).fill(description)
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.wait_for_url(re.compile("/library/characters/[0-9a-f-]{36}$"))


def write_by_hand(page: Page, title: str, text: str) -> str:
    """In English; the path of the story."""
    page.goto("/library/stories/new")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile("/library/stories/[0-9a-f-]{36}$"))
    return page.url


def seen(page: Page, name: str) -> None:
    """The picture of that name is there, whole."""
    picture = page.get_by_role("img", name=name).first
    expect(picture).to_be_visible(timeout=WORK_MS)
    page.wait_for_function("(i) => i.complete && i.naturalWidth > 0", arg=picture.element_handle())


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_uc1_create_uc2_read_uc3_update_uc4_delete_character(browser: Browser, studio: Studio, look: Look, photo: Path) -> None:
    words, name = WORDS[look.language], f"Marina {uuid.uuid4().hex[:8]}"
    with window(browser, studio, look) as context:
        page = log_in(context, look)
        create_character(page, look, name, "A sailor of nine years who is not afraid of storms")
        expect(page.get_by_role("heading", name=name)).to_be_visible()

        page.get_by_label(words["photo"]).set_input_files(photo)
        expect(page.locator(".preview")).to_be_visible()
        page.get_by_role("button", name=words["keep"]).click()
        seen(page, words["real"])
        page.get_by_role("button", name=words["draw"]).click()
        # Without a reload.
        seen(page, words["drawn"])
        keep(page, look, "character")
        page.get_by_role("button", name=words["show"]).click()
        expect(page.get_by_role("button", name=words["show"])).to_have_count(1)

        page.get_by_role("link", name=words["edit"], exact=True).click()
        page.get_by_label(words["who"]).fill("Ten years by now")
        page.get_by_role("button", name=words["save"], exact=True).click()
        expect(page.get_by_text("Ten years by now")).to_be_visible()

        page.get_by_role("link", name=words["delete"], exact=True).click()
        page.get_by_role("button", name=words["for_good"]).click()
        page.wait_for_url("**/library/characters")
        expect(page.get_by_text(name)).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_uc5_generate_story_with_characters(browser: Browser, studio: Studio, look: Look) -> None:
    words, name = WORDS[look.language], f"Brisa {uuid.uuid4().hex[:8]}"
    with window(browser, studio, look) as context:
        page = log_in(context, look)
        create_character(page, look, name, "The wind's youngest daughter")
        page.get_by_role("link", name=words["write"], exact=True).click()
        expect(page.get_by_role("checkbox", name=name)).to_be_checked()
        page.get_by_label(words["about"]).fill("A kite that wanted to swim")
        keep(page, look, "story-write")
        page.get_by_role("button", name=words["write_it"]).click()
        page.wait_for_url(re.compile("/library/stories/[0-9a-f-]{36}$"))
        expect(page.locator(".reader p").first).to_have_text(re.compile(r"\w+"), timeout=WORK_MS)
        expect(page.get_by_text(words["minutes"])).to_be_visible()
        expect(page.get_by_role("link", name=name)).to_be_visible()
        keep(page, look, "reader")


def test_uc5_a_story_of_the_studio_is_saved_to_the_library(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = log_in(context, DESKTOP)
        page.goto("/studio/tiny-stories")
        asked = f"A lighthouse that sneezed {uuid.uuid4().hex[:8]}"
        page.get_by_label("What shall it be about?").fill(asked)
        page.get_by_role("button", name="Write the story").click()
        card = page.locator(".job", has_text=asked)
        card.get_by_role("button", name="Save to the library").click(timeout=WORK_MS)
        page.wait_for_url(re.compile("/library/stories/[0-9a-f-]{36}$"))
        expect(page.get_by_role("heading", name=asked)).to_be_visible()
        page.get_by_role("link", name="Stories").click()
        expect(page.get_by_role("link", name=asked)).to_be_visible()


def test_uc6_an_image_becomes_a_character_s_picture(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page, name = log_in(context, DESKTOP), f"Faro {uuid.uuid4().hex[:8]}"
        create_character(page, DESKTOP, name, "")
        page.goto("/studio/drawings")
        page.get_by_label("What shall it be about?").fill(f"Portrait of {name}")
        page.get_by_role("button", name="Draw it").click()
        page.locator(".job", has_text=name).get_by_role("link", name="In the library").click(timeout=WORK_MS)
        keep(page, DESKTOP, "image")
        page.get_by_label("Use it as a character's picture").select_option(label=name)
        page.get_by_role("button", name="Use it").click()
        page.wait_for_url(re.compile("/library/characters/[0-9a-f-]{36}$"))
        seen(page, "The drawn picture")
        page.goto("/library/images")
        page.get_by_role("link", name=f"Draw it again, with these settings and this seed: Portrait of {name}").click()
        expect(page.get_by_label("What shall it be about?")).to_have_value(f"Portrait of {name}")
        expect(page.get_by_label("Seed", exact=True)).not_to_have_value("")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_uc12_view_profile_uc13_update_profile(browser: Browser, studio: Studio, look: Look, photo: Path) -> None:
    words = WORDS[look.language]
    with window(browser, studio, look) as context:
        page = log_in(context, look)
        page.locator("details.menu summary").click()
        page.get_by_role("link", name=words["account"]).click()
        expect(page.get_by_text("mar@example.org")).to_be_visible()
        # The same name: other tests know the person by it.
        page.get_by_label(words["yours"]).fill("  Mar ")
        page.get_by_role("button", name=words["rename"]).click()
        expect(page.get_by_text(words["renamed"])).to_be_visible()
        page.locator("#profile details summary").click()
        page.get_by_label(words["picture"], exact=True).set_input_files(photo)
        expect(page.locator(".preview")).to_be_visible()
        page.get_by_role("button", name=words["keep"]).click()
        seen(page, words["your_picture"])
        keep(page, look, "account")


def test_an_edit_saves_by_itself_and_two_windows_do_not_overwrite_each_other(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = log_in(context, DESKTOP)
        path = write_by_hand(page, f"Two windows {uuid.uuid4().hex[:8]}", "It began.")
        page.goto(f"{path}/edit")
        other = context.new_page()
        other.goto(f"{path}/edit")
        page.get_by_label("Text", exact=True).fill("It began, and went on.")
        expect(page.locator("#saved")).to_have_text("Saved", timeout=SAVE_MS)
        # The window that saved goes on from its own version.
        page.get_by_label("Text", exact=True).fill("It began, and went on and on.")
        page.get_by_label("Text", exact=True).blur()
        expect(page.locator("#saved")).to_have_text("Saved", timeout=SAVE_MS)

        other.get_by_label("Text", exact=True).fill("Another end.")
        other.get_by_label("Text", exact=True).blur()
        expect(other.locator("#saved")).to_have_text("It was changed elsewhere; save it to see both", timeout=SAVE_MS)
        other.get_by_role("button", name="Save", exact=True).click()
        expect(other.get_by_text("It was changed elsewhere in the meantime.")).to_be_visible()
        expect(other.get_by_text("It began, and went on and on.")).to_be_visible()
        expect(other.get_by_label("Text", exact=True)).to_have_value("Another end.")
        assert faults(other) == []
        keep(other, DESKTOP, "conflict")
        other.get_by_role("button", name="Save", exact=True).click()
        other.wait_for_url(path)
        expect(other.locator(".reader")).to_have_text("Another end.")

        other.get_by_role("link", name="Versions").click()
        keep(other, DESKTOP, "versions")
        other.get_by_role("link", name="Version 3").click()
        other.get_by_role("button", name="Bring this version back").click()
        other.wait_for_url(path)
        expect(other.locator(".reader")).to_have_text("It began, and went on and on.")


def test_a_link_is_read_by_whoever_has_it_also_without_a_script(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, PHONE) as context:
        page = log_in(context, PHONE)
        made = context.request.post(
            "/library/stories", form={"title": "Para todos", "text": "Olas.\n\n# El mar\n\nMás olas."}, headers={"origin": studio.base}
        )
        page.goto(f"{made.url}/shares")
        page.get_by_role("button", name="Crear un enlace").click()
        link = page.locator(".address a").get_attribute("href")
        assert link is not None
        keep(page, PHONE, "share")
        assert faults(page) == []
        with browser.new_context(java_script_enabled=False, **PHONE.options) as stranger:
            reader = stranger.new_page()
            reader.goto(link)
            expect(reader.get_by_role("heading", name="Para todos")).to_be_visible()
            expect(reader.get_by_role("heading", name="El mar")).to_be_visible()
            keep(reader, PHONE, "shared")
        page.get_by_role("button", name="Retirar").click()
        expect(page.get_by_role("button", name="Retirar")).to_have_count(0)
        answer = context.request.get(link)
        assert answer.status == 404


def test_the_list_grows_and_the_history_is_narrowed(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, PHONE) as context:
        page = log_in(context, PHONE)
        for number in range(25):
            context.request.post("/library/characters", form={"name": f"Qqq {number:02}"}, headers={"origin": studio.base}, max_redirects=0)
        page.goto("/library/characters?search=Qqq")
        expect(page.locator("#list .person")).to_have_count(24)
        page.get_by_role("link", name="Mostrar más").click()
        expect(page.locator("#list .person")).to_have_count(25)
        expect(page.get_by_role("link", name="Mostrar más")).to_have_count(0)
        page.goto("/library/history")
        page.get_by_label("Generador").select_option("drawings")
        page.wait_for_url("**/library/history?generator=drawings*")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_every_page_of_the_library_can_be_used_by_everybody(browser: Browser, studio: Studio, look: Look, photo: Path) -> None:
    with window(browser, studio, look) as context:
        page = log_in(context, look)
        create_character(page, look, f"Axe {uuid.uuid4().hex[:8]}", "Somebody to be looked at")
        character = page.url
        page.get_by_label(WORDS[look.language]["photo"]).set_input_files(photo)
        page.get_by_role("button", name=WORDS[look.language]["keep"]).click()
        made = context.request.post(
            "/library/stories",
            form={
                "title": "A long title that does not end so soon " * 3,
                "text": "Waves.\n\n# The sea\n\n" + "Waves and more of them. " * 80,
            },
            headers={"origin": studio.base},
        )
        story = made.url
        context.request.post(f"{story}/edit", form={"title": "Changed", "text": "x" * 300, "version": "1"}, headers={"origin": studio.base})
        found = []
        for name, path in (
            ("characters", "/library/characters"),
            ("characters-none", "/library/characters?search=nobody-is-called-so"),
            ("character-page", character),
            ("character-edit", f"{character}/edit"),
            ("character-delete", f"{character}/delete"),
            ("stories", "/library/stories"),
            ("stories-none", "/library/stories?search=nothing-is-called-so"),
            ("story-page", story),
            ("story-edit", f"{story}/edit"),
            ("story-new", "/library/stories/new"),
            ("story-wish", "/library/stories/write"),
            ("story-versions", f"{story}/versions"),
            ("story-version", f"{story}/versions/1"),
            ("story-shares", f"{story}/shares"),
            ("images", "/library/images"),
            ("history", "/library/history"),
            ("account-page", "/account"),
            ("account-code", "/account/contact/code?id=x&to=a@example.org"),
            ("account-delete", "/account/delete"),
        ):
            page.goto(path)
            page.evaluate("for (const one of document.querySelectorAll('details.more')) one.open = true")
            found += faults(page)
            keep(page, look, name)
        assert found == []


@pytest.fixture(scope="module")
def apart(studio: Studio, redis_session: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesApart]:
    with pages_apart(studio, redis_session.url, tmp_path_factory.mktemp("apart")) as running:
        yield running


def test_a_page_comes_back_by_itself(browser: Browser, apart: PagesApart) -> None:
    with window(browser, apart, DESKTOP) as context:
        page = log_in(context, DESKTOP)
        apart.gate.shut()
        page.goto("/library/stories")
        expect(page.get_by_text("stories does not answer")).to_be_visible()
        assert faults(page) == []
        keep(page, DESKTOP, "away")
        apart.gate.open()
        expect(page.get_by_role("heading", name="Your stories")).to_be_visible(timeout=WORK_MS)


def test_nothing_typed_is_lost_while_stories_are_away(browser: Browser, apart: PagesApart) -> None:
    with window(browser, apart, DESKTOP) as context:
        page = log_in(context, DESKTOP)
        path = write_by_hand(page, "Away", "Before.")
        page.goto(f"{path}/edit")
        apart.gate.shut()
        page.get_by_label("Text", exact=True).fill("Written in the dark.")
        expect(page.locator("#saved")).to_have_text("Not saved yet; it is kept in this browser")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".notice.bad")).to_be_visible()
        expect(page.get_by_label("Text", exact=True)).to_have_value("Written in the dark.")
        apart.gate.open()
        page.goto(f"{path}/edit")
        # From this window's own memory, unless it was saved already as the page before was left.
        expect(page.get_by_label("Text", exact=True)).to_have_value("Written in the dark.")
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url(path)
        expect(page.locator(".reader")).to_have_text("Written in the dark.")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_uc8_translate_text(browser: Browser, studio: Studio, look: Look) -> None:
    words = TOLD[look.language]
    with window(browser, studio, look) as context:
        page = log_in(context, look)
        page.goto("/studio/translator")
        page.locator("[name=text]").fill("The little fox lived near the river.")
        choose_language(page, "es")
        page.get_by_role("button", name=words["translate it"]).click()
        expect(page.locator(".job .result").first).to_contain_text(re.compile("zorr", re.IGNORECASE))
        keep(page, look, "translation")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_from_nothing_to_a_translated_story_and_an_illustrated_post(browser: Browser, studio: Studio, look: Look) -> None:
    """As a new person goes, by what the pages offer at each step."""
    words, name = TOLD[look.language], f"n{uuid.uuid4().hex[:8]}"
    email = f"{name}@example.org"
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as client:
        register(client, name, email)
    with window(browser, studio, look) as context:
        page = log_in(context, look, email)
        page.get_by_role("link", name="tiny-stories").click()
        page.get_by_label(words["about"]).fill("Luna found a lost kite by the river")
        page.get_by_role("button", name=words["write"]).click()
        page.get_by_role("button", name=words["save"]).click()
        page.wait_for_url("**/library/stories/*")
        story = page.url

        page.get_by_role("link", name=words["translate"], exact=True).click()
        page.wait_for_url("**/studio/translator?story=*")
        expect(page.locator("[name=text]")).to_have_value(re.compile("Luna"))
        choose_language(page, "es")
        page.get_by_role("button", name=words["translate it"]).click()
        expect(page.locator(".job .result").first).to_have_text(re.compile("Luna"))
        page.get_by_role("button", name=words["save"]).first.click()
        page.wait_for_url("**/library/stories/*")
        assert page.url != story

        page.goto("/studio/drawings")
        page.get_by_label(words["about"]).fill("A kite above a river")
        page.get_by_role("button", name=words["draw"]).click()
        expect(page.locator(".job .gallery img").first).to_be_visible()

        page.goto(story)
        page.get_by_role("link", name=words["publish"], exact=True).click()
        page.locator("input[name=handle]").fill(name)
        page.locator("input[name=image]").nth(1).check(force=True)
        keep(page, look, "publishing")
        page.locator("main").get_by_role("button", name=words["publish"], exact=True).click()
        page.wait_for_url("**/feed/posts/*")
        expect(page.locator("img.cover")).to_be_visible()
        with browser.new_context(base_url=studio.base) as stranger:
            reader = stranger.new_page()
            reader.goto("/feed")
            expect(reader.locator(".post", has_text=name)).to_be_visible()


def choose_language(page: Page, code: str) -> None:
    field = page.locator("[name=target_language]")
    if field.evaluate("(e) => e.tagName") == "SELECT":
        field.select_option(code)
    else:
        field.fill(code)


TOLD = {
    "en": {
        "about": "What shall it be about?",
        "write": "Write the story",
        "save": "Save to the library",
        "translate": "Translate",
        "translate it": "Translate it",
        "draw": "Draw it",
        "publish": "Publish",
    },
    "es": {
        "about": "¿De qué debe tratar?",
        "write": "Escribir la historia",
        "save": "Guardar en la biblioteca",
        "translate": "Traducir",
        "translate it": "Traducir",
        "draw": "Dibujar",
        "publish": "Publicar",
    },
}
