"""From `spec.storage` to a storage: what is missing is said by its name, never by its value."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from octavo_core.errors import Misconfigured
from octavo_core.spec import Storage
from octavo_generation.images.opening import open_image_storage
from octavo_generation.images.storage import ImageStorage

S3 = {"backend": "s3", "s3": {"bucket": "pictures"}, "credentials": {"env": "STORAGE_KEY"}}
AZURE = {"backend": "azure", "azure": {"account": "acct", "container": "pictures"}, "credentials": {"env": "STORAGE_KEY"}}
LOCAL = {"encryptionKey": {"env": "SEALING_KEY"}}


def opened(document: dict[str, Any], folder: Path, **environment: str) -> ImageStorage:
    return open_image_storage(Storage.model_validate(document), folder=folder, environment=environment)


def test_each_has_a_name_for_people(tmp_path: Path) -> None:
    assert opened({}, tmp_path).name == "the folder of pictures"
    assert opened(S3, tmp_path, STORAGE_KEY="ID:SECRET").name == "the S3 bucket pictures"
    assert opened(AZURE, tmp_path, STORAGE_KEY=base64.b64encode(b"k" * 32).decode()).name == "the Azure container pictures"


@pytest.mark.parametrize(
    ("document", "environment", "words"),
    [
        (S3, {}, "STORAGE_KEY is not set"),
        (S3, {"STORAGE_KEY": " "}, "STORAGE_KEY is not set"),
        (S3, {"STORAGE_KEY": "only-an-id-hunter2"}, "STORAGE_KEY must hold ID:SECRET"),
        (S3, {"STORAGE_KEY": ":hunter2"}, "STORAGE_KEY must hold ID:SECRET"),
        (AZURE, {}, "STORAGE_KEY is not set"),
        (AZURE, {"STORAGE_KEY": "not base64 hunter2!"}, "is STORAGE_KEY the account's key"),
        (LOCAL, {}, "SEALING_KEY is not set"),
        (LOCAL, {"SEALING_KEY": "hunter2"}, "SEALING_KEY is not in its form"),
        (LOCAL, {"SEALING_KEY": base64.b64encode(b"hunter2").decode()}, "SEALING_KEY is not in its form"),
    ],
)
def test_a_secret_that_is_missing_or_malformed(tmp_path: Path, document: dict[str, Any], environment: dict[str, str], words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as caught:
        opened(document, tmp_path, **environment)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_is_encrypted_says_so(tmp_path: Path) -> None:
    assert opened(LOCAL, tmp_path, SEALING_KEY=base64.b64encode(bytes(32)).decode()).seals
    assert not opened({}, tmp_path).seals
