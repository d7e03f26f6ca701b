"""A generation as a card shows it."""

from __future__ import annotations

from typing import Any

import pytest

from octavo_web.domain.stages import Stage, stage_of
from octavo_web.pages.cards import card_of


def view(**more: Any) -> dict[str, Any]:
    return {
        "generation_id": "0198c0de-0000-7000-8000-000000000000",
        "status": "succeeded",
        "timings": {"accepted_at": "2026-01-01T00:00:00.000Z"},
        **more,
    }


@pytest.mark.parametrize(
    ("said", "stage"),
    [
        ({"status": "queued"}, Stage("queued", waiting=3)),
        ({"status": "queued", "place": 2}, Stage("queued", waiting=3, place=2)),
        ({"status": "queued", "place": "first"}, Stage("queued", waiting=3)),
        ({"status": "queued", "attempt": 1}, Stage("retrying", waiting=3)),
        ({"status": "running"}, Stage("started")),
        ({"status": "running", "progress": {"stage": "loading the model"}}, Stage("loading", "loading the model")),
        ({"status": "running", "progress": {"stage": "generating", "fraction": 0.43}}, Stage("generating", "generating", 0.43)),
        ({"status": "running", "progress": {"stage": "asking grok, after up failed"}}, Stage("working", "asking grok, after up failed")),
        ({"status": "running", "progress": {"stage": "drawing", "fraction": "half"}}, Stage("drawing", "drawing")),
        ({"status": "running", "cancel_requested": True, "progress": {"stage": "drawing"}}, Stage("cancelling")),
        ({"status": "failed"}, Stage("failed")),
    ],
)
def test_stages_are_what_is_known(said: dict[str, Any], stage: Stage) -> None:
    assert stage_of(said, waiting=3) == stage


def test_a_kept_picture_is_shown_through_the_gateway() -> None:
    url = "/generators/images/api/v1/images/0198/download"
    card = card_of("images", view(result={"images": [{"url": url, "size": "64x64", "seed": 7}]}))
    assert card.pictures[0].source == f"/api/web/gateway{url}"
    assert card.pictures[0].seed == "7"


def test_a_kept_picture_leads_to_its_page_in_the_library() -> None:
    image = "0198c0de-0000-8000-8000-000000000000"
    card = card_of("images", view(result={"images": [{"url": f"/generators/images/api/v1/images/{image}/download"}]}))
    assert card.pictures[0].page == f"/library/images/images/{image}"
    elsewhere = card_of("images", view(result={"images": [{"url": f"/generators/images/api/v1/images/{image}/download/../x"}]}))
    assert elsewhere.pictures[0].page == ""


@pytest.mark.parametrize(
    ("said", "can_keep"),
    [
        ({"result": {"text": "Once"}}, True),
        ({"result": {"translation": "Érase"}}, True),
        ({"result": {"description": "A lighthouse"}}, False),
        ({"result": {"text": "  "}}, False),
        ({"result": {"images": []}}, False),
        ({"result": {"text": "Half"}, "status": "failed"}, False),
    ],
)
def test_what_is_a_text_and_whole_can_be_kept(said: dict[str, Any], can_keep: bool) -> None:
    assert card_of("tales", view(**said)).can_keep is can_keep


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://example.com/a.png", "data:text/html,<script>", "//evil.example/a.png"])
def test_no_provider_makes_a_page_open_what_it_likes(url: str) -> None:
    picture = card_of("images", view(result={"images": [{"url": url}]})).pictures[0]
    assert (picture.source, picture.link) == (None, "")


def test_a_picture_in_the_answer_is_a_picture_whatever_it_says() -> None:
    picture = card_of("images", view(result={"images": [{"b64_json": "AAAA", "media_type": "text/html"}]})).pictures[0]
    assert picture.source == "data:image/png;base64,AAAA"


def test_a_failure_says_why_and_can_be_tried_again() -> None:
    card = card_of("text", view(status="failed", error={"error": "provider_timeout", "message": "up did not answer"}))
    assert card.error == "up did not answer"
    assert card.can_again
    assert not card.is_open


def test_what_was_asked_heads_the_card() -> None:
    card = card_of(
        "tales", view(request={"prompt": "A fox", "seed": 3}, result={"text": "Once"}, provider={"model": "tiny", "sample": True})
    )
    assert (card.asked, card.text, card.is_sample) == ("A fox", "Once", True)
    assert card.settings_path.startswith("/studio/tales?from=")


def test_files_are_offered_through_the_gateway_and_nothing_else_becomes_a_link() -> None:
    url = "/generators/script/api/v1/generate/0198c0de-0000-7000-8000-000000000000/export/pdf"
    said = [
        {"format": "pdf", "url": url},
        {"format": "x", "url": "javascript:alert(1)"},
        {"format": "y", "url": "//elsewhere/export/pdf"},
        "z",
    ]
    (file,) = card_of("script", view(result={"text": "INT. HALL", "exports": said})).files
    assert (file.format, file.link) == ("pdf", f"/api/web/gateway{url}")
