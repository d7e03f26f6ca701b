"""The contract of `engines/port.py`, kept by the real engine with the weights that ship."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.builtin import builtin_names, builtin_path
from octavo_generation.engines.ctranslate2 import CTranslate2Engine
from octavo_generation.engines.port import Generation, Sampling, TextRequest

MODEL = builtin_path("tiny-stories")


@pytest.fixture(scope="module")
def engine() -> CTranslate2Engine:
    loaded = CTranslate2Engine(MODEL)
    loaded.load(lambda _stage: None)
    return loaded


def run(
    engine: CTranslate2Engine, batch: Sequence[TextRequest], cancelled: Callable[[int], bool] = lambda _index: False
) -> tuple[list[Generation], list[list[str]]]:
    pieces: list[list[str]] = [[] for _ in batch]
    results = engine.generate(batch, lambda index, text: pieces[index].append(text), cancelled)
    return results, pieces


def ask(prompt: str, seed: int | None = None, max_tokens: int = 300, **rest: object) -> TextRequest:
    return TextRequest(prompt, Sampling(max_tokens=max_tokens, seed=seed), **rest)  # type: ignore[arg-type]


def test_load_tells_its_stages_and_its_profile() -> None:
    stages: list[str] = []
    profile = CTranslate2Engine(MODEL, model="builtin://tiny-stories").load(stages.append)

    assert stages == ["reading model", "loading tokenizer", "loading weights", "warming up"]
    assert (profile.name, profile.model, profile.languages, profile.deterministic) == (
        "ctranslate2",
        "builtin://tiny-stories",
        ("en", "es"),
        True,
    )
    assert profile.max_batch >= 16


def test_pieces_join_to_the_text_and_results_keep_the_order(engine: CTranslate2Engine) -> None:
    names = [f"Hero{i}" for i in range(40)]
    results, pieces = run(engine, [ask(f"{name} walked home", audience="children") for name in names])

    assert ["".join(of_one) for of_one in pieces] == [result.text for result in results]
    for name, result in zip(names, results, strict=True):
        assert result.text.startswith(f"{name} walked home.")
        assert result.finish_reason == "stop"
        assert result.completion_tokens > 20
        assert result.prompt_tokens > 0
    assert min(len(of_one) for of_one in pieces) > 10, "the text comes in pieces, not at the end"


def test_the_same_seed_gives_the_same_text_alone_and_in_a_batch(engine: CTranslate2Engine) -> None:
    wanted = ask("A brave fox", seed=11, audience="young")
    alone = run(engine, [wanted])[0][0].text
    crowd = [ask("Luna found a kite"), wanted, ask("zzz", seed=4), wanted, ask("Un zorro", seed=11)]
    results, _ = run(engine, crowd)

    assert results[1].text == results[3].text == alone
    assert run(engine, [ask("A brave fox", seed=12, audience="young")])[0][0].text != alone
    fresh = CTranslate2Engine(MODEL)
    fresh.load(lambda _stage: None)
    assert run(fresh, [wanted])[0][0].text == alone


def test_without_a_seed_every_story_is_another(engine: CTranslate2Engine) -> None:
    run(engine, [ask("A brave fox", seed=1)])
    again = CTranslate2Engine(MODEL)
    again.load(lambda _stage: None)
    texts = [result.text for each in (engine, again) for result in run(each, [ask("A brave fox", audience="young")] * 4)[0]]
    assert len(set(texts)) == 8


def test_items_of_one_batch_may_differ_in_every_parameter(engine: CTranslate2Engine) -> None:
    batch = [
        TextRequest("Luna found a kite", Sampling(max_tokens=5, temperature=0.5), "children"),
        TextRequest("Luna encontró una cometa", Sampling(max_tokens=300, top_k=5, seed=2**63), "adult"),
        TextRequest("Tom", Sampling(max_tokens=300, temperature=0.0), "young", "en"),
        TextRequest("Tom", Sampling(max_tokens=300, top_k=0, top_p=1.0), "children", "es"),
    ]
    results, _ = run(engine, batch)

    assert results[0].completion_tokens == 5
    assert [result.language for result in results] == ["en", "es", "en", "es"]
    assert [result.finish_reason for result in results] == ["length", "stop", "stop", "stop"]


@pytest.mark.parametrize("max_tokens", [1, 7, 24])
def test_max_tokens_bounds_the_new_tokens(engine: CTranslate2Engine, max_tokens: int) -> None:
    result = run(engine, [ask("Luna found a kite", max_tokens=max_tokens, seed=1)])[0][0]

    assert result.completion_tokens <= max_tokens
    assert result.finish_reason == "length"
    assert result.text.startswith("Luna found a kite. ")
    assert result.text.endswith(("…", ".", "!", "?", "”"))


def test_more_tokens_than_the_context_holds_are_no_error(engine: CTranslate2Engine) -> None:
    assert run(engine, [ask("Luna found a kite", max_tokens=100_000)])[0][0].finish_reason in ("stop", "length")


@pytest.mark.parametrize("seed", [None, 5])
def test_a_cancelled_item_ends_at_the_next_step_and_the_others_go_on(engine: CTranslate2Engine, seed: int | None) -> None:
    counted = [0, 0]

    def cancelled(index: int) -> bool:
        counted[index] += 1
        return index == 0 and counted[0] > 6

    results, pieces = run(engine, [ask("Luna found a kite", seed), ask("Tom lost his hat", seed)], cancelled)

    assert results[0].finish_reason == "cancelled"
    assert results[0].completion_tokens == 6
    assert counted[0] == 7, "it is asked once a step, and no more once it is out"
    assert results[1].finish_reason == "stop"
    assert "".join(pieces[0]) == results[0].text


def test_an_error_of_the_caller_comes_out(engine: CTranslate2Engine) -> None:
    class Gone(Exception): ...

    def broken(_index: int, text: str) -> None:
        if "kite. " not in text and len(text) > 2:
            raise Gone

    with pytest.raises(Gone):
        engine.generate([ask("Luna found a kite")], broken, lambda _index: False)
    assert run(engine, [ask("Luna found a kite")])[0][0].finish_reason == "stop"


HOSTILE = [
    *("zzz", "🦊", "👩‍🚀 flew", "Once upon a time", "luna", "a" * 8000, "word " * 1600, "\x00\x07\x1b[31mMia\u202e ran", "<|end|><hero>"),
    *(
        "{}[]|%@",
        "一只狐狸",
        "قصة عن ثعلب",
        "Привет",
        "Marie a trouvé un chat",
        "???",
        "   ",
        "",
        "\ud83d broken",
        "I",
        "no",
        "Ñandú corrió",
    ),
    *("1234", "Once\nupon\ta time", "«»", "the", "un"),
]


@pytest.mark.parametrize("prompt", HOSTILE, ids=[repr(p[:12]) for p in HOSTILE])
@pytest.mark.parametrize("language", [None, "en", "es", "fr"])
def test_any_prompt_becomes_a_story(engine: CTranslate2Engine, prompt: str, language: str | None) -> None:
    result, pieces = run(engine, [ask(prompt, seed=3, language=language, audience="children")])

    text = result[0].text
    assert len(text) > 150
    assert result[0].finish_reason == "stop"
    assert "".join(pieces[0]) == text
    assert not any(mark in text for mark in ("<", ">", "\x00", "\ufffd"))
    assert text == text.strip()
    text.encode()


def test_pieces_are_whole_characters(engine: CTranslate2Engine) -> None:
    _, pieces = run(engine, [ask(f"Íñigo {i} perdió su ñandú 🦤 en el jardín", seed=i, language="es") for i in range(8)])
    for piece in (piece for of_one in pieces for piece in of_one):
        piece.encode()
        assert "\ufffd" not in piece


def test_letting_go_of_an_engine_right_after_a_story_does_not_abort_the_process() -> None:
    # CTranslate2's thread lets go of the callback a moment later; were that the last hold on the engine, it would join itself.
    script = (
        "import sys; from pathlib import Path\n"
        "from octavo_generation.engines.ctranslate2 import CTranslate2Engine\n"
        "from octavo_generation.engines.port import Sampling, TextRequest\n"
        "def once(seed):\n"
        "    engine = CTranslate2Engine(Path(sys.argv[1])); engine.load(lambda stage: None)\n"
        "    engine.generate([TextRequest('Tom ran', Sampling(max_tokens=20, seed=seed))], lambda i, t: engine and None, lambda i: False)\n"
        "for round in range(60): once(None if round % 2 else round)\n"
        "print('alive')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(MODEL)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-500:]


def test_generate_before_load_says_so() -> None:
    with pytest.raises(EngineError, match="before load"):
        CTranslate2Engine(MODEL).generate([ask("x")], lambda _i, _t: None, lambda _i: False)


def test_unload_then_load_works_again() -> None:
    engine = CTranslate2Engine(MODEL)
    engine.load(lambda _stage: None)
    engine.unload()
    engine.load(lambda _stage: None)
    assert run(engine, [ask("Tom")])[0][0].text


def test_a_folder_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"model\.bin"):
        CTranslate2Engine(tmp_path).load(lambda _stage: None)


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "model.json"])
def test_a_broken_file_is_an_engine_error(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(MODEL, folder)
    (folder / name).write_bytes(b"{ not this")
    with pytest.raises(EngineError):
        CTranslate2Engine(folder).load(lambda _stage: None)


def test_an_unknown_builtin_names_those_that_exist() -> None:
    assert "tiny-stories" in builtin_names()
    assert builtin_path("builtin://tiny-stories") == MODEL
    for name in ("huge-stories", "../builtin", "", "tiny_stories/.."):
        with pytest.raises(Misconfigured, match="tiny-stories"):
            builtin_path(name)


def test_the_weights_that_ship_are_small() -> None:
    assert sum(file.stat().st_size for file in MODEL.iterdir()) < 8_000_000
