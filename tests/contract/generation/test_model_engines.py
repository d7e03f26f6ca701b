"""The engines on llama.cpp and on torch, with the libraries themselves and a small GPT-2: both write what the same weights say, alone and
in any company, and refuse what is broken in words. Run by `./task test:models`."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.servers.model_hub import model_hub

from octavo_core.errors import EngineError, Misconfigured, OctavoError
from octavo_core.spec import Engine
from octavo_generation.engines.batching.decoder import Chunk
from octavo_generation.engines.batching.hosting import BatchHost
from octavo_generation.engines.hosting import EngineHost, TextHost
from octavo_generation.engines.port import Generation, Sampling, TextRequest
from octavo_generation.engines.registry import Serving, open_text_host

pytestmark = pytest.mark.models

GREEDY = Sampling(max_tokens=24, temperature=0, repetition_penalty=1.0)
PROMPTS = ["Luna", "Once upon a time there was a fox", "a", "The sea was calm and the boat went out", "Tom ran", "abcdefgh" * 3]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from scripts.models.random_gpt2 import Shape, make

    folder = tmp_path_factory.mktemp("models") / "small-gpt2"
    # Weights large enough for logits to differ by more than what number formats lose.
    make(folder, Shape(layers=3, width=64, heads=4, context=128, vocabulary=700), seed=3)
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="session")
def reference(small: Path) -> Any:
    """transformers in float32, asked as plainly as can be."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    return AutoModelForCausalLM.from_pretrained(small, dtype=torch.float32).eval()


@pytest.fixture(scope="session")
def tokenizer(small: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(small / "tokenizer.json"))


@pytest.fixture(scope="session")
def expected(reference: Any, tokenizer: Any) -> Callable[[str, int], str]:
    import torch

    def text(prompt: str, count: int) -> str:
        ids = tokenizer.encode(prompt).ids
        with torch.inference_mode():
            for _ in range(count):
                following = int(reference(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
                if following == reference.config.eos_token_id:
                    break
                ids.append(following)
        raw = b"".join(bytes_of(tokenizer, i) for i in ids[len(tokenizer.encode(prompt).ids) :])
        return raw.decode("utf-8", "replace").lstrip()

    return text


def bytes_of(tokenizer: Any, token: int) -> bytes:
    from octavo_generation.engines.token_bytes import byte_of_character

    table = byte_of_character()
    return bytes(table[character] for character in tokenizer.id_to_token(token))


def engine_of(name: str, model: str, quantization: str = "float32") -> Engine:
    return Engine.model_validate({"name": name, "model": model, "quantization": quantization})


def opened(engine: Engine, cache: Path, at_once: int = 4, environment: dict[str, str] | None = None) -> TextHost:
    return open_text_host(engine, Serving(at_once, cache, environment or {}))


async def ask(host: TextHost, prompt: str, sampling: Sampling = GREEDY, heard: list[str] | None = None) -> Generation:
    pieces: list[str] = [] if heard is None else heard
    return await host.generate(TextRequest(prompt, sampling), owner=prompt[:1], on_token=pieces.append, is_ended=threading.Event().is_set)


@pytest.fixture(params=["llamacpp", "transformers"])
async def host(request: pytest.FixtureRequest, small: Path, cache: Path) -> Any:
    host = opened(engine_of(request.param, f"file://{small}"), cache)
    await host.profile(lambda _stage: None)
    yield host
    await host.close()


async def test_it_loads_by_stages_and_has_a_profile(small: Path, cache: Path) -> None:
    for name, kind in (("llamacpp", BatchHost), ("transformers", EngineHost)):
        host = opened(engine_of(name, f"file://{small}"), cache)
        assert isinstance(host, kind)
        stages: list[str] = []
        profile = await host.profile(stages.append)
        assert (profile.name, profile.model, profile.context_tokens, profile.max_batch) == (name, f"file://{small}", 128, 4)
        assert stages[0] == "reading model"
        assert stages[-1] == "warming up"
        await host.close()


async def test_each_writes_what_the_weights_say(host: TextHost, expected: Callable[[str, int], str]) -> None:
    for prompt in PROMPTS:
        pieces: list[str] = []
        generation = await ask(host, prompt, heard=pieces)
        assert generation.text == "".join(pieces)
        assert same(generation.text, expected(prompt, 24)), prompt
        assert generation.prompt_tokens > 0


async def test_in_company_each_writes_what_it_writes_alone(host: TextHost, expected: Callable[[str, int], str]) -> None:
    """More than there are places, with like beginnings, joining at random moments and of different lengths."""

    async def late(number: int) -> tuple[str, int, Generation]:
        await asyncio.sleep(0.003 * (number * 7 % 5))  # on purpose: they come at different moments
        prompt, count = PROMPTS[number % len(PROMPTS)], 3 + number * 5 % 30
        return prompt, count, await ask(host, prompt, Sampling(max_tokens=count, temperature=0, repetition_penalty=1.0))

    for prompt, count, generation in await asyncio.gather(*(late(number) for number in range(30))):
        assert same(generation.text, expected(prompt, count)), (prompt, count)
        assert generation.completion_tokens <= count


def same(text: str, wanted: str) -> bool:
    """But for a character that the length cuts."""
    return text.rstrip("\ufffd") == wanted.rstrip("\ufffd")


async def test_a_cancelled_text_ends_and_the_others_go_on(host: TextHost, expected: Callable[[str, int], str]) -> None:
    ended, heard = threading.Event(), list[str]()

    def hear(piece: str) -> None:
        heard.append(piece)
        ended.set()

    gone = asyncio.create_task(
        host.generate(TextRequest("Tom ran", Sampling(max_tokens=100)), owner="a", on_token=hear, is_ended=ended.is_set)
    )
    stays = asyncio.create_task(ask(host, "Luna"))
    assert (await gone).finish_reason == "cancelled"
    assert (await gone).completion_tokens < 90
    assert same((await stays).text, expected("Luna", 24))


@pytest.mark.parametrize("prompt", ["", "   ", "🦊", "\ud83d broken", "a" * 5000, "\x00\x07", "<|endoftext|>", "Íñigo 一只狐狸"])
async def test_any_prompt_is_answered(host: TextHost, prompt: str) -> None:
    pieces: list[str] = []
    generation = await ask(host, prompt, Sampling(max_tokens=40, seed=1), heard=pieces)
    assert generation.finish_reason in ("length", "stop")
    assert "".join(pieces) == generation.text
    generation.text.encode()


async def test_more_tokens_than_there_is_room_for_are_no_error(host: TextHost) -> None:
    generation = await ask(host, "Luna", Sampling(max_tokens=4000))
    assert generation.completion_tokens < 128


def test_logits_of_the_converted_file_are_those_of_the_weights(small: Path, cache: Path, reference: Any, tokenizer: Any) -> None:
    import numpy as np
    import torch

    from octavo_generation.engines.llamacpp.engine import LlamaEngine

    engine = LlamaEngine(lambda _stage: small, called="small", quantization="float32", slots=2, cache=cache, threads=1)
    engine.load(lambda _stage: None)
    try:
        for prompt in PROMPTS:
            ids = tokenizer.encode(prompt).ids
            assert engine.encode(prompt) == ids, "both cut a prompt into the same tokens"
            ours = engine.decoder.step([Chunk(1, 0, ids, True)])[0].copy()
            engine.decoder.keep(1, 0)
            theirs = reference(input_ids=torch.tensor([ids])).logits[0, -1].detach().numpy()
            assert np.abs(ours - theirs).max() < 0.02 * np.abs(theirs).max()
            assert int(ours.argmax()) == int(theirs.argmax())
    finally:
        engine.unload()


@pytest.mark.parametrize("quantization", ["auto", "float16", "bfloat16", "q8_0", "q4_0", "q4_k_m"])
async def test_number_formats_are_made_and_served(small: Path, cache: Path, quantization: str) -> None:
    host = opened(engine_of("llamacpp", f"file://{small}", quantization), cache)
    await host.profile(lambda _stage: None)
    assert (await ask(host, "Luna", Sampling(max_tokens=8, seed=1))).completion_tokens > 0
    await host.close()
    assert list((cache / "gguf").glob("*.gguf"))
    assert not [file for file in (cache / "gguf").iterdir() if file.suffix != ".gguf"], "nothing half made is left"


async def test_a_model_comes_from_the_hub(small: Path, tmp_path: Path) -> None:
    with model_hub({"tales/small": small}) as hub:
        for name in ("llamacpp", "transformers"):
            stages: list[str] = []
            host = opened(engine_of(name, "hf://tales/small@main"), tmp_path / "models", environment={"HF_ENDPOINT": hub.url})
            await host.profile(stages.append)
            assert stages[0] == "asking the hub"
            assert (await ask(host, "Luna")).text
            await host.close()


def broken(tmp_path: Path, small: Path) -> dict[str, tuple[Path, str]]:
    """Places with something wrong, and a word of what is said about each."""
    import shutil

    found = {"missing": (tmp_path / "nowhere", "does not exist")}
    for name, word in (("cut", "cut off"), ("mamba", "mamba"), ("large", "memory"), ("shape", "shape|size mismatch")):
        folder = tmp_path / name
        shutil.copytree(small, folder)
        found[name] = (folder, word)
    weights = tmp_path / "cut" / "model.safetensors"
    os.truncate(weights, weights.stat().st_size // 2)
    for name, old, new in (("mamba", '"gpt2"', '"mamba-of-nobody"'), ("shape", '"n_embd": 64', '"n_embd": 128')):
        config = tmp_path / name / "config.json"
        config.write_text(config.read_text().replace(old, new))
    # A sparse file: as large as a model of 500 billion parameters, and no block on the disk.
    words = b'{"wte.weight":{"dtype":"F32","shape":[500000,1000000],"data_offsets":[0,2000000000000]}}'
    weights = tmp_path / "large" / "model.safetensors"
    weights.write_bytes(len(words).to_bytes(8, "little") + words)
    os.truncate(weights, 8 + len(words) + 2_000_000_000_000)
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    found["pickled"] = (pickled, "pickle")
    return found


@pytest.mark.parametrize("name", ["llamacpp", "transformers"])
async def test_a_broken_model_is_refused_in_words_again_and_again(small: Path, tmp_path: Path, name: str) -> None:
    for folder, word in broken(tmp_path, small).values():
        host = opened(engine_of(name, f"file://{folder}"), tmp_path / "made")
        for _ in range(2):
            with pytest.raises((EngineError, Misconfigured), match=word):
                await host.profile(lambda _stage: None)
        await host.close()


def gguf_of(small: Path, cache: Path) -> bytes:
    from octavo_generation.engines.llamacpp.model_file import gguf_file

    return gguf_file(small, "float32", cache, lambda _stage: None).read_bytes()


@pytest.mark.parametrize("damage", ["cut", "noise", "none of it", "too large"])
async def test_a_broken_gguf_file_is_refused_in_words(small: Path, cache: Path, tmp_path: Path, damage: str) -> None:
    raw, file = gguf_of(small, cache), tmp_path / "model.gguf"
    match damage:
        case "cut":
            file.write_bytes(raw[: len(raw) * 2 // 3])
        case "noise":
            file.write_bytes(raw[:64] + bytes(range(256)) * 40)
        case "none of it":
            file.write_bytes(b"\x80\x04pickled")
        case _:
            file.write_bytes(raw)
            os.truncate(file, 2_000_000_000_000)
    host = opened(engine_of("llamacpp", f"file://{file}"), tmp_path / "made")
    with pytest.raises(OctavoError) as refused:
        await host.profile(lambda _stage: None)
    assert isinstance(refused.value, EngineError | Misconfigured)
    assert "model.gguf" in refused.value.message
    await host.close()


async def test_it_has_use_for_as_many_jobs_as_write_and_as_many_again(small: Path, cache: Path) -> None:
    host = opened(engine_of("llamacpp", f"file://{small}"), cache, at_once=3)
    assert host.room is None
    assert (await host.profile(lambda _stage: None)).max_batch == 3
    assert host.room == 6
    await host.close()
