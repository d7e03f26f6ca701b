"""A platform with exactly the variables of the Image Generator Service's README, and a YAML that leaves everything to them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.servers.platform import Platform, platform

pytestmark = pytest.mark.needs("redis")

README = """\
OPENAI_API_KEY=your-key-here
AZURE_OPENAI_API_KEY=your-key-here
AZURE_OPENAI_ENDPOINT=https://your-resource.openai.azure.com/
AZURE_OPENAI_DEPLOYMENT_NAME=your-dalle3-deployment
FLUX_API_KEY=your-key-here

# Service
ENVIRONMENT=development
LOG_LEVEL=INFO
API_PORT=8003

# Providers
ENABLED_PROVIDERS=dalle3,flux_schnell
DEFAULT_PROVIDER=dalle3

# Image Generation
MAX_IMAGES_PER_REQUEST=4
ENABLE_PROMPT_ENHANCEMENT=true

# Storage
ENABLE_IMAGE_STORAGE=true
STORAGE_BACKEND=local

# Security
ENABLE_AUTHENTICATION=false
ENABLE_CONTENT_MODERATION=true
BLOCKED_WORDS=inappropriate,word1,word2
"""
BARE = "apiVersion: octavo.dev/v1alpha1\nkind: GeneratorService\nmetadata: {name: images}\nspec: {task: image}\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("image-service")
    (folder / "images.yaml").write_text(BARE)
    (folder / ".env").write_text(README)
    with platform(folder / "images.yaml", home=folder / "home", options=["--env-file", folder / ".env"]) as started:
        yield started


@pytest.fixture(scope="module")
def images(running: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{running.base}/generators/images", timeout=60, trust_env=False) as client:
        yield client


def test_it_says_what_comes_from_the_variables(running: Platform) -> None:
    assert "images: what its YAML leaves out comes from ENABLED_PROVIDERS, DEFAULT_PROVIDER" in running.log
    assert "BLOCKED_WORDS" in running.log


def test_both_providers_with_samples_for_the_readmes_placeholders(images: httpx.Client) -> None:
    body = images.get("/api/v1/providers").json()
    assert [(one["id"], one["name"], one["max_images"]) for one in body["providers"]] == [
        ("dalle3", "DALL-E 3", 1),
        ("flux_schnell", "Flux Schnell", 4),
    ]
    assert all(one["sample"] for one in body["providers"])
    assert body["default_provider"] == "dalle3"


def test_a_picture_is_drawn_and_kept(images: httpx.Client) -> None:
    request = {"prompt": "A futuristic city skyline at sunset", "provider": "dalle3", "size": "1024x1024", "quality": "hd", "num_images": 1}
    answer = images.post("/api/v1/generate", json=request)
    assert answer.status_code == 200, answer.text
    listed = images.get("/api/v1/images").json()["items"]
    assert images.get(f"/api/v1/images/{listed[0]['image_id']}/download").headers["content-type"] == "image/png"


def test_five_pictures_are_too_many(images: httpx.Client) -> None:
    answer = images.post("/api/v1/generate", json={"prompt": "Waves", "provider": "flux_schnell", "num_images": 5})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("word", ["inappropriate", "w0rd1"])
def test_blocked_words_are_refused(images: httpx.Client, word: str) -> None:
    answer = images.post("/api/v1/generate", json={"prompt": f"A {word} kite", "provider": "flux_schnell"})
    assert answer.status_code == 451, answer.text
