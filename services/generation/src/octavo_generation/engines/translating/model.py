"""A CTranslate2 model with an encoder and a decoder: from token rows to token rows, the best few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.model_folder import open_model_folder

if TYPE_CHECKING:
    from ctranslate2 import Translator as Loaded
    from tokenizers import Tokenizer

END = "</s>"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the decoder wrote, without the language and the end; `score` is the mean log probability of a
    token (the beam's length penalty of 1 makes it so)."""

    tokens: tuple[str, ...]
    score: float


class SequenceModel:
    """`threads`: cores of one step. Raises, in `load`, what the port says."""

    def __init__(self, folder: Path, *, quantization: str, threads: int = 1) -> None:
        self._folder = folder
        self._compute_type = "default" if quantization == "auto" else quantization
        self._threads = threads
        self._loaded: Loaded | None = None
        self.tokenizer: Tokenizer | None = None

    def load(self, on_stage: Callable[[str], None]) -> None:
        on_stage("reading model")
        open_model_folder(self._folder)
        try:
            import ctranslate2
            from tokenizers import Tokenizer
        except ImportError as error:
            raise Misconfigured(f"the ctranslate2 engine needs {error.name}: install octavo-generation with its dependencies") from error
        try:
            on_stage("loading tokenizer")
            self.tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            on_stage("loading weights")
            self._loaded = ctranslate2.Translator(
                str(self._folder), device="cpu", compute_type=self._compute_type, inter_threads=1, intra_threads=self._threads
            )
        except Exception as error:  # tokenizers raises bare Exception for a broken file
            self.unload()
            raise EngineError(f"the model in {self._folder} cannot be loaded: {error}") from error

    def unload(self) -> None:
        self._loaded = self.tokenizer = None

    def run(self, rows: Sequence[Sequence[str]], targets: Sequence[str], *, best: int, longest: int) -> list[list[Hypothesis]]:
        """`rows` as the encoder reads them, language and end included; `targets` are the languages to write. Raises `EngineError`."""
        if self._loaded is None:
            raise EngineError("translate was called before load")
        try:
            results = self._loaded.translate_batch(
                [list(row) for row in rows],
                target_prefix=[[target] for target in targets],
                beam_size=4,
                num_hypotheses=best,
                max_decoding_length=longest,
                max_input_length=0,
                return_scores=True,
                batch_type="tokens",
                max_batch_size=4096,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"the model failed while it translated: {error}") from error
        return [
            [
                Hypothesis(tuple(token for token in hypothesis[1:] if token != END), score)
                for hypothesis, score in zip(result.hypotheses, result.scores, strict=True)
            ]
            for result in results
        ]
