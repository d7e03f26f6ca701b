"""One fixture, three kinds of storage, each plain and encrypted: a test of the contract runs against all six."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.servers import azurite, s3
from tests.servers.azurite import Azurite, azurite_server
from tests.servers.s3 import S3Server, s3_server

from octavo_core.spec import Storage
from octavo_generation.images.opening import open_image_storage
from octavo_generation.images.storage import ImageStorage

SEALING_KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()
KINDS = [
    pytest.param(f"{backend}{sealed}", marks=[pytest.mark.needs("node")] if backend == "azure" else [])
    for backend in ("local", "s3", "azure")
    for sealed in ("", "-sealed")
]


@dataclass
class Place:
    """A storage, and how to open it otherwise than well."""

    kind: str
    document: dict[str, Any]
    environment: dict[str, str]
    folder: Path

    @property
    def is_sealed(self) -> bool:
        return self.kind.endswith("-sealed")

    @property
    def backend(self) -> str:
        return self.kind.removesuffix("-sealed")

    def open(self, *, timeout_s: float = 10.0, environment: dict[str, str] | None = None, **changed: Any) -> ImageStorage:
        """With parts of the document changed; None takes one out."""
        document = {name: value for name, value in {**self.document, **changed}.items() if value is not None}
        spec = Storage.model_validate(document)
        return open_image_storage(spec, folder=self.folder, environment={**self.environment, **(environment or {})}, timeout_s=timeout_s)

    def at(self, endpoint: str, *, timeout_s: float = 1.0) -> ImageStorage:
        """The same storage, as it would be behind another address."""
        changed = {self.backend: {**self.document[self.backend], "endpoint": endpoint}}
        return self.open(timeout_s=timeout_s, **changed)


@pytest.fixture(scope="session")
def s3_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def azurite_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with azurite_server(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def place_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    def build(kind: str) -> Place:
        match kind.removesuffix("-sealed"):
            case "s3":
                server: S3Server = request.getfixturevalue("s3_session")
                where: dict[str, Any] = {"bucket": s3.BUCKET, "region": s3.REGION, "endpoint": server.endpoint}
                document, secret = {"backend": "s3", "s3": where, "credentials": {"env": "STORAGE_KEY"}}, server.credentials
            case "azure":
                emulator: Azurite = request.getfixturevalue("azurite_session")
                where = {"account": azurite.ACCOUNT, "container": azurite.CONTAINER, "endpoint": emulator.endpoint}
                document, secret = {"backend": "azure", "azure": where, "credentials": {"env": "STORAGE_KEY"}}, azurite.KEY
            case _:
                document, secret = {"backend": "local"}, ""
        if kind.endswith("-sealed"):
            document["encryptionKey"] = {"env": "SEALING_KEY"}
        return Place(kind, document, {"STORAGE_KEY": secret, "SEALING_KEY": SEALING_KEY}, tmp_path / "pictures")

    return build


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, place_of: Callable[[str], Place]) -> Place:
    return place_of(request.param)


@pytest.fixture
def storage(place: Place) -> ImageStorage:
    return place.open()
