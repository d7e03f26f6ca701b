"""Scripts through a whole platform: offline by the local writer, and by every kind of provider at the fake ones."""

from __future__ import annotations

import ast
import asyncio
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.servers.answers import assert_problem
from tests.servers.fake_providers import FakeProviders, fake_providers
from tests.servers.generators import generator, write_generators
from tests.servers.people import PASSWORD, register
from tests.servers.platform import Platform, platform
from tests.servers.starting import free_port, wait_until

from octavo_generation.scripts.fountain import faults_of

pytestmark = [pytest.mark.needs("redis"), pytest.mark.timeout(300)]

EXAMPLE = Path(__file__).parents[3] / "examples" / "script.yaml"
KEYS = {name: f"sk-{name.lower()}-71c0e2d94ab7-never-to-be-seen" for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")}
README = {
    "project_id": "proj_123",
    "script_type": "drama",
    "title": "My Script",
    "description": "A compelling drama about...",
    "length_target": 2000,
}
LINES = " ".join(f"Maya counts step {number} to the door and says nothing about it." for number in range(20))
SCENE = f"INT. KITCHEN - DAY\n\nMaya waits.\n\nMAYA\nYou kept it.\n\n{LINES}"
"""What each call is answered with: some 270 words."""
QUICK = {"maxAttempts": 3, "leaseSeconds": 2, "retry": {"baseSeconds": 0.1, "maxSeconds": 0.2}}


@dataclass(frozen=True)
class House:
    platform: Platform
    fakes: FakeProviders
    client: httpx.Client

    def ask(self, name: str, **changes: Any) -> str:
        answer = self.client.post(f"/generators/{name}/api/v1/generate", json={**README, **changes})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["generation_id"])

    def ended(self, name: str, generation: str) -> dict[str, Any]:
        path, found = f"/generators/{name}/api/v1/generate/{generation}", dict[str, Any]()

        def has_ended() -> bool:
            found.update(self.client.get(path).json())
            return found["status"] in ("succeeded", "failed", "cancelled")

        wait_until(has_ended, what=f"{name} does not end", deadline_s=120)
        return found

    def write(self, name: str, **changes: Any) -> dict[str, Any]:
        return self.ended(name, self.ask(name, **changes))


def chat(fakes: FakeProviders, kind: str, model: str, key: str | None = None, **more: Any) -> dict[str, Any]:
    credentials = {} if key is None else {"credentials": {"env": key}}
    return {"name": kind, "type": kind, "model": model, "baseUrl": fakes.base_url(kind), **credentials, **more}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("scripts")
    with fake_providers() as fakes:
        openai = chat(fakes, "openai", "gpt-5.4-mini", "OPENAI_API_KEY")
        anthropic = chat(fakes, "anthropic", "claude-sonnet-5-5", "ANTHROPIC_API_KEY")
        llama = chat(fakes, "openai-compatible", "llama3.2")
        engine = {"name": "scenes", "model": "builtin://tiny-scripts"}
        port = free_port()
        file = write_generators(
            folder / "generators.yaml",
            generator("openai-script", task="script", providers=[openai], jobs=QUICK),
            generator("claude-script", task="script", providers=[anthropic], jobs=QUICK),
            generator("llama-script", task="script", providers=[llama], jobs=QUICK),
            generator("safe-script", task="script", providers=[openai, anthropic], jobs=QUICK),
            generator("polite-script", task="script", engine=engine, moderation={"enabled": True, "blockedWords": ["gadzooks"]}),
            generator("projects-script", task="script", providers=[llama], scripts={"projectsUrl": f"http://127.0.0.1:{port}"}),
            generator(
                "lonely-script",
                task="script",
                engine=engine,
                scripts={"projectsUrl": f"http://127.0.0.1:{free_port()}"},
                jobs={"defaultMode": "wait"},
            ),
        )
        # Another program's database, which is nothing to a laptop's platform.
        environment = {**KEYS, "OCTAVO_FAKE_PROVIDERS_URL": fakes.url, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/elsewhere"}
        with (
            platform(file, EXAMPLE, home=folder / "home", environment=environment, port=port) as running,
            httpx.Client(base_url=running.base, timeout=90, trust_env=False) as client,
        ):
            yield House(running, fakes, client)


@pytest.fixture(autouse=True)
def as_new(house: House) -> Iterator[None]:
    house.fakes.script({"match": {"path": "/chat/completions"}, "text": SCENE}, {"match": {"path": "/messages"}, "text": SCENE})
    yield
    house.fakes.reset()


EXAMPLE_OF_README = """
import httpx

# Create generation request
async with httpx.AsyncClient() as client:
    response = await client.post("http://localhost:8000/api/v1/generate", json={
        "project_id": "proj_123",
        "script_type": "drama",
        "title": "My Script",
        "description": "A compelling drama about...",
        "length_target": 2000
    })
    
    generation = response.json()
    generation_id = generation["generation_id"]
    
    # Check status
    status_response = await client.get(f"http://localhost:8000/api/v1/generate/{generation_id}")
    print(status_response.json())
"""  # noqa: W293 - as it stands in the Script Generation Service's README


@pytest.fixture(scope="module")
def token(house: House) -> str:
    register(house.client, "Ana", "ana@example.org")
    answer = house.client.post("/api/auth/login", json={"username": "ana@example.org", "password": PASSWORD})
    return str(answer.json()["access_token"])


class TestReadme:
    def test_the_example_runs_as_it_stands_but_for_the_address(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        code = EXAMPLE_OF_README.replace("http://localhost:8000", f"{house.platform.base}/generators/script")
        scope: dict[str, Any] = {}
        exec(f"async def example():\n{textwrap.indent(code, '    ')}\n    return generation_id", scope)
        generation = asyncio.run(scope["example"]())
        printed = ast.literal_eval(capsys.readouterr().out)
        assert printed["generation_id"] == generation
        assert printed["status"] in ("queued", "running", "succeeded")
        done = house.ended("script", generation)
        assert done["status"] == "succeeded"
        assert 1_800 <= done["result"]["words"] <= 2_200

    def test_get_api_v1_health(self, house: House) -> None:
        answer = house.client.get("/generators/script/api/v1/health")
        assert (answer.status_code, answer.json()["status"], answer.json()["service"]) == (200, "healthy", "script")

    def test_get_api_v1_health_detailed(self, house: House) -> None:
        answer = house.client.get("/generators/script/api/v1/health/detailed").json()
        assert answer["status"] == "healthy"
        found = {name: one["status"] for name, one in answer["dependencies"].items()}
        assert found == dict.fromkeys(("database", "redis", "project_service"), "healthy")

    def test_post_api_v1_generate(self, house: House) -> None:
        answer = house.client.post("/generators/script/api/v1/generate", json=README)
        assert answer.status_code == 202
        told = answer.json()
        assert told["message"] == "Please wait a moment"
        assert answer.headers["location"].endswith(told["generation_id"])

    def test_get_api_v1_generate_id(self, house: House) -> None:
        done = house.write("script", seed=4)
        result = done["result"]
        assert faults_of(result["text"]) == []
        (warning,) = result["warnings"]
        assert warning.startswith("the project proj_123 was not read: whoever asked may not read it")
        assert (result["project_id"], result["script_type"], result["template"]) == ("proj_123", "drama", "drama")
        assert len(result["scenes"]) == 7
        assert done["request"] == {**README, "template": "drama", "seed": 4}
        assert done["provider"]["name"] == "scenes"
        assert "Put together by rules" in result["text"]
        assert house.write("script", seed=4)["result"]["text"] == result["text"], "the same seed, the same script"

    def test_delete_api_v1_generate_id(self, house: House) -> None:
        house.fakes.reset()
        house.fakes.script({"match": {"provider": "openai"}, "hang": True})
        generation = house.ask("openai-script")
        path = f"/generators/openai-script/api/v1/generate/{generation}"
        wait_until(lambda: house.client.get(path).json()["status"] == "running", what="it does not begin", deadline_s=60)
        assert house.client.delete(path).status_code in (200, 202)
        assert house.ended("openai-script", generation)["status"] == "cancelled"

    def test_get_api_v1_templates(self, house: House) -> None:
        answer = house.client.get("/generators/script/api/v1/templates").json()
        assert len(answer["templates"]) >= 12
        wanted = ["drama", "comedy", "thriller", "sci-fi", "horror", "romance", "documentary", "children", "podcast", "commercial"]
        wanted += ["youtube", "corporate"]
        assert set(wanted) <= set(answer["genres"])
        comedies = house.client.get("/generators/script/api/v1/templates", params={"genre": "comedy"}).json()["templates"]
        assert {one["id"] for one in comedies} == {"comedy", "sitcom"}
        one = house.client.get("/generators/script/api/v1/templates/drama").json()["template"]
        assert (one["id"], one["beats"][0]["kind"]) == ("drama", "opening")
        assert_problem(house.client.get("/generators/script/api/v1/templates/opera"), 404)

    def test_docs_and_redoc(self, house: House) -> None:
        for page in ("docs", "redoc"):
            assert house.client.get(f"/generators/script/{page}").status_code == 200

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"script_type": "opera"}, "script_type"),
            ({"template": "epic"}, "template"),
            ({"length_target": 10}, "length_target"),
            ({"title": " "}, "title"),
            ({"project_id": "../x"}, "project_id"),
        ],
    )
    def test_bad_input_names_its_field(self, house: House, change: dict[str, Any], field: str) -> None:
        refused = assert_problem(house.client.post("/generators/script/api/v1/generate", json={**README, **change}), 422)
        assert [fault["path"] for fault in refused["errors"]] == [field]


class TestLocalWriter:
    @pytest.mark.parametrize("kind", ["podcast", "children", "youtube"])
    def test_in_spanish_and_in_every_form(self, house: House, kind: str) -> None:
        said = {"title": "El faro", "description": "Una historia sobre un faro", "project_id": None}
        done = house.write("script", script_type=kind, length_target=600, **said)
        result = done["result"]
        assert (result["language"], result["warnings"]) == ("es", [])
        assert 540 <= result["words"] <= 660
        assert "un faro" in result["text"]

    def test_as_files(self, house: House) -> None:
        done = house.write("script", title="Él & the Sea", length_target=900)
        exports = {one["format"]: one["url"] for one in done["result"]["exports"]}
        assert set(exports) == {"fountain", "json", "pdf"}
        fountain = house.client.get(exports["fountain"])
        assert fountain.text == done["result"]["text"]
        assert fountain.headers["content-disposition"] == 'attachment; filename="el-the-sea.fountain"'
        scenes = house.client.get(exports["json"]).json()
        assert [one["heading"] for one in scenes["scenes"]] == [one["heading"] for one in done["result"]["scenes"]]
        assert {element["type"] for one in scenes["scenes"] for element in one["elements"]} == {"action", "dialogue"}
        pdf = house.client.get(exports["pdf"])
        assert pdf.headers["content-type"] == "application/pdf"
        assert pdf.content.startswith(b"%PDF-")
        assert len(re.findall(rb"/Type /Page\b", pdf.content)) >= 4
        assert b"CourierPrime" in pdf.content, "its font is inside"
        assert house.client.get(exports["pdf"]).content == pdf.content
        assert_problem(house.client.get(exports["pdf"].replace("/pdf", "/docx")), 422)

    def test_a_script_that_is_not_there_is_no_file(self, house: House) -> None:
        house.fakes.reset()
        house.fakes.script({"match": {"provider": "openai"}, "hang": True})
        generation = house.ask("openai-script")
        path = f"/generators/openai-script/api/v1/generate/{generation}"
        assert_problem(house.client.get(f"{path}/export/pdf"), 409)
        house.client.delete(path)

    def test_what_is_blocked_is_not_written(self, house: House) -> None:
        refused = house.client.post("/generators/polite-script/api/v1/generate", json={**README, "title": "Gadzooks"})
        assert_problem(refused, 451)

    def test_statistics(self, house: House) -> None:
        before = house.client.get("/generators/script/api/v1/statistics").json()
        done = house.write("script", script_type="horror", length_target=500)
        after = house.client.get("/generators/script/api/v1/statistics").json()
        assert after["words"]["total"] - before["words"]["total"] == done["result"]["words"]
        assert after["by_script_type"]["horror"] == before["by_script_type"].get("horror", 0) + 1
        assert after["by_status"]["succeeded"] == before["by_status"]["succeeded"] + 1
        assert 0.9 <= after["words"]["length_ratio"] <= 1.1

    def test_each_scene_is_told_as_it_is_written(self, house: House) -> None:
        answer = house.client.post("/generators/script/api/v1/generate", json={**README, "length_target": 500})
        with house.client.stream("GET", answer.json()["events_url"]) as events:
            told = events.read().decode()
        assert "writing scene" in told
        assert "job.succeeded" in told


class TestProviders:
    @pytest.mark.parametrize("name", ["openai-script", "claude-script", "llama-script"])
    def test_each_writes_until_it_is_long_enough(self, house: House, name: str) -> None:
        done = house.write(name, length_target=1500)
        result = done["result"]
        assert done["status"] == "succeeded", done["error"]
        assert 1_350 <= result["words"] <= 1_650, result["warnings"]
        assert done["provider"]["calls"] == len(house.fakes.requests())
        assert done["provider"]["calls"] >= 5
        assert done["usage"]["completion_tokens"] > 0

    def test_the_next_is_asked_when_one_is_down(self, house: House) -> None:
        house.fakes.down(openai=True)
        done = house.write("safe-script", length_target=600)
        assert done["status"] == "succeeded"
        assert (done["provider"]["name"], done["provider"]["tried"][0]["name"]) == ("anthropic", "openai")

    def test_a_writer_who_gives_no_more_is_named_in_a_warning(self, house: House) -> None:
        house.fakes.reset()
        house.fakes.script({"match": {"provider": "openai"}, "text": "INT. HALL - DAY\n\nMaya waits."})
        done = house.write("openai-script", length_target=500)
        assert done["status"] == "succeeded"
        assert any("where 500 were asked for" in warning for warning in done["result"]["warnings"])

    def test_an_attempt_that_dies_does_not_make_the_next_pay_again(self, house: House) -> None:
        house.fakes.reset()
        house.fakes.script({"match": {"provider": "openai"}, "text": SCENE, "latency_s": 0.7})
        generation = house.ask("openai-script", length_target=2000)
        wait_until(lambda: len(house.fakes.requests("openai")) >= 4, what="it does not write", deadline_s=60)
        assert house.platform.kill("worker") >= 1
        done = house.ended("openai-script", generation)
        assert (done["status"], done["attempt"]) == ("succeeded", 2)
        # The one that was under way is asked again, and no other.
        assert len(house.fakes.requests("openai")) <= done["provider"]["calls"] + 1
        assert 1_800 <= done["result"]["words"] <= 2_200

    def test_conversations_are_answered_too(self, house: House) -> None:
        body = {"model": "x", "messages": [{"role": "user", "content": "Hello"}]}
        answer = house.client.post("/generators/openai-script/v1/chat/completions", json=body)
        assert answer.json()["choices"][0]["message"]["content"] == SCENE


class TestProjects:
    def test_a_project_and_its_episodes_are_known_to_the_writer(self, house: House, token: str) -> None:
        ana = {"authorization": f"Bearer {token}"}
        said = {
            "title": "The house",
            "description": "Two sisters",
            "notes": "No dogs.",
            "characters": [{"name": "Berta", "description": "laughs last"}],
        }
        project = house.client.post("/api/projects", json=said, headers=ana).json()["id"]
        base = f"/api/projects/{project}/episodes"
        for title, synopsis in (("Low water", "They find a boat."), ("High water", "The boat leaves.")):
            episode = house.client.post(base, json={"title": title, "synopsis": synopsis}, headers=ana).json()["id"]
        body = {**README, "project_id": project, "episode_id": episode, "length_target": 300}
        answer = house.client.post("/generators/projects-script/api/v1/generate", json=body, headers=ana)
        assert answer.status_code == 202, answer.text
        path = answer.headers["location"]
        wait_until(lambda: house.client.get(path, headers=ana).json()["status"] == "succeeded", what="it does not end", deadline_s=60)
        prompt = house.fakes.requests()[0]["prompt"]
        for word in (
            "Project: The house",
            "No dogs.",
            "Berta",
            "laughs last",
            "Episode 1 Low water: They find a boat.",
            "This is episode 2",
        ):
            assert word in prompt
        done = house.client.get(path, headers=ana).json()
        assert house.client.get(f"{path}/export/fountain", headers=ana).text == done["result"]["text"]
        assert_problem(house.client.get(f"{path}/export/fountain"), 404)
        assert not any("project" in warning for warning in done["result"]["warnings"])
        assert "project" not in done["request"]

    def test_a_project_that_is_not_there_for_whoever_asks_is_a_warning(self, house: House, token: str) -> None:
        done = house.write("projects-script", length_target=300)
        assert any("the project proj_123 was not read" in warning for warning in done["result"]["warnings"])

    def test_a_project_service_that_is_away_is_a_warning_and_no_failure(self, house: House) -> None:
        done = house.client.post("/generators/lonely-script/api/v1/generate", json={**README, "length_target": 300}).json()
        assert done["status"] == "succeeded"
        (warning,) = done["result"]["warnings"]
        assert re.fullmatch(r"the project proj_123 was not read: the project service does not answer \(\w+\); .*", warning)
        health = house.client.get("/generators/lonely-script/api/v1/health/detailed")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert health.json()["dependencies"]["project_service"]["status"] == "unhealthy"
