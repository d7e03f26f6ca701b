"""What the operator tells the pods is what their processes read: names of variables, of paths, of ports, and the file itself."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.servers.starting import free_port
from tests.unit.kube.desired_cases import CASES, Case, settings
from tests.unit.kube.desired_making import API, NAME, WORKER, Objects, story, text

from octavo_core.http.health import health_router
from octavo_core.spec import Credentials, SecretRef
from octavo_generation.probes import Probes
from octavo_generation.providers.credentials import variables_of
from octavo_generation.providers.registry import FAKES_URL, SAMPLES
from octavo_generation.resources import read_generators_file
from octavo_generation.server import ServerSettings
from octavo_generation.worker import WorkerSettings
from octavo_operator import names

BY = settings(jwks_url="http://login/jwks", otlp_endpoint="http://collector:4318")


@pytest.mark.parametrize(("name", "reads"), [(API, ServerSettings), (WORKER, WorkerSettings)])
def test_every_variable_is_one_that_the_process_reads(name: str, reads: type[ServerSettings] | type[WorkerSettings]) -> None:
    told = set(Objects(story(auth={"mode": "jwt"}), by=BY).variables(name))
    known = {f"OCTAVO_{field}".upper() for field in reads.model_fields}
    assert told <= known
    needed = {f"OCTAVO_{field}".upper() for field, info in reads.model_fields.items() if info.is_required()}
    assert needed <= told


def test_of_pictures_and_samples_too() -> None:
    case = next(case for case in CASES if case.name == "pictures")
    objects = {(m["kind"], m["metadata"]["name"]): m for m in case.manifests()}
    for name, reads in ((names.api("pictures"), ServerSettings), (names.worker("pictures"), WorkerSettings)):
        (container,) = objects["Deployment", name]["spec"]["template"]["spec"]["containers"]
        told = {variable["name"] for variable in container["env"] if not variable["name"].startswith("OCTAVO_SECRET_")}
        assert {"OCTAVO_PICTURES_FOLDER", FAKES_URL, SAMPLES} <= told
        assert told - {FAKES_URL, SAMPLES} <= {f"OCTAVO_{field}".upper() for field in reads.model_fields}


def test_a_process_starts_with_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in Objects(story()).variables(WORKER).items():
        monkeypatch.setenv(name, value if isinstance(value, str) else "redis://secret")
    found = WorkerSettings()
    assert (found.generators, found.metrics_port) == (NAME, names.METRICS_PORT)
    assert str(found.home).startswith("/tmp/"), "the one place that can be written"


@pytest.mark.parametrize(("name", "key"), [("xai", "apiKey"), ("a-b.c", "d_e"), ("0", "-.-")])
def test_a_key_stands_where_its_provider_looks(name: str, key: str) -> None:
    reference = SecretRef(name=name, key=key)
    assert (reference.variable,) == variables_of(Credentials(secret_ref=reference))
    told = Objects(text({"credentials": {"secretRef": {"name": name, "key": key}}})).variables(WORKER)
    assert told[variables_of(Credentials(secret_ref=reference))[0]] == (name, key)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_file_is_read_back_as_what_the_processes_need(case: Case, tmp_path: Path) -> None:
    (config,) = [manifest for manifest in case.manifests() if manifest["kind"] == "ConfigMap"]
    file = tmp_path / "generators.json"
    file.write_text(config["data"]["generators.json"])
    (read,) = read_generators_file(file)
    given, told = case.resource().spec, read.spec
    for part in ("task", "engine", "providers", "pipeline", "audiences", "jobs", "limits", "moderation", "auth"):
        assert getattr(told, part) == getattr(given, part), part
    assert told.storage == given.storage.model_copy(update={"local": None}), "of a volume the operator alone need know"
    assert told.workers.concurrency == given.workers.concurrency
    assert told.workers.drain_seconds == given.workers.drain_seconds


def probed(name: str) -> set[str]:
    container = Objects(story()).container(name)
    return {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}


async def test_a_worker_answers_its_probes() -> None:
    probes = Probes(free_port(), "127.0.0.1")
    probes.ready = True
    probes.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{probes._port}") as client:
            for path in probed(WORKER):
                assert (await client.get(path)).status_code == 200
    finally:
        probes.stop()


def test_an_api_answers_its_probes() -> None:
    assert ServerSettings.model_fields["port"].default == names.API_PORT
    app = FastAPI()
    app.include_router(health_router("api", "1", {}))
    for path in probed(API):
        assert TestClient(app).get(path).status_code == 200


def test_an_api_has_the_time_to_drain() -> None:
    fields = ServerSettings.model_fields
    grace = Objects(story()).template(API)["spec"]["terminationGracePeriodSeconds"]
    assert fields["linger_seconds"].default + fields["drain_seconds"].default + 3 < grace
