"""Batches that texts join and leave at every step: transformers' own, and Octavo's."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.text_generation.asking import NEW_TOKENS
from benchmarks.text_generation.static import SAMPLING


class TransformersContinuous:
    """`ContinuousBatchingManager`, with as much memory for keys and values as the callers need."""

    def __init__(self, folder: Path, *, dtype: str) -> None:
        self._folder, self._dtype = folder, dtype
        self._waiting: dict[str, tuple[asyncio.Future[int], Callable[[], None]]] = {}
        self._numbers = itertools.count()

    async def load(self) -> None:
        import torch
        from transformers import AutoModelForCausalLM, ContinuousBatchingConfig, GenerationConfig

        model: Any = AutoModelForCausalLM.from_pretrained(self._folder, dtype=getattr(torch, self._dtype)).eval()
        sampling = {name: value for name, value in SAMPLING.items() if name != "repetition_penalty"}
        config = GenerationConfig(
            max_new_tokens=NEW_TOKENS,
            do_sample=True,
            eos_token_id=model.config.eos_token_id,
            pad_token_id=model.config.eos_token_id,
            **sampling,
        )
        self._manager: Any = model.init_continuous_batching(
            config, ContinuousBatchingConfig(num_blocks=256, max_batch_tokens=512, allow_block_sharing=False)
        )
        self._manager.start()
        self._listening = asyncio.create_task(self._listen())

    async def ask(self, prompt: list[int], first: Callable[[], None]) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        name = f"text-{next(self._numbers)}"
        self._waiting[name] = (future, first)
        self._manager.add_request(prompt, request_id=name, max_new_tokens=NEW_TOKENS, streaming=True)
        return await future

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.to_thread(self._manager.stop, block=True)

    async def _listen(self) -> None:
        while True:
            result = await asyncio.to_thread(self._manager.get_result, timeout=0.5)
            if result is None or result.request_id not in self._waiting:
                if not self._manager.is_running():
                    for future, _ in self._waiting.values():
                        future.set_exception(RuntimeError("the manager has ended"))
                    return
                continue
            future, first = self._waiting[result.request_id]
            if result.error:
                future.set_exception(RuntimeError(result.error))
            elif result.generated_tokens:
                first()
            if result.is_finished() and not future.done():
                del self._waiting[result.request_id]
                future.set_result(len(result.generated_tokens))


class Octavo:
    """The engine as a worker has it: its host, its batcher, its sampling, a stream for each caller. Prompts are tokens, as with all."""

    def __init__(self, folder: Path, *, slots: int, threads: int, cache: Path) -> None:
        self._folder, self._slots, self._threads, self._cache = folder, slots, threads, cache
        self._numbers = itertools.count()

    async def load(self) -> None:
        from octavo_generation.engines.batching.hosting import BatchHost
        from octavo_generation.engines.llamacpp.engine import LlamaEngine

        class OfTokens(LlamaEngine):
            def encode(self, text: str) -> list[int]:
                return [int(token) for token in text.split()]

        self._host = BatchHost(
            lambda: OfTokens(lambda _stage: self._folder, called="gpt2", slots=self._slots, cache=self._cache, threads=self._threads)
        )
        await self._host.profile(lambda _stage: None)

    async def ask(self, prompt: list[int], first: Callable[[], None]) -> int:
        from octavo_generation.engines.port import Sampling, TextRequest

        request = TextRequest(" ".join(map(str, prompt)), Sampling(max_tokens=NEW_TOKENS, **SAMPLING))  # type: ignore[arg-type]
        generation = await self._host.generate(
            request, owner=f"user-{next(self._numbers) % 8}", on_token=lambda _piece: first(), is_ended=lambda: False
        )
        return generation.completion_tokens

    async def close(self) -> None:
        await self._host.close()
