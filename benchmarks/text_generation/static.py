"""Batches that are made once and stay together to their end: the seeds' design (a batch of one) and the libraries' own ways."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.text_generation.asking import NEW_TOKENS

SAMPLING = {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "repetition_penalty": 1.1}
"""Octavo's defaults, for all who sample."""


class Static(ABC):
    """Whoever comes while a batch is computed waits for it to end; then up to `most` go together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._thread = ThreadPoolExecutor(1)
        self._waiting: list[tuple[list[int], asyncio.Future[int]]] = []
        self._working: asyncio.Task[None] | None = None

    async def load(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self.open)
        await asyncio.get_running_loop().run_in_executor(self._thread, self.generate, [[1000] * 4])

    async def ask(self, prompt: list[int], first: Callable[[], None]) -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((prompt, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        count = await future
        first()
        return count

    async def close(self) -> None:
        self._thread.shutdown()

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            counts = await asyncio.get_running_loop().run_in_executor(self._thread, self.generate, [prompt for prompt, _ in batch])
            for (_, future), count in zip(batch, counts, strict=True):
                future.set_result(count)
        self._working = None

    @abstractmethod
    def open(self) -> None:
        """Loads the model, on the one thread that computes."""

    @abstractmethod
    def generate(self, batch: Sequence[list[int]]) -> list[int]:
        """How many tokens each prompt of the batch was given."""


class Transformers(Static):
    """The seeds' service is this with `most` 1 in float32: `model.generate` behind a lock."""

    def __init__(self, folder: Path, *, most: int, dtype: str) -> None:
        super().__init__(most)
        self._folder, self._dtype = folder, dtype

    def open(self) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self._torch = torch
        self._model: Any = AutoModelForCausalLM.from_pretrained(self._folder, dtype=getattr(torch, self._dtype)).eval()

    def generate(self, batch: Sequence[list[int]]) -> list[int]:
        ids = self._torch.tensor(batch)
        with self._torch.inference_mode():
            answer = self._model.generate(
                input_ids=ids,
                attention_mask=self._torch.ones_like(ids),
                max_new_tokens=NEW_TOKENS,
                do_sample=True,
                pad_token_id=self._model.config.eos_token_id,
                **SAMPLING,
            )
        end = self._model.config.eos_token_id
        return [_written(row, end) for row in answer[:, ids.shape[1] :].tolist()]


class CTranslate2(Static):
    """int8, as Octavo's default engine has it."""

    def __init__(self, folder: Path, *, most: int, threads: int) -> None:
        super().__init__(most)
        self._folder, self._threads = folder, threads

    def open(self) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        self._generator = ctranslate2.Generator(str(self._folder), compute_type="int8", intra_threads=self._threads)
        self._tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))

    def generate(self, batch: Sequence[list[int]]) -> list[int]:
        results = self._generator.generate_batch(
            [[self._tokenizer.id_to_token(i) for i in prompt] for prompt in batch],
            max_length=NEW_TOKENS,
            sampling_topk=SAMPLING["top_k"],
            sampling_topp=SAMPLING["top_p"],
            sampling_temperature=SAMPLING["temperature"],
            repetition_penalty=SAMPLING["repetition_penalty"],
            include_prompt_in_result=False,
        )
        return [len(result.sequences_ids[0]) for result in results]


def _written(row: list[int], end: int) -> int:
    return row.index(end) if end in row else len(row)
