"""Text of a model the size of GPT-2 124M: Octavo's batcher beside the seeds' design and the libraries' own ways, in one run.

32 tokens of prompt, 64 new ones, callers at random times. The weights are random: they take as long as trained ones. Each contender runs
in a process of its own, one after the other, and llama.cpp's bench before and after Octavo. JSON to standard output; `--help` names the
options.
"""

import argparse
import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from benchmarks.figures import ratio
from benchmarks.machine import describe, now
from benchmarks.text_generation.asking import NEW_TOKENS, PROMPT_TOKENS, Contender, measure, peak_memory_mb
from benchmarks.text_generation.bare import batched_bench
from benchmarks.text_generation.continuous import Octavo, TransformersContinuous
from benchmarks.text_generation.static import CTranslate2, Transformers

log = logging.getLogger("benchmarks.text")

SLOTS = 32
VOCABULARY = 50257
TEXTS: dict[str, dict[int, int]] = {
    "seeds": {1: 2, 8: 8, 32: 32},
    "transformers-static": {1: 3, 8: 24, 32: 96},
    "transformers-continuous": {1: 3, 8: 24, 32: 64},
    "ctranslate2-static": {1: 3, 8: 24, 32: 96},
    "llamacpp-bench": {1: 1, 8: 2, 32: 2},
    "octavo": {1: 5, 8: 48, 32: 160},
}
"""Texts at each number of callers (rounds, of the bench): enough for a figure, few enough for a person's patience."""
ORDER = ("seeds", "llamacpp-bench", "octavo", "llamacpp-bench", "transformers-static", "ctranslate2-static", "transformers-continuous")
_LONGEST_S = 360
"""For one contender, on a machine that has other work, too."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contenders", default=",".join(ORDER), help="which, in their order")
    parser.add_argument("--levels", default="1,8,32", help="numbers of callers")
    parser.add_argument("--models", type=Path, default=Path("build/bench-text"), help="folder where the model is made and kept")
    parser.add_argument("--minutes", type=float, default=15.0, help="no contender begins after so long")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, help="a file for the JSON, beside standard output")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    levels = [int(level) for level in options.levels.split(",")]
    if options.one:
        print(orjson.dumps(asyncio.run(_run_one(options.one, levels, options.models, options.threads))).decode())
        return 0
    names = options.contenders.split(",")
    if unknown := set(names) - set(TEXTS):
        parser.error(f"there is no contender {', '.join(sorted(unknown))}; there are {', '.join(TEXTS)}")
    _make_models(options.models, names)
    found: dict[str, dict[str, Any]] = {}
    began = time.monotonic()
    for name in names:
        if time.monotonic() - began > options.minutes * 60:
            log.warning("%s is left out: %g minutes are over", name, options.minutes)
            found.setdefault(name, {"error": f"left out: {options.minutes:g} minutes were over"})
            continue
        log.info("%s …", name)
        found[name] = _merged(found.get(name), _in_process(name, options))
    text = orjson.dumps(result_of(found, options.threads), option=orjson.OPT_INDENT_2)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(text + b"\n")
    print(text.decode())
    return 1 if any("error" in found[name] for name in ("octavo", "seeds", "llamacpp-bench") if name in found) else 0


def result_of(found: dict[str, dict[str, Any]], threads: int) -> dict[str, Any]:
    """Ratios are of tokens in a second at the most callers that all were asked by."""
    most = max((level["callers"] for contender in found.values() for level in contender.get("levels", ())), default=0)

    def at(name: str, figure: str) -> float | None:
        levels = found.get(name, {}).get("levels", ())
        value = next((level.get(figure) for level in levels if level["callers"] == most), None)
        return None if value is None else float(value)

    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    ours = at("octavo", "tokens_per_s")
    return {
        "benchmark": "text",
        "at": now(),
        "machine": asdict(describe()),
        "shape": {"parameters": 124_439_808, "prompt_tokens": PROMPT_TOKENS, "new_tokens": NEW_TOKENS, "threads": threads, "callers": most},
        "contenders": found,
        "ratio_vs_seed_design": rounded(ratio(ours, at("seeds", "tokens_per_s"))),
        "ratio_vs_static_batch": rounded(ratio(ours, at("transformers-static", "tokens_per_s"))),
        "ratio_vs_continuous_batching": rounded(ratio(ours, at("transformers-continuous", "tokens_per_s"))),
        "ratio_vs_ctranslate2": rounded(ratio(ours, at("ctranslate2-static", "tokens_per_s"))),
        "ratio_vs_llamacpp_bench": rounded(ratio(ours, at("llamacpp-bench", "tokens_per_s"))),
        "first_token_p99_vs_static_end": rounded(ratio(at("octavo", "first_token_p99_s"), at("transformers-static", "whole_p50_s"))),
    }


def _merged(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """A contender that ran twice: the mean of its rates."""
    if before is None or "error" in now:
        return now
    levels = [
        one | {"tokens_per_s": round((one["tokens_per_s"] + other["tokens_per_s"]) / 2, 2)}
        for one, other in zip(before["levels"], now["levels"], strict=True)
    ]
    return now | {"levels": levels}


def _in_process(name: str, options: argparse.Namespace) -> dict[str, Any]:
    argv = [sys.executable, "-m", "benchmarks.text", "--one", name, "--levels", options.levels, "--models", str(options.models)]
    argv += ["--threads", str(options.threads)]
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_LONGEST_S, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"it did not end within {_LONGEST_S} s"}
    if done.returncode:
        log.error("%s", done.stderr[-2000:])
        return {"error": (done.stderr.strip().splitlines() or ["it ended without a word"])[-1][:300]}
    result: dict[str, Any] = orjson.loads(done.stdout.strip().splitlines()[-1])
    for level in result["levels"]:
        log.info("  %s", "  ".join(f"{key} {value}" for key, value in level.items()))
    return result


async def _run_one(name: str, levels: Sequence[int], models: Path, threads: int) -> dict[str, Any]:
    texts = TEXTS[name]
    if name == "llamacpp-bench":
        found = [
            {"callers": level, "tokens_per_s": round(median(batched_bench(_gguf(models), level, threads, texts.get(level, 2))), 2)}
            for level in levels
        ]
        return {"levels": found, "rss_mb": round(peak_memory_mb())}
    contender = _contender(name, models, threads)
    await contender.load()
    # A first text warms what loading left cold.
    await measure(contender, 1, 1, vocabulary=VOCABULARY, seed=0)
    measured = [await measure(contender, level, texts.get(level, level), vocabulary=VOCABULARY, seed=level) for level in levels]
    await contender.close()
    return {"levels": [level.as_dict() for level in measured], "rss_mb": round(peak_memory_mb())}


def _contender(name: str, models: Path, threads: int) -> Contender:
    folder = models / "gpt2"
    match name:
        case "seeds":
            return Transformers(folder, most=1, dtype="float32")
        case "transformers-static":
            return Transformers(folder, most=SLOTS, dtype=_torch_format())
        case "transformers-continuous":
            return TransformersContinuous(folder, dtype=_torch_format())
        case "ctranslate2-static":
            return CTranslate2(models / "gpt2-ct2", most=SLOTS, threads=threads)
        case _:
            return Octavo(folder, slots=SLOTS, threads=threads, cache=models / "cache")


def _torch_format() -> str:
    from octavo_generation.engines.number_formats import native_format

    return "bfloat16" if native_format() == "bfloat16" else "float32"


def _gguf(models: Path) -> Path:
    """The very file that Octavo serves."""
    from octavo_generation.engines.llamacpp.model_file import gguf_file

    return gguf_file(models / "gpt2", "auto", models / "cache", lambda _stage: None)


def _make_models(models: Path, names: Sequence[str]) -> None:
    from scripts.models.random_gpt2 import Shape, make

    if not (models / "gpt2" / "config.json").is_file():
        log.info("making a model of GPT-2's size …")
        make(models / "gpt2", Shape())
    _gguf(models)
    if "ctranslate2-static" in names and not (models / "gpt2-ct2" / "model.bin").is_file():
        from ctranslate2.converters import TransformersConverter

        log.info("converting it for CTranslate2 …")
        TransformersConverter(str(models / "gpt2"), copy_files=["tokenizer.json"]).convert(
            str(models / "gpt2-ct2"), quantization="int8", force=True
        )


if __name__ == "__main__":
    sys.exit(main())
