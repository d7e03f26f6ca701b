"""A translator as a text engine: the host's batches, over all jobs, are its batches. A request's prompt is one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.model_folder import open_model_folder
from octavo_generation.engines.port import EngineProfile, Generation, TextRequest
from octavo_generation.engines.translating.by_pieces import PieceTranslator
from octavo_generation.engines.translating.by_words import WORDS, WordTranslator
from octavo_generation.engines.translating.port import Sentence, Translated

_TARGET = ">"


def direction(source: str, target: str) -> str:
    """Of a request, in place of its language."""
    return f"{source}{_TARGET}{target}"


class TranslationEngine:
    """Implements `octavo_generation.engines.port.TextEngine`. A request's `language` is a `direction`. `folder` is a converted model, or
    what gives one once it is there."""

    def __init__(self, folder: Path | Callable[[Callable[[str], None]], Path], *, model: str = "", quantization: str = "auto") -> None:
        self._place = folder
        self._called = model
        self._quantization = quantization
        self._translator: WordTranslator | PieceTranslator | None = None

    def load(self, on_stage: Callable[[str], None]) -> EngineProfile:
        folder = self._place if isinstance(self._place, Path) else self._place(on_stage)
        about = open_model_folder(folder)
        if about.prompting == "stories":
            raise Misconfigured(f"the model in {folder} tells stories; a translator needs an encoder and a decoder, such as NLLB-200")
        translator = (WordTranslator if (folder / WORDS).is_file() else PieceTranslator)(folder, quantization=self._quantization)
        translator.load(on_stage)
        self._translator = translator
        return EngineProfile(
            name="ctranslate2",
            model=self._called or f"{about.name} {about.version}",
            languages=about.languages if isinstance(translator, WordTranslator) else translator.languages,
            context_tokens=about.context_tokens,
            max_batch=about.max_batch,
            deterministic=True,
        )

    def generate(
        self, batch: Sequence[TextRequest], on_token: Callable[[int, str], None], cancelled: Callable[[int], bool]
    ) -> list[Generation]:
        """A translation is said whole. Items that were cancelled before it began are not translated."""
        if self._translator is None:
            raise EngineError("generate was called before load")
        wanted = [index for index in range(len(batch)) if not cancelled(index)]
        done = dict(zip(wanted, self._translator.translate([_sentence(batch[index]) for index in wanted]), strict=True))
        for index, translated in done.items():
            on_token(index, translated.text)
        return [_generation(done.get(index)) for index in range(len(batch))]

    def unload(self) -> None:
        if self._translator is not None:
            self._translator.unload()
            self._translator = None


def _sentence(request: TextRequest) -> Sentence:
    source, separator, target = (request.language or "").partition(_TARGET)
    if not separator:
        raise EngineError("a translation needs both its languages")
    return Sentence(request.prompt, source, target)


def _generation(translated: Translated | None) -> Generation:
    if translated is None:
        return Generation("", 0, 0, "cancelled")
    return Generation(translated.text, *translated.tokens, "stop", kept=translated.kept)
