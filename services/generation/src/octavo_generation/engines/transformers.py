"""The text engine on torch and Hugging Face's transformers: any causal model with safetensors, on CPU and CUDA, in static batches.

A batch is padded on the left to its longest prompt and steps until its last text has ended; one that ended before leaves it. Texts of
like length go together. Nothing of a model's own code is run, and no pickle is read. The same seed gives the same text alone or in
company as far as the numbers of a padded batch are the same, which is not promised.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.batching.sampling import Choosing, choose
from octavo_generation.engines.batching.writing import Writing
from octavo_generation.engines.checkpoints.checkpoint import Checkpoint, open_checkpoint, read_json
from octavo_generation.engines.memory import available_bytes, check_fits
from octavo_generation.engines.number_formats import native_format
from octavo_generation.engines.port import EngineProfile, FinishReason, Generation, TextRequest
from octavo_generation.engines.token_bytes import token_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_LONGEST = 2048


class TransformersEngine:
    """Implements `octavo_generation.engines.port.TextEngine`.

    `place` gives the folder in Hugging Face's layout, fetched where that has to be; `called` is what the profile names it.
    """

    def __init__(
        self, place: Callable[[Callable[[str], None]], Path], *, called: str, quantization: str = "auto", max_batch: int = 16
    ) -> None:
        self._place = place
        self._called = called
        self._quantization = quantization
        self._max_batch = max_batch
        self._torch: Any = None
        self._model: Any = None
        self._tokenizer: Any = None
        self._pieces: dict[int, bytes] = {}
        self._ends: frozenset[int] = frozenset()
        self._context = 0
        self._cache_name = ""

    def load(self, on_stage: Callable[[str], None]) -> EngineProfile:
        try:
            import torch
            import transformers
            from tokenizers import Tokenizer
        except ImportError as error:
            raise Misconfigured(f"the engine transformers needs {error.name}: install octavo-generation[transformers]") from error
        self._torch = torch
        place = self._place(on_stage)
        on_stage("reading model")
        checkpoint = open_checkpoint(place)
        self._check(checkpoint, transformers)
        dtype = self._number_format(torch)
        self._context = min(
            _LONGEST, int(checkpoint.config.get("n_positions") or checkpoint.config.get("max_position_embeddings") or _LONGEST)
        )
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cpu":
            check_fits(checkpoint.parameters * _BYTES[dtype], f"the model {self._called}", available_bytes())
        try:
            on_stage("loading tokenizer")
            self._tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
            self._pieces = token_bytes(self._tokenizer)
            on_stage("loading weights")
            self._model = transformers.AutoModelForCausalLM.from_pretrained(
                place, dtype=getattr(torch, dtype), use_safetensors=True, trust_remote_code=False, local_files_only=True
            )
            self._model.to(device).eval()
            # The argument's name differs by version.
            taken = inspect.signature(self._model.forward).parameters
            self._cache_name = "past_key_values" if "past_key_values" in taken else "cache"
            self._ends = _end_tokens(place, checkpoint)
            on_stage("warming up")
            begin = torch.tensor([[next(iter(self._ends), 0)]])
            self._forward(begin, torch.ones_like(begin), self._cache())
        except Misconfigured:
            raise
        except Exception as error:  # the library raises bare ones of many kinds for broken files
            self.unload()
            raise EngineError(f"the model {self._called} cannot be loaded: {error}"[:500]) from error
        return EngineProfile(
            name="transformers",
            model=self._called,
            languages=(),
            context_tokens=self._context,
            max_batch=self._max_batch,
            deterministic=False,
        )

    def generate(
        self, batch: Sequence[TextRequest], on_token: Callable[[int, str], None], cancelled: Callable[[int], bool]
    ) -> list[Generation]:
        if self._model is None:
            raise EngineError("generate was called before load")
        begun = [self._begin(request) for request in batch]
        # Texts of like length go together, so that little of a batch is padding.
        order = sorted(range(len(batch)), key=lambda index: len(begun[index]))
        done: dict[int, Generation] = {}
        for start in range(0, len(order), self._max_batch):
            self._run(order[start : start + self._max_batch], batch, begun, done, on_token, cancelled)
        return [done[index] for index in range(len(batch))]

    def unload(self) -> None:
        self._model = self._tokenizer = None
        self._pieces = {}
        if self._torch is not None and self._torch.cuda.is_available():
            self._torch.cuda.empty_cache()

    def _begin(self, request: TextRequest) -> list[int]:
        ids: list[int] = self._tokenizer.encode(request.prompt.encode("utf-8", "ignore").decode("utf-8")).ids  # no lone surrogates
        return ids[-max(1, self._context // 2) :] or [next(iter(self._ends), 0)]

    def _run(
        self,
        group: Sequence[int],
        batch: Sequence[TextRequest],
        begun: Sequence[list[int]],
        done: dict[int, Generation],
        on_token: Callable[[int, str], None],
        cancelled: Callable[[int], bool],
    ) -> None:
        """Every text of `group` from its first token to its end."""
        choosing = {index: Choosing(batch[index].sampling, set(begun[index])) for index in group}
        writing = {index: Writing() for index in group}
        written = dict.fromkeys(group, 0)
        limits = {index: max(1, min(batch[index].sampling.max_tokens, self._context - len(begun[index]))) for index in group}

        def end(index: int, reason: FinishReason) -> None:
            done[index] = Generation(writing[index].whole, len(begun[index]), written[index], reason, batch[index].language)

        torch, width = self._torch, max(len(begun[index]) for index in group)
        ids = torch.tensor([[0] * (width - len(begun[index])) + begun[index] for index in group])
        mask = torch.tensor([[0] * (width - len(begun[index])) + [1] * len(begun[index]) for index in group])
        live, cache = list(group), self._cache()
        while live:
            for index in live:
                if index not in done and cancelled(index):
                    end(index, "cancelled")
            keep = [place for place, index in enumerate(live) if index not in done]
            if not keep:
                return
            if len(keep) < len(live):
                live, kept = [live[place] for place in keep], torch.tensor(keep)
                ids, mask = ids[kept], mask[kept]
                if cache.get_seq_length():
                    cache.batch_select_indices(kept.to(self._model.device))
            logits = self._forward(ids, mask, cache)
            chosen = choose(logits, [choosing[index] for index in live])
            ids = torch.tensor(chosen)[:, None]
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
            for index, token in zip(live, chosen, strict=True):
                if token in self._ends:
                    end(index, "stop")
                    continue
                written[index] += 1
                if piece := writing[index].feed(self._pieces.get(token, b"")):
                    on_token(index, piece)
                if written[index] >= limits[index]:
                    end(index, "length")

    def _forward(self, ids: Any, mask: Any, cache: Any) -> NDArray[np.float32]:
        """What may follow each row's last token. `cache` has these tokens in it afterwards."""
        torch, device = self._torch, self._model.device
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        try:
            with torch.inference_mode():
                answer = self._model(
                    input_ids=ids.to(device),
                    attention_mask=mask.to(device),
                    position_ids=positions.to(device),
                    **{self._cache_name: cache},
                    use_cache=True,
                    logits_to_keep=1,
                )
                logits: NDArray[np.float32] = answer.logits[:, -1].float().cpu().numpy()
                return logits
        except (RuntimeError, IndexError) as error:
            raise EngineError(f"the model failed while it wrote: {error}"[:300]) from error

    def _cache(self) -> Any:
        from transformers import DynamicCache

        return DynamicCache(config=self._model.config)

    def _number_format(self, torch: Any) -> str:
        if self._quantization == "int8":
            raise Misconfigured("the engine transformers computes in bfloat16, float16 or float32; for int8 take the engine ctranslate2")
        if self._quantization != "auto":
            return self._quantization
        if torch.cuda.is_available():
            return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
        return "bfloat16" if native_format() == "bfloat16" else "float32"

    def _check(self, checkpoint: Checkpoint, library: Any) -> None:
        served = library.models.auto.modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        if checkpoint.model_type not in served:
            raise Misconfigured(
                f"{checkpoint.folder.name} is a {checkpoint.model_type or 'model without a type'}, which writes no text from left to right"
            )


def _end_tokens(place: Path, checkpoint: Checkpoint) -> frozenset[int]:
    said = read_json(place / "generation_config.json").get("eos_token_id") if (place / "generation_config.json").is_file() else None
    found = said if said is not None else checkpoint.config.get("eos_token_id")
    return frozenset(i for i in (found if isinstance(found, list) else [found]) if isinstance(i, int))
