"""What `kubectl explain`, `get` and `describe` show to someone who has never seen Octavo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.contract.crd.cases import COLLECTION, accepted
from tests.servers.cluster import RunningControlPlane

from octavo_core.spec import Condition, QueueStatus, Status, WorkersStatus

pytestmark = pytest.mark.needs("control-plane")

REFUSED_PULL = "Pod tales-worker-7d9 cannot pull the image octavo/worker:9: not found"
STATUS = Status(
    observed_generation=1,
    conditions=(
        Condition(type="Ready", status="False", reason="ImagePullBackOff", message=REFUSED_PULL),
        Condition(type="Progressing", status="True", reason="Rolling", message="1 of 2 worker pods is new"),
    ),
    url="http://tales-api.default.svc",
    model="builtin://tiny-stories",
    workers=WorkersStatus(ready=1, desired=2, selector="app.kubernetes.io/instance=tales"),
    queue=QueueStatus(queued=12, running=3, oldest_seconds=4.5),
)


@pytest.fixture(scope="module")
def schema(client: httpx.Client) -> dict[str, Any]:
    """The resource as the API server publishes it, which is what `kubectl explain` reads."""
    published = client.get("/openapi/v3/apis/octavo.dev/v1alpha1").raise_for_status().json()
    found: dict[str, Any] = published["components"]["schemas"]["dev.octavo.v1alpha1.GeneratorService"]
    return found


@pytest.fixture(scope="module")
def tales(client: httpx.Client) -> Iterator[str]:
    """A generator that has a status."""
    document = {**accepted()["the smallest story"], "metadata": {"name": "tales"}}
    client.post(COLLECTION, json=document).raise_for_status()
    status = STATUS.model_dump(mode="json", by_alias=True, exclude_none=True)
    headers = {"content-type": "application/merge-patch+json"}
    client.patch(f"{COLLECTION}/tales/status", json={"status": status}, headers=headers).raise_for_status()
    yield "tales"
    client.delete(f"{COLLECTION}/tales").raise_for_status()


def fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from fields(child, f"{path}.{name}")
        yield from fields(child.get("items", {}), f"{path}.{name}")


def unfolded(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_every_field_is_explained_in_a_sentence(schema: dict[str, Any]) -> None:
    found = [*fields(schema["properties"]["spec"], "spec"), *fields(schema["properties"]["status"], "status")]
    assert len(found) > 120
    for path, field in found:
        text = field.get("description", "")
        assert len(text) >= 12, path
        assert text.endswith("."), path
        assert "  " not in text, path
        # words of our own code, which no reader of YAML knows
        assert not re.search(r"\b(None|dict|tuple|str|Literal|pydantic|default_factory)\b", text), path


def test_every_default_and_every_bound_is_told(schema: dict[str, Any]) -> None:
    """kubectl shows neither, so the text has to."""
    told = 0
    for path, field in fields(schema["properties"]["spec"], "spec"):
        text = field["description"]
        default = field.get("default")
        if field.get("type") != "object" and default not in (None, []):
            told += 1
            assert f'Default "{default}".' in text or f"Default {str(default).lower()}." in text, path
        for bound in ("minimum", "maximum"):
            if bound in field:
                assert re.search(rf"Allowed: .* {field[bound]:.0f}\b", text), path
        # of more than four choices kubectl shows the first four
        if len(field.get("enum", ())) > 4:
            assert all(choice in text for choice in field["enum"]), path
    assert told >= 20


@pytest.mark.parametrize(
    ("path", "sentences"),
    [
        ("gen", ["KIND: GeneratorService", "An AI generator: write one, and get a REST API", "spec <Object> -required-"]),
        ("gen.spec", ["a task, and exactly one of engine, providers and pipeline", "task <string> -required-", "workers <Object>"]),
        (
            "gen.spec.workers.scaling",
            [
                "When workers are added and taken away.",
                "jobsPerWorker <integer> One worker for each so many jobs",
                "maxAgeSeconds <integer> When the oldest job has waited longer than this, in seconds, a worker is added. Default 10.",
                "idleSeconds <integer>",
                "Allowed: a whole number from 1 to 10000.",
            ],
        ),
        (
            "gen.spec.database.managed",
            ["enum: postgresql, mysql", "enum: delete, retain", "storage <Object> Size of its volume.", 'Default "5Gi".'],
        ),
        ("gen.spec.providers", ["<[]Object>", "in order of preference", "name <string> -required-", "credentials <Object>"]),
        ("gen.spec.providers.credentials.secretRef", ["name <string> -required-", "Name of the Secret, in the namespace of this"]),
        ("gen.status.conditions", ["Ready, Progressing, Sleeping and Degraded", "reason <string> -required-"]),
    ],
)
def test_explain_teaches(path: str, sentences: list[str], plane: RunningControlPlane) -> None:
    shown = unfolded(plane.kubectl("explain", path))
    for sentence in sentences:
        assert sentence in shown


def test_it_goes_by_its_short_name_and_its_category(plane: RunningControlPlane, tales: str) -> None:
    for name in ("gen", "generatorservice", "generatorservices", "generatorservices.octavo.dev", "octavo"):
        assert "tales" in plane.kubectl("get", name, "-o", "name")


def test_get_shows_a_line_for_each(plane: RunningControlPlane, tales: str) -> None:
    header, row = plane.kubectl("get", "gen", tales).splitlines()
    assert header.split() == ["NAME", "READY", "TASK", "MODEL", "WORKERS", "QUEUED", "AGE"]
    name, *cells, age = row.split()
    assert (name, cells) == ("tales", ["False", "story", "builtin://tiny-stories", "1", "12"])
    assert re.fullmatch(r"\d+m?\d*s", age)


def test_get_wide_adds_the_reason(plane: RunningControlPlane, tales: str) -> None:
    header, row = plane.kubectl("get", "gen", tales, "-o", "wide").splitlines()
    assert header.split()[-2:] == ["AGE", "REASON"]
    assert row.split()[-1] == "ImagePullBackOff"


def test_get_of_one_that_nobody_looked_at_yet_is_a_line_too(plane: RunningControlPlane, client: httpx.Client) -> None:
    client.post(COLLECTION, json={**accepted()["the smallest text"], "metadata": {"name": "fresh"}}).raise_for_status()
    try:
        assert plane.kubectl("get", "gen", "fresh", "--no-headers").split()[:2] == ["fresh", "text"]
    finally:
        client.delete(f"{COLLECTION}/fresh").raise_for_status()


def test_describe_says_what_is_wrong_and_what_applies(plane: RunningControlPlane, tales: str) -> None:
    shown = unfolded(plane.kubectl("describe", "gen", tales))
    for words in (
        "Name: tales",
        "Kind: GeneratorService",
        f"Message: {REFUSED_PULL}",
        "Reason: ImagePullBackOff Status: False Type: Ready",
        # what was not written, but applies
        "Max Attempts: 3",
        "Jobs Per Worker: 16",
        "Managed: On Delete: delete Storage: 5Gi Type: postgresql",
        "Queued: 12",
        "URL: http://tales-api.default.svc",
    ):
        assert words in shown
