"""llama.cpp as a `Decoder`: one context, a sequence for each slot. All there is of C.

Sequences have memory of their own (`kv_unified` off), so that a text's attention reads its own tokens alone. llama.cpp then computes
runs of neighbouring sequences together, which is why the scheduler keeps texts side by side; a copy between sequences is one of the
whole memory, done with the next step.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from octavo_core.errors import EngineError
from octavo_generation.engines.batching.decoder import Chunk
from octavo_generation.engines.llamacpp.library import last_words, library

if TYPE_CHECKING:
    from numpy.typing import NDArray

MICRO_BATCH = 512
"""Tokens that go through the network together."""
_FLASH = 1
"""Needed: without it attention takes longer than all the rest at many sequences (measured: 350 for 620 tokens/s at 32)."""


class LlamaDecoder:
    """Implements `Decoder`. Belongs to one thread, but for `close`, which comes after it."""

    def __init__(self, model: Any, *, slots: int, slot_tokens: int, threads: int) -> None:
        """Raises `EngineError` where the context cannot be had."""
        self._lib = lib = library()
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = slots * slot_tokens
        parameters.n_seq_max = slots
        parameters.n_batch = max(MICRO_BATCH, slots)
        parameters.n_ubatch = MICRO_BATCH
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.kv_unified = False
        parameters.flash_attn_type = _FLASH
        parameters.no_perf = True
        last_words()
        self._context = lib.llama_init_from_model(model, parameters)
        if not self._context:
            raise EngineError(f"llama.cpp gives no room for {slots} texts of {slot_tokens} tokens: {last_words() or 'it does not say why'}")
        self._memory = lib.llama_get_memory(self._context)
        self._batch = lib.llama_batch_init(parameters.n_batch, 0, 1)
        self._vocabulary: int = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
        self._slots, self._slot_tokens, self._step_tokens = slots, slot_tokens, int(parameters.n_batch)
        size = (self._step_tokens,)
        self._token = np.ctypeslib.as_array(self._batch.token, size)
        self._position = np.ctypeslib.as_array(self._batch.pos, size)
        self._wanted = np.ctypeslib.as_array(self._batch.logits, size)
        np.ctypeslib.as_array(self._batch.n_seq_id, size)[:] = 1
        self._sequence = [self._batch.seq_id[i] for i in range(self._step_tokens)]

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def slot_tokens(self) -> int:
        return self._slot_tokens

    @property
    def step_tokens(self) -> int:
        return self._step_tokens

    def step(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        count = rows = 0
        for chunk in chunks:
            end = count + len(chunk.tokens)
            self._token[count:end] = chunk.tokens
            self._position[count:end] = range(chunk.start, chunk.start + len(chunk.tokens))
            self._wanted[count:end] = 0
            for i in range(count, end):
                self._sequence[i][0] = chunk.slot
            if chunk.wants:
                self._wanted[end - 1] = 1
                rows += 1
            count = end
        self._batch.n_tokens = count
        failed = self._lib.llama_decode(self._context, self._batch)
        if failed:
            raise EngineError(f"llama.cpp could not go on with {len(chunks)} texts ({failed}): {last_words() or 'it does not say why'}")
        if not rows:
            return np.empty((0, self._vocabulary), dtype=np.float32)
        pointer = ctypes.cast(self._lib.llama_get_logits(self._context), ctypes.POINTER(ctypes.c_float))
        return np.ctypeslib.as_array(pointer, (rows, self._vocabulary))

    def keep(self, slot: int, tokens: int) -> None:
        self._lib.llama_memory_seq_rm(self._memory, slot, tokens, -1)

    def share(self, source: int, target: int, tokens: int) -> None:
        self._lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        self._lib.llama_memory_seq_rm(self._memory, target, tokens, -1)

    def close(self) -> None:
        if self._context:
            self._lib.llama_batch_free(self._batch)
            self._lib.llama_free(self._context)
            self._context = None
