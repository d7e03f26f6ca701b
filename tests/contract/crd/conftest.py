"""One API server with the definition, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from scripts.cluster.api import eventually
from tests.contract.crd.cases import Judge
from tests.servers.cluster import RunningControlPlane, control_plane

DEFINITION = Path(__file__).parents[3] / "crds" / "generatorservices.octavo.dev.yaml"


def define(plane: RunningControlPlane, file: Path) -> None:
    """The definition of this file, established, published and, where another one was there before, in its place."""
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(file))
    plane.kubectl("wait", "--for=condition=Established", "crd/generatorservices.octavo.dev")
    version = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]["versions"][0]
    wanted = version["schema"]["openAPIV3Schema"]["properties"]["spec"]

    def published() -> bool:
        schemas = plane.api.get("/openapi/v3/apis/octavo.dev/v1alpha1")["components"]["schemas"]
        spec = schemas["dev.octavo.v1alpha1.GeneratorService"]["properties"]["spec"]
        return _texts(spec) == _texts(wanted)

    assert eventually(published, deadline_s=30), "the API server does not publish the definition"
    # kubectl keeps what it knows of a server in a cache, and this asks anew
    assert " gen " in plane.kubectl("api-resources", "--api-group=octavo.dev")


def _texts(schema: Any, path: str = "spec") -> dict[str, str]:
    """The description of each field, by which one definition is told from the next."""
    found = {path: schema.get("description", "")}
    for name, child in schema.get("properties", {}).items():
        found |= _texts(child, f"{path}.{name}")
    return found


@pytest.fixture(scope="session")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane() as running:
        define(running, DEFINITION)
        yield running


@pytest.fixture(scope="session")
def client(plane: RunningControlPlane) -> httpx.Client:
    """Plain HTTP as the administrator."""
    return plane.api._client


@pytest.fixture(scope="session")
def judge(client: httpx.Client) -> Judge:
    return Judge(client)
