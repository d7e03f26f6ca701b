"""The text engine on llama.cpp, for the batcher (`engines/batching`)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from octavo_core.errors import EngineError
from octavo_generation.engines.batching.decoder import Chunk, Decoder
from octavo_generation.engines.llamacpp.decoder import LlamaDecoder
from octavo_generation.engines.llamacpp.library import last_words, library
from octavo_generation.engines.llamacpp.model_file import gguf_file
from octavo_generation.engines.memory import available_bytes, check_fits, fits
from octavo_generation.engines.port import EngineProfile

LONGEST_TEXT = 2048
"""Tokens of a slot at most; a model that takes more is not given more, as each slot's memory is taken whether it is used or not."""
_CACHE_VALUE = 2
"""Bytes: keys and values are kept as float16."""
_SCRATCH = 64 * 2**20


class LlamaEngine:
    """Implements `octavo_generation.engines.port.StepEngine`.

    `place` gives the model's file or folder, fetched where that has to be; `called` is what the profile names it; `slots` bounds the
    texts at once, fewer where memory is short; what has to be made of a model is kept below `cache`.
    """

    def __init__(
        self,
        place: Callable[[Callable[[str], None]], Path],
        *,
        called: str,
        quantization: str = "auto",
        slots: int = 16,
        cache: Path,
        threads: int,
    ) -> None:
        self._place = place
        self._called = called
        self._quantization = quantization
        self._most_slots = slots
        self._cache = cache
        self._threads = threads
        self._lib: Any = None
        self._model: Any = None
        self._vocabulary: Any = None
        self._decoder: LlamaDecoder | None = None
        self._pieces: dict[int, bytes] = {}

    @property
    def decoder(self) -> Decoder:
        assert self._decoder is not None, "after load"
        return self._decoder

    def load(self, on_stage: Callable[[str], None]) -> EngineProfile:
        self._lib = library()
        place = self._place(on_stage)
        on_stage("reading model")
        file = gguf_file(place, self._quantization, self._cache, on_stage)
        try:
            return self._load(file, on_stage)
        except BaseException:
            self.unload()
            raise

    def unload(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
        if self._model:
            self._lib.llama_model_free(self._model)
            self._model = self._vocabulary = None
        self._pieces = {}

    def encode(self, text: str) -> list[int]:
        raw = text.encode("utf-8", "ignore")  # no lone surrogates
        room = len(raw) + 8
        tokens = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(self._vocabulary, raw, len(raw), tokens, room, True, False)
        if count < 0:
            raise EngineError("the prompt cannot be cut into tokens")
        begin = list(tokens[:count])
        return begin or [self._begin()]

    def piece(self, token: int) -> bytes:
        found = self._pieces.get(token)
        if found is None:
            buffer = ctypes.create_string_buffer(256)
            length = self._lib.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
            if length < 0:
                buffer = ctypes.create_string_buffer(-length)
                length = self._lib.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
            found = self._pieces[token] = buffer.raw[: max(0, length)]
        return found

    def ends(self, token: int) -> bool:
        return bool(self._lib.llama_vocab_is_eog(self._vocabulary, token))

    def _load(self, file: Path, on_stage: Callable[[str], None]) -> EngineProfile:
        weights = file.stat().st_size
        free = available_bytes()
        check_fits(weights + _SCRATCH, f"the model {self._called}", free)
        on_stage("loading weights")
        last_words()
        self._model = self._lib.llama_model_load_from_file(str(file).encode(), self._lib.llama_model_default_params())
        if not self._model:
            raise EngineError(f"{file.name} cannot be loaded: {last_words() or 'llama.cpp does not say why'}")
        self._vocabulary = self._lib.llama_model_get_vocab(self._model)
        if not self._lib.llama_model_has_decoder(self._model) or not self._lib.llama_vocab_n_tokens(self._vocabulary):
            raise EngineError(f"{file.name} is no model that writes text")
        slot_tokens = min(LONGEST_TEXT, self._lib.llama_model_n_ctx_train(self._model))
        slots = self._slots_that_fit(weights, slot_tokens, free)
        on_stage("making room")
        self._decoder = LlamaDecoder(self._model, slots=slots, slot_tokens=slot_tokens, threads=self._threads)
        on_stage("warming up")
        self._decoder.step([Chunk(0, 0, [self._begin()], True)])
        self._decoder.keep(0, 0)
        return EngineProfile(
            name="llamacpp", model=self._called, languages=(), context_tokens=slot_tokens, max_batch=slots, deterministic=False
        )

    def _slots_that_fit(self, weights: int, slot_tokens: int, free: int | None) -> int:
        """Raises `Misconfigured` where not even one does."""
        lib, model = self._lib, self._model
        heads = max(1, lib.llama_model_n_head(model))
        wide = lib.llama_model_n_embd(model) * max(1, lib.llama_model_n_head_kv(model)) // heads
        slot = 2 * _CACHE_VALUE * lib.llama_model_n_layer(model) * wide * slot_tokens
        slots = self._most_slots
        while slots > 1 and not fits(weights + _SCRATCH + slots * slot, free):
            slots -= 1
        check_fits(weights + _SCRATCH + slots * slot, f"the model {self._called}", free)
        return slots

    def _begin(self) -> int:
        for token in (self._lib.llama_vocab_bos(self._vocabulary), self._lib.llama_vocab_eos(self._vocabulary)):
            if token >= 0:
                return int(token)
        return 0
