"""A translator that is fetched from a hub, as NLLB-200's converted form would be, and one that is not converted."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.servers.model_hub import model_hub

from octavo_core.errors import Misconfigured
from octavo_core.spec import Engine
from octavo_generation.engines.builtin import builtin_path
from octavo_generation.engines.port import TextRequest
from octavo_generation.engines.registry import Serving
from octavo_generation.engines.translating.engine import direction
from octavo_generation.engines.translating.opening import open_translator_host


async def test_a_converted_translator_is_fetched_and_translates(tmp_path: Path) -> None:
    with model_hub({"words/tiny": builtin_path("tiny-translator")}) as hub:
        serving = Serving(8, tmp_path / "models", {"HF_ENDPOINT": hub.url})
        host = open_translator_host(Engine(name="ctranslate2", model="hf://words/tiny@main"), serving)
        stages: list[str] = []
        profile = await host.profile(stages.append)
        assert profile.languages == ("eng_Latn", "spa_Latn", "por_Latn")
        assert any(stage.startswith("fetching") for stage in stages)
        request = TextRequest("The dog sleeps.", language=direction("eng_Latn", "spa_Latn"))
        said = await host.generate(request, owner="me", on_token=lambda _text: None, is_ended=lambda: False)
        assert said.text == "El perro duerme."
        await host.close()


async def test_one_that_is_not_converted_is_refused_in_words(tmp_path: Path) -> None:
    offered = tmp_path / "offered"
    offered.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (offered / name).write_text("{}")
    (offered / "pytorch_model.bin").write_bytes(b"a pickle")
    with model_hub({"words/plain": offered}) as hub:
        host = open_translator_host(
            Engine(name="ctranslate2", model="hf://words/plain"), Serving(8, tmp_path / "models", {"HF_ENDPOINT": hub.url})
        )
        with pytest.raises(Misconfigured, match=r"model\.bin|converted|holds no"):
            await host.profile(lambda _stage: None)
        await host.close()
