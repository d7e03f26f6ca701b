"""The figures of local models as Markdown."""

from collections.abc import Mapping
from typing import Any

from benchmarks.report import DASH, Result, figure, provenance, table

CONTENDERS = {
    "seeds": "the seeds' design: transformers, float32, one at a time",
    "transformers-static": "transformers, bfloat16, static batches",
    "transformers-continuous": "transformers, its continuous batching",
    "ctranslate2-static": "CTranslate2, int8, static batches",
    "llamacpp-bench": "llama.cpp's batched-bench",
    "octavo": "Octavo",
}
_RATIOS = {
    "ratio_vs_seed_design": "over the seeds' design",
    "ratio_vs_static_batch": "over static batches",
    "ratio_vs_continuous_batching": "over transformers' continuous batching",
    "ratio_vs_ctranslate2": "over CTranslate2's static batches",
    "ratio_vs_llamacpp_bench": "over llama.cpp's batched-bench",
    "first_token_p99_vs_static_end": "its worst first token, over what a static batch takes to its end",
}


def render_text(result: Result | None) -> str:
    """Each contender at each number of callers, then Octavo over the others. Without a result a skeleton."""
    found: Mapping[str, Any] = result["contenders"] if result else {}
    parts = [provenance(result)]
    if result:
        others = max((level.get("others_cores", 0.0) for one in found.values() for level in one.get("levels", ())), default=0.0)
        parts[0] += f" Programs that have no part in it held at most {others:.2f} cores."
    rows = []
    for name, words in CONTENDERS.items():
        contender = found.get(name, {})
        for level in contender.get("levels") or [{}]:
            rows.append(
                [
                    words,
                    str(level.get("callers", DASH)),
                    figure(level.get("tokens_per_s"), 0),
                    figure(level.get("first_token_p50_s"), 2, " s"),
                    figure(level.get("first_token_p99_s"), 2, " s"),
                    figure(level.get("whole_p50_s"), 2, " s"),
                    figure(level.get("whole_p99_s"), 2, " s"),
                    figure(contender.get("rss_mb"), 0, " MB"),
                ]
            )
    parts.append(table(["", "callers", "tokens/s", "first token p50", "p99", "whole text p50", "p99", "memory"], rows))
    ratios = [[words, f"**{figure((result or {}).get(key), 2, ' ×')}**"] for key, words in _RATIOS.items()]
    parts.append(table(["Octavo, at the most callers", ""], ratios))
    return "\n\n".join(parts)
