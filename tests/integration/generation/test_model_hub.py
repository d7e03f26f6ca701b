"""Models from a hub: fetched once, checked, kept; and each way in which that fails, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.model_hub import ModelHub, model_hub
from tests.servers.starting import free_port
from tests.unit.generation.engines.checkpoints.small_checkpoint import write_checkpoint

from octavo_core.errors import EngineError, Misconfigured, Unavailable
from octavo_core.spec.model_uri import parse_model_uri
from octavo_generation.engines.checkpoints.checkpoint import open_checkpoint
from octavo_generation.engines.hub import CHECKPOINT, Hub, hub_of

NAME = "tales/small-gpt2"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[ModelHub]:
    folder = write_checkpoint(tmp_path / "offered")
    (folder / "README.md").write_text("not wanted")
    (folder / "modeling_gpt2.py").write_text("raise SystemExit")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"a pickle")
    with model_hub({NAME: folder, "tales/pickled": tmp_path / "pickled"}) as served:
        yield served


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "models"


def fetch(hub: ModelHub, kept: Path, name: str = NAME, *, token: str | None = None, stages: list[str] | None = None) -> Path:
    heard: list[str] = [] if stages is None else stages
    return Hub(hub.url, kept, token).fetch(parse_model_uri(f"hf://{name}"), CHECKPOINT, heard.append)


def test_a_model_is_fetched_with_its_data_and_nothing_else(hub: ModelHub, kept: Path) -> None:
    stages: list[str] = []
    folder = fetch(hub, kept, stages=stages)

    assert folder.name == hub.commit
    assert open_checkpoint(folder).model_type == "gpt2"
    assert not list(folder.glob("*.py"))
    assert not list(folder.glob("*.bin"))
    assert stages[0] == "asking the hub"
    assert any(stage.startswith("fetching model.safetensors") for stage in stages)


def test_a_pinned_commit_that_is_here_is_never_asked_for_again(hub: ModelHub, kept: Path) -> None:
    first = fetch(hub, kept, f"{NAME}@{hub.commit}")
    before = len(hub.asked)
    assert fetch(hub, kept, f"{NAME}@{hub.commit}") == first
    assert len(hub.asked) == before


def test_a_named_revision_is_looked_up_and_its_files_are_not_fetched_twice(hub: ModelHub, kept: Path) -> None:
    first = fetch(hub, kept, f"{NAME}@main")
    before = len(hub.asked)
    assert fetch(hub, kept, f"{NAME}@main") == first
    assert [path for _, path in hub.asked[before:]] == [f"/api/models/{NAME}/revision/main"]


def test_while_the_hub_is_away_what_was_fetched_last_is_served(hub: ModelHub, kept: Path) -> None:
    first = fetch(hub, kept)
    hub.failing = 503
    assert fetch(hub, kept) == first


def test_a_hub_that_cannot_be_reached_is_said_with_what_to_do(kept: Path) -> None:
    away = hub_of({"HF_ENDPOINT": f"http://127.0.0.1:{free_port()}"}, kept)
    with pytest.raises(Unavailable, match=r"cannot be reached .* file:///"):
        away.fetch(parse_model_uri(f"hf://{NAME}"), CHECKPOINT, lambda _stage: None)


def test_one_file_may_be_named(hub: ModelHub, kept: Path) -> None:
    (hub.repositories[NAME] / "small.gguf").write_bytes(b"GGUF and more")
    file = fetch(hub, kept, f"{NAME}@main/small.gguf")
    assert file.read_bytes() == b"GGUF and more"
    assert not (file.parent / "model.safetensors").exists()
    with pytest.raises(Misconfigured, match=r"holds no large\.gguf; it holds .*small\.gguf"):
        fetch(hub, kept, f"{NAME}@main/large.gguf")


@pytest.mark.parametrize("how", ["cut", "spoiled"])
def test_what_arrives_broken_is_thrown_away_and_fetched_anew(hub: ModelHub, kept: Path, how: str) -> None:
    getattr(hub, how).add("model.safetensors")
    with pytest.raises((EngineError, Unavailable)):
        fetch(hub, kept)
    getattr(hub, how).clear()
    assert open_checkpoint(fetch(hub, kept)).model_type == "gpt2"


def test_a_pickle_alone_is_no_model(hub: ModelHub, kept: Path) -> None:
    with pytest.raises(Misconfigured, match="its weights are a pickle"):
        fetch(hub, kept, "tales/pickled")
    assert not list(kept.rglob("*.bin"))


def test_what_the_hub_does_not_have_is_told_apart(hub: ModelHub, kept: Path) -> None:
    with pytest.raises(Misconfigured, match="has no model tales/nobody"):
        fetch(hub, kept, "tales/nobody")
    with pytest.raises(Misconfigured, match="has no revision missing"):
        fetch(hub, kept, f"{NAME}@missing")


def test_a_token_opens_what_is_closed_and_is_in_no_message(hub: ModelHub, kept: Path) -> None:
    hub.token = "hf_right"
    with pytest.raises(Misconfigured, match="HF_TOKEN") as refused:
        fetch(hub, kept, token="hf_wrong_one")
    assert "hf_wrong_one" not in refused.value.message
    assert open_checkpoint(fetch(hub, kept, token="hf_right")).model_type == "gpt2"


def test_a_hub_that_fails_is_a_reason_to_try_again(hub: ModelHub, kept: Path) -> None:
    hub.failing = 502
    with pytest.raises(Unavailable, match="fails \\(502\\)"):
        fetch(hub, kept)
