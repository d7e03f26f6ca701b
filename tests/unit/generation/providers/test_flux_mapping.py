"""Octavo's words and Black Forest Labs'."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from octavo_generation.providers.flux.mapping import (
    Ended,
    Ready,
    Running,
    Submitted,
    is_content_refusal,
    looked,
    polling_address,
    route,
    seeds_of,
    submitted,
    to_wire,
)
from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import profile_of, retirement_warning


def wire(model: str, size: str = "1024x1024", **more: Any) -> dict[str, Any]:
    return to_wire(ImagePrompt("a fox", size, **more), model=model, profile=profile_of("flux").model(model), seed=more.get("seed"))


def test_the_default_is_what_the_image_generator_service_promises() -> None:
    profile = profile_of("flux")
    schnell = profile.model(None)
    assert schnell is not None
    assert schnell.image is not None
    assert (schnell.name, schnell.description) == ("Flux Schnell", "Fast image generation model optimized for speed")
    assert schnell.image.sizes == ("512x512", "768x768", "1024x1024", "1536x1024", "1024x1536")
    assert (schnell.image.max_images, schnell.image.seed, schnell.image.typical_generation_time) == (4, True, "2-8 seconds")
    assert (schnell.image.qualities, schnell.image.styles) == ((), ())
    assert profile.needs_key
    assert not profile.free


def test_a_price_by_the_megapixel() -> None:
    price = profile_of("flux").models["flux-2-klein-4b"].price
    assert price is not None
    assert price.of_image(size="1024x1024", quality=None) == Decimal("0.014")
    assert price.of_image(size="1536x1024", quality=None) == Decimal("0.015")


def test_schnell_by_its_old_name_is_told_its_successor() -> None:
    warning = retirement_warning("flux", "flux-schnell", date(2026, 11, 28))
    assert warning is not None
    assert "flux-2-klein-4b" in warning
    assert retirement_warning("flux", None, date(2026, 11, 28)) is None


@pytest.mark.parametrize("name", sorted(profile_of("flux").models))
def test_every_size_of_a_profile_is_one_the_model_takes(name: str) -> None:
    image = profile_of("flux").models[name].image
    assert image is not None
    assert image.default_size in image.sizes
    for size in image.sizes:
        body = wire(name, size)
        if "aspect_ratio" not in body:
            assert f"{body['width']}x{body['height']}" == size, "no size is rounded to another"
            if name in ("flux-dev", "flux-pro-1.1"):
                assert max(body["width"], body["height"]) <= 1440


@pytest.mark.parametrize(
    ("model", "switch"),
    [
        ("flux-2-klein-4b", {}),
        ("flux-2-klein-9b-preview", {}),
        ("flux-2-pro", {"disable_pup": True}),
        ("flux-2-max", {"disable_pup": True}),
        ("flux-2-flex", {"prompt_upsampling": False}),
        ("flux-pro-1.1", {"prompt_upsampling": False}),
        ("flux-dev", {"prompt_upsampling": False}),
        ("somebody-elses", {}),
    ],
)
def test_the_vendor_rewrites_no_prompt_where_it_can_be_told_so(model: str, switch: dict[str, bool]) -> None:
    assert wire(model) == {"prompt": "a fox", "width": 1024, "height": 1024, "output_format": "png"} | switch


def test_a_seed_and_sizes_beside_the_grid() -> None:
    body = wire("flux-2-klein-4b", "1000x1", seed=0)
    assert (body["seed"], body["width"], body["height"]) == (0, 992, 32)


def test_ultra_is_told_a_ratio() -> None:
    body = wire("flux-pro-1.1-ultra", "2752x1536")
    assert body["aspect_ratio"] == "16:9"
    assert "width" not in body


def test_seeds_follow_on_each_other() -> None:
    assert seeds_of(ImagePrompt("x", "512x512", count=3, seed=42)) == (42, 43, 44)
    assert seeds_of(ImagePrompt("x", "512x512", count=2)) == (None, None)


def test_a_models_name_is_one_part_of_the_path() -> None:
    assert route("flux-pro-1.1") == "/v1/flux-pro-1.1"
    assert route("flux-tools/x?y#z") == "/v1/flux-tools/x%3Fy%23z"


@pytest.mark.parametrize(
    ("answer", "task"),
    [
        ({"id": "t", "polling_url": "https://x"}, Submitted("t", "https://x")),
        ({"id": "t", "cost": 1.4}, Submitted("t", None)),
        ({"polling_url": "https://x"}, None),
        ({"id": 7}, None),
    ],
)
def test_a_submission(answer: dict[str, Any], task: Submitted | None) -> None:
    assert submitted(answer) == task


@pytest.mark.parametrize(
    ("base", "named", "asked"),
    [
        ("https://api.bfl.ai", "https://api.bfl.ai/v1/get_result?id=t", "named"),
        ("https://api.bfl.ai", "https://api.us4.bfl.ai/v1/get_result?id=t", "named"),
        ("https://api.bfl.ai", "http://api.bfl.ai/v1/get_result?id=t", "own"),
        ("https://api.bfl.ai", "https://evil.example/v1/get_result?id=t", "own"),
        ("https://api.bfl.ai", "https://evilbfl.ai/v1/get_result?id=t", "own"),
        ("https://api.bfl.ai", "https://api.bfl.ai@evil.example/x", "own"),
        ("https://api.bfl.ai", "/v1/get_result?id=t", "own"),
        ("https://api.bfl.ai", None, "own"),
        ("http://10.0.0.5:9000/flux", "http://10.0.0.5:9000/flux/v1/get_result?id=t", "named"),
        ("http://10.0.0.5:9000", "http://99.0.0.5:9000/x", "own"),
        ("http://gateway:9000", "http://x.gateway/y", "own"),
        ("http://bfl.ai", "http://other.ai/y", "own"),
    ],
)
def test_the_key_goes_to_the_vendors_domain_only(base: str, named: str | None, asked: str) -> None:
    address = polling_address(Submitted("t", named), base)
    assert address == (named if asked == "named" else "/v1/get_result?id=t")


def test_a_tasks_id_cannot_add_to_the_address() -> None:
    assert polling_address(Submitted("t&x=1/../y", None), "https://api.bfl.ai") == "/v1/get_result?id=t%26x%3D1%2F..%2Fy"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"status": "Pending"}, Running(None)),
        ({"status": "Pending", "progress": 0.25}, Running(0.25)),
        ({"status": "Pending", "progress": 7}, Running(1.0)),
        ({"status": "Pending", "progress": True}, Running(None)),
        ({"status": "Queued by a name of tomorrow"}, Running(None)),
        ({"status": "Ready", "result": {"sample": "https://x/y", "seed": 3, "prompt": "p"}}, Ready("https://x/y", 3, "p")),
        ({"status": "Ready", "result": {"sample": "https://x/y", "seed": "3"}}, Ready("https://x/y", None, None)),
        ({"status": "Ready", "result": {"sample": "/v1/other"}}, None),
        ({"status": "Ready", "result": None}, None),
        ({"status": "Error"}, Ended("Error", moderated=False)),
        ({"status": "Task not found"}, Ended("Task not found", moderated=False)),
        ({"status": "Content Moderated", "details": {"a": ["b"]}}, Ended('Content Moderated ({"a":["b"]})', moderated=True)),
        ({"status": None}, None),
        ({}, None),
    ],
)
def test_a_look(answer: dict[str, Any], found: object) -> None:
    assert looked(answer) == found


@pytest.mark.parametrize(
    ("body", "refused"), [(b'{"status": "Request Moderated"}', True), (b'{"detail": "x"}', False), (b"[]", False), (b"<html>", False)]
)
def test_a_refusal_with_an_errors_status(body: bytes, refused: bool) -> None:
    assert is_content_refusal(403, body) is refused
