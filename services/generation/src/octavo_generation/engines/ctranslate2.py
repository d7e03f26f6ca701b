"""The text engine on CTranslate2: small, CPU, no torch. Serves `builtin://tiny-stories` and any converted GPT-2.

How a batch runs. CTranslate2 takes one set of sampling parameters a call and keeps its random state per worker thread, so items
without a seed go together by their parameters, and an item with a seed runs alone on a fresh generator, whose new thread starts
from that seed. That gives the same text alone or in any batch; a fresh generator costs a few milliseconds for a small model.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.model_folder import ModelFolder, open_model_folder
from octavo_generation.engines.port import EngineProfile, FinishReason, Generation, Sampling, TextRequest
from octavo_generation.engines.stories.casting import cast
from octavo_generation.engines.stories.conditioning import AGREEMENT, SLOTS
from octavo_generation.engines.stories.narration import Narration
from octavo_generation.engines.stories.prompt import read_prompt
from octavo_generation.engines.token_bytes import byte_of_character

if TYPE_CHECKING:
    from ctranslate2 import Generator
    from tokenizers import Tokenizer

_SEEDS = 2**32
_Parts = tuple[list["_Item"], list[bytes | str | None], str, Callable[[int, str], None], Callable[[int], bool]]


@dataclass(slots=True)
class _Item:
    """One request on its way: its start tokens, its text so far, how it ended."""

    index: int
    start: list[str]
    narration: Narration
    opening: str
    sampling: Sampling
    prompt_tokens: int
    language: str | None
    written: int = 0
    finish: FinishReason = "length"


class _Relay:
    """What CTranslate2 calls for every token, from its own thread.

    That thread keeps the relay for a moment after the call has returned. If the relay then held the last reference to a
    generator, the thread would have to join itself, which aborts the process: so `let_go` empties it. For the same reason an
    exception is kept here and raised by the caller, not thrown through C++ with the frames that it holds.
    """

    def __init__(
        self,
        group: list[_Item],
        pieces: list[bytes | str | None],
        end: str,
        on_token: Callable[[int, str], None],
        cancelled: Callable[[int], bool],
    ) -> None:
        self._parts: _Parts | None = (group, pieces, end, on_token, cancelled)
        self._failure: BaseException | None = None

    def __call__(self, result: Any) -> bool:
        """True ends the item."""
        if self._parts is None or self._failure is not None:
            return True
        group, pieces, end, on_token, cancelled = self._parts
        item = group[result.batch_id]
        try:
            if item.finish == "cancelled" or cancelled(item.index):
                item.finish = "cancelled"
                return True
            if result.token == end:
                item.finish = "stop"
                return True
            item.written += 1
            piece = pieces[result.token_id]
            if piece and (text := item.narration.feed(piece)):
                on_token(item.index, text)
        except BaseException as error:
            self._failure = error
            return True
        return False

    def let_go(self) -> BaseException | None:
        """Drops every reference; gives the exception that stopped the batch, if one did."""
        failure, self._parts, self._failure = self._failure, None, None
        return failure


class CTranslate2Engine:
    """Implements `octavo_generation.engines.port.TextEngine`.

    `folder` is a converted model (`builtin_path` gives the builtin ones), or what gives one once it is fetched; `model` what the profile
    calls it (its own name where empty), `quantization` the number format to compute in (CTranslate2's names, or `auto`), `threads` the
    cores of one step.
    """

    def __init__(
        self, folder: Path | Callable[[Callable[[str], None]], Path], *, model: str = "", quantization: str = "auto", threads: int = 1
    ) -> None:
        self._place = folder
        self._folder = folder if isinstance(folder, Path) else Path()
        self._called = model
        self._compute_type = "default" if quantization == "auto" else quantization
        self._threads = threads
        self._model: ModelFolder | None = None
        self._generator: Generator | None = None
        self._tokenizer: Tokenizer | None = None
        self._pieces: list[bytes | str | None] = []

    def load(self, on_stage: Callable[[str], None]) -> EngineProfile:
        if not isinstance(self._place, Path):
            self._folder = self._place(on_stage)
        on_stage("reading model")
        self._model = model = open_model_folder(self._folder)
        try:
            import ctranslate2
            from tokenizers import Tokenizer
        except ImportError as error:
            raise Misconfigured(f"the ctranslate2 engine needs {error.name}: install octavo-generation with its dependencies") from error
        on_stage("loading tokenizer")
        try:
            self._tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
            on_stage("loading weights")
            # A thread's random state starts from the seed that is set when it first samples: the shared generator must draw
            # its own now, before any request with a seed sets one.
            ctranslate2.set_random_seed(secrets.randbelow(_SEEDS))
            self._generator = self._open()
            self._pieces = _token_pieces(self._tokenizer)
            on_stage("warming up")
            self._generator.generate_batch([[model.end_token]], max_length=1, sampling_topk=0)
        except Exception as error:  # tokenizers raises bare Exception for a broken file
            self.unload()
            raise EngineError(f"the model in {self._folder} cannot be loaded: {error}") from error
        return EngineProfile(
            name="ctranslate2",
            model=self._called or f"{model.name} {model.version}",
            languages=model.languages,
            context_tokens=model.context_tokens,
            max_batch=model.max_batch,
            deterministic=True,
        )

    def generate(
        self,
        batch: Sequence[TextRequest],
        on_token: Callable[[int, str], None],
        cancelled: Callable[[int], bool],
    ) -> list[Generation]:
        if self._generator is None or self._tokenizer is None or self._model is None:
            raise EngineError("generate was called before load")
        items = [self._prepare(index, request) for index, request in enumerate(batch)]
        together: dict[Sampling, list[_Item]] = {}
        for item in items:
            if item.opening:
                on_token(item.index, item.narration.begin())
            if item.sampling.max_tokens < 1:
                continue
            if item.sampling.seed is None:
                together.setdefault(item.sampling, []).append(item)
        for sampling, group in together.items():
            for start in range(0, len(group), self._model.max_batch):
                self._run(self._generator, group[start : start + self._model.max_batch], sampling, on_token, cancelled)
        for item in items:
            if item.sampling.seed is not None and item.sampling.max_tokens >= 1:
                self._run(self._seeded(item.sampling.seed), [item], item.sampling, on_token, cancelled)
        return [self._finish(item, on_token) for item in items]

    def unload(self) -> None:
        self._generator = self._tokenizer = None
        self._pieces = []

    def _prepare(self, index: int, request: TextRequest) -> _Item:
        assert self._model is not None
        assert self._tokenizer is not None
        sampling = request.sampling
        prompt_ids = self._tokenizer.encode(request.prompt.encode("utf-8", "ignore").decode("utf-8")).ids  # no lone surrogates
        if self._model.prompting == "stories":
            reading = read_prompt(request.prompt, request.language)
            chosen = cast(reading, request.audience or "children", random.Random(sampling.seed))
            start = list(chosen.conditions.tokens())
            narration = Narration(chosen.conditions, chosen.slots, chosen.opening)
            opening, language = chosen.opening, str(chosen.conditions.language)
            # Slots, pronouns and control tokens have to come again; what must not is a whole phrase, and `no_repeat` sees to that.
            sampling = replace(sampling, repetition_penalty=1.0)
        else:
            kept = prompt_ids[-(self._model.context_tokens // 2) :]
            start = [self._tokenizer.id_to_token(i) or "" for i in kept] or [self._model.end_token]
            narration, opening, language = Narration(None, {}), "", request.language or ""
        room = max(0, self._model.context_tokens - len(start))
        sampling = replace(sampling, max_tokens=min(sampling.max_tokens, room))
        return _Item(index, start, narration, opening, sampling, len(prompt_ids), language or None)

    def _run(
        self,
        generator: Generator,
        group: list[_Item],
        sampling: Sampling,
        on_token: Callable[[int, str], None],
        cancelled: Callable[[int], bool],
    ) -> None:
        """One call of CTranslate2: every item of `group` from its first token to its end; raises what `on_token` raises."""
        assert self._model is not None
        relay = _Relay(group, self._pieces, self._model.end_token, on_token, cancelled)
        greedy = sampling.temperature <= 0
        try:
            generator.generate_batch(
                [item.start for item in group],
                max_length=sampling.max_tokens,
                sampling_topk=1 if greedy else max(0, sampling.top_k),
                sampling_topp=1.0 if greedy else sampling.top_p,
                sampling_temperature=1.0 if greedy else sampling.temperature,
                repetition_penalty=sampling.repetition_penalty,
                no_repeat_ngram_size=self._model.no_repeat,
                include_prompt_in_result=False,
                end_token=self._model.end_token,
                return_end_token=True,
                callback=relay,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"the model failed while it wrote: {error}") from error
        finally:
            failure = relay.let_go()
        if failure is not None:
            raise failure

    def _finish(self, item: _Item, on_token: Callable[[int, str], None]) -> Generation:
        rest = item.narration.close(cut=item.finish == "length")
        if rest:
            on_token(item.index, rest)
        return Generation(item.narration.text, item.prompt_tokens, item.written, item.finish, item.language)

    def _open(self) -> Generator:
        import ctranslate2

        return ctranslate2.Generator(
            str(self._folder), device="cpu", compute_type=self._compute_type, inter_threads=1, intra_threads=self._threads
        )

    def _seeded(self, seed: int) -> Generator:
        import ctranslate2

        ctranslate2.set_random_seed(seed % _SEEDS)
        return self._open()


def _token_pieces(tokenizer: Tokenizer) -> list[bytes | str | None]:
    """For every id: its bytes, or the slot's name, or None for a control token."""
    table = byte_of_character()
    special = {i for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    pieces: list[bytes | str | None] = []
    for i in range(tokenizer.get_vocab_size()):
        token = tokenizer.id_to_token(i) or ""
        if i in special:
            pieces.append(token if token in SLOTS or AGREEMENT.fullmatch(token) else None)
        else:
            pieces.append(bytes(table[c] for c in token))
    return pieces
