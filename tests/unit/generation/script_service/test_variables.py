"""Every environment variable of the Script Generation Service, each in a test of its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.servers.generators import generator

from octavo_core.errors import Misconfigured
from octavo_core.settings import read_settings
from octavo_core.spec import Spec, parse_resource
from octavo_generation.completing import FromEnvironment
from octavo_generation.server import ServerSettings
from octavo_generation.worker import WorkerSettings

OWN = {"id": "heist", "genre": "heist", "name": "Heist", "description": "A plan.", "beats": [{"name": "The plan", "goal": "x"}]}
ENGINE = {"name": "scenes", "model": "builtin://tiny-scripts"}


def spec_of(variables: dict[str, str], **spec: Any) -> Spec:
    return parse_resource(FromEnvironment(variables)(generator("script", task="script", **spec))).spec


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What a process of a generator needs besides."""
    monkeypatch.setenv("OCTAVO_GENERATORS", "script")
    monkeypatch.setenv("OCTAVO_GENERATORS_FILE", "generators.json")
    for name in ("OCTAVO_PORT", "OCTAVO_DATABASE_URL", "OCTAVO_HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_port(process: pytest.MonkeyPatch) -> None:
    assert read_settings(ServerSettings).port == 8000, "as the service's README has it"
    process.setenv("PORT", "8123")
    assert read_settings(ServerSettings).port == 8123
    process.setenv("OCTAVO_PORT", "9000")
    assert read_settings(ServerSettings).port == 9000


def test_port_that_is_none_is_told_by_its_name(process: pytest.MonkeyPatch) -> None:
    process.setenv("PORT", "geheim")
    with pytest.raises(Misconfigured, match=r"^PORT: ") as caught:
        read_settings(ServerSettings)
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize("settings", [ServerSettings, WorkerSettings])
def test_database_url(process: pytest.MonkeyPatch, settings: type[ServerSettings | WorkerSettings]) -> None:
    process.setenv("DATABASE_URL", "postgresql://me@db/generation_db")
    assert read_settings(settings).jobs_url() == "postgresql://me@db/generation_db"
    process.setenv("OCTAVO_DATABASE_URL", "sqlite:///jobs.db")
    assert read_settings(settings).jobs_url() == "sqlite:///jobs.db"


@pytest.mark.parametrize("settings", [ServerSettings, WorkerSettings])
def test_data_root_path(process: pytest.MonkeyPatch, settings: type[ServerSettings | WorkerSettings]) -> None:
    process.setenv("DATA_ROOT_PATH", "/app/data")
    assert read_settings(settings).home == Path("/app/data")
    process.setenv("OCTAVO_HOME", "/srv/octavo")
    assert read_settings(settings).home == Path("/srv/octavo")


def test_openai_api_key() -> None:
    (one,) = spec_of({"OPENAI_API_KEY": "sk-geheim"}).providers or ()
    assert (one.name, one.type, one.credentials and one.credentials.env) == ("openai", "openai", "OPENAI_API_KEY")
    assert "sk-geheim" not in spec_of({"OPENAI_API_KEY": "sk-geheim"}).model_dump_json()


def test_anthropic_api_key() -> None:
    (one,) = spec_of({"ANTHROPIC_API_KEY": "sk-geheim"}).providers or ()
    assert (one.name, one.type, one.credentials and one.credentials.env) == ("anthropic", "anthropic", "ANTHROPIC_API_KEY")


def test_openai_api_key_and_anthropic_api_key() -> None:
    both = spec_of({"ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o"}).providers or ()
    assert [one.name for one in both] == ["openai", "anthropic"]


@pytest.mark.parametrize("variables", [{}, {"OPENAI_API_KEY": ""}, {"OPENAI_API_KEY": "your_key"}])
def test_without_a_key_the_local_writer_writes(variables: dict[str, str]) -> None:
    spec = spec_of(variables)
    assert spec.engine is not None
    assert spec.engine.model == "builtin://tiny-scripts"


def test_what_the_yaml_writes_counts() -> None:
    spec = spec_of({"OPENAI_API_KEY": "o"}, engine=ENGINE)
    assert (spec.engine is not None, spec.providers) == (True, None)


def test_project_service_url() -> None:
    assert spec_of({"PROJECT_SERVICE_URL": "http://projects:8001"}).script_settings.projects_url == "http://projects:8001"
    given = spec_of({"PROJECT_SERVICE_URL": "http://projects:8001"}, scripts={"projectsUrl": "http://mine"})
    assert given.script_settings.projects_url == "http://mine"
    with pytest.raises(Misconfigured, match="PROJECT_SERVICE_URL") as caught:
        spec_of({"PROJECT_SERVICE_URL": "http://me:geheim@projects"})
    assert "geheim" not in caught.value.message


def test_octavo_script_templates(tmp_path: Path) -> None:
    (tmp_path / "heist.yaml").write_text(yaml.safe_dump(OWN))
    variables = {"OCTAVO_SCRIPT_TEMPLATES": str(tmp_path)}
    assert [one.id for one in spec_of(variables).script_settings.templates] == ["heist"]
    mine = spec_of(variables, scripts={"templates": [{**OWN, "name": "Mine"}]}).script_settings.templates
    assert [one.name for one in mine] == ["Mine"]
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(OWN))
    with pytest.raises(Misconfigured, match="the same id"):
        spec_of(variables)


def test_other_tasks_are_left_alone() -> None:
    text = generator("text", task="text", providers=[{"name": "a", "type": "fake"}])
    assert FromEnvironment({"PROJECT_SERVICE_URL": "http://p", "OPENAI_API_KEY": "o"})(text) is text


def test_it_says_which_variables_count() -> None:
    completed = FromEnvironment({"OPENAI_API_KEY": "o", "PROJECT_SERVICE_URL": "http://p"})
    once = completed(generator("script", task="script"))
    assert completed.used == {"script": ("OPENAI_API_KEY", "PROJECT_SERVICE_URL")}
    assert completed(once) == once, "what was completed once is complete"
