"""llama.cpp's batched-bench: all texts begin together, go on together and end together; nothing is sampled and nobody is waited for.

The program itself is in no package. This does what its source does (tools/batched-bench): one `llama_decode` for all prompts, then one for
each token of all texts, tokens being whatever; its defaults are kept (memory of its own for each sequence, flash attention as the library
chooses).
"""

import time
from pathlib import Path
from typing import Any

from benchmarks.text_generation.asking import NEW_TOKENS, PROMPT_TOKENS


def batched_bench(file: Path, sequences: int, threads: int, rounds: int) -> list[float]:
    """New tokens in a second, prompts' time included, of each round."""
    import llama_cpp.llama_cpp as lib

    quiet = lib.llama_log_callback(lambda _level, _text, _data: None)
    lib.llama_log_set(quiet, None)
    lib.llama_backend_init()
    model: Any = lib.llama_model_load_from_file(str(file).encode(), lib.llama_model_default_params())
    parameters = lib.llama_context_default_params()
    parameters.n_ctx = sequences * 256
    parameters.n_seq_max = sequences
    parameters.n_batch = 2048
    parameters.n_ubatch = 512
    parameters.n_threads = parameters.n_threads_batch = threads
    context = lib.llama_init_from_model(model, parameters)
    batch = lib.llama_batch_init(parameters.n_batch, 0, 1)

    def decode(entries: list[tuple[int, int, int, bool]]) -> None:
        for place, (token, position, sequence, wanted) in enumerate(entries):
            batch.token[place], batch.pos[place], batch.logits[place] = token, position, wanted
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = sequence
        batch.n_tokens = len(entries)
        if lib.llama_decode(context, batch):
            raise RuntimeError("llama_decode failed")
        lib.llama_synchronize(context)

    found = []
    for number in range(rounds + 1):
        lib.llama_memory_clear(lib.llama_get_memory(context), False)
        began = time.perf_counter()
        decode([(1000 + 7 * i + s, i, s, i == PROMPT_TOKENS - 1) for s in range(sequences) for i in range(PROMPT_TOKENS)])
        for i in range(NEW_TOKENS):
            decode([(2000 + 3 * i + s, PROMPT_TOKENS + i, s, True) for s in range(sequences)])
        # The first warms up.
        if number:
            found.append(sequences * NEW_TOKENS / (time.perf_counter() - began))
    return found
