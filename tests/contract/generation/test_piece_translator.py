"""NLLB-200's architecture and layout, with weights of chance: loaded and run as the real ones are, in all of its languages."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from octavo_core.errors import EngineError
from octavo_generation.engines.port import TextRequest
from octavo_generation.engines.translating.engine import TranslationEngine, direction
from octavo_generation.engines.translating.languages import languages
from octavo_generation.engines.translating.layout import read_layout

pytestmark = pytest.mark.needs("torch")

_MADE = """
import sys
from pathlib import Path
import torch
from ctranslate2.converters import TransformersConverter
from octavo_generation.engines.translating.languages import languages
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import M2M100Config, M2M100ForConditionalGeneration, PreTrainedTokenizerFast

out = Path(sys.argv[1])
codes = list(languages())
tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
tokenizer.decoder = decoders.Metaspace()
begin = ["<s>", "<pad>", "</s>", "<unk>"]
alphabet = [*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,"]
tokenizer.train_from_iterator(["the fox sleeps by the river QX0 QX1 QX2"] * 3,
                              trainers.BpeTrainer(vocab_size=160, special_tokens=begin, initial_alphabet=alphabet, show_progress=False))
tokenizer.add_special_tokens([AddedToken(code, special=True, normalized=False) for code in codes])
torch.manual_seed(1)
network = M2M100ForConditionalGeneration(M2M100Config(
    vocab_size=tokenizer.get_vocab_size(), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
    decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=1024))
hub = out / "hub"
network.save_pretrained(hub)
PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
                        additional_special_tokens=codes).save_pretrained(hub)
TransformersConverter(str(hub), copy_files=["tokenizer.json"]).convert(str(out / "nllb"), quantization="int8")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = os.environ.get("OCTAVO_TRAIN_PYTHON") or (sys.executable if find_spec("torch") else ".venv-train/bin/python")
    out = tmp_path_factory.mktemp("nllb")
    done = subprocess.run([python, "-c", _MADE, str(out)], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return out / "nllb"


@pytest.fixture(scope="module")
def engine(folder: Path) -> TranslationEngine:
    made = TranslationEngine(folder)
    assert made.load(lambda _stage: None).languages == tuple(languages())
    return made


def _translate(engine: TranslationEngine, texts: list[str], source: str, target: str) -> list[str]:
    requests = [TextRequest(text, language=direction(source, target)) for text in texts]
    return [done.text for done in engine.generate(requests, lambda _i, _t: None, lambda _i: False)]


def test_every_code_is_translated_into(engine: TranslationEngine) -> None:
    requests = [TextRequest("the fox sleeps", language=direction("eng_Latn", code)) for code in languages()]
    done = engine.generate(requests, lambda _i, _t: None, lambda _i: False)
    assert len(done) == 202
    assert all(one.finish_reason == "stop" and one.prompt_tokens > 0 for one in done)


def test_alone_or_in_a_batch_it_is_the_same(engine: TranslationEngine) -> None:
    texts = ["the fox", "the river sleeps by the fox", "fox"]
    together = _translate(engine, texts, "eng_Latn", "spa_Latn")
    assert together == [_translate(engine, [text], "eng_Latn", "spa_Latn")[0] for text in texts]


def test_what_must_come_through_does_whatever_the_model_makes_of_it(engine: TranslationEngine) -> None:
    text = "the fox `code` sleeps {name} by https://example.org the river, %s. QX7\n\n- **the** [river](a.md)\n"
    layout = read_layout(text)
    written = layout.write(_translate(engine, layout.segments, "eng_Latn", "fra_Latn"))
    for kept in ("`code`", "{name}", "https://example.org", "%s", "](a.md)", "\n\n- **"):
        assert written.count(kept) == text.count(kept), (kept, written)


def test_a_text_longer_than_the_model_reads_is_cut_and_translated(engine: TranslationEngine) -> None:
    (text,) = _translate(engine, ["the fox sleeps by the river, " * 120], "eng_Latn", "deu_Latn")
    assert isinstance(text, str)


def test_what_is_no_translator_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "config.json", "shared_vocabulary.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(EngineError, match="cannot be loaded"):
        TranslationEngine(tmp_path).load(lambda _stage: None)
