"""What scripts tell Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

_KIND = ["generator", "template"]

WRITTEN = Counter("octavo_scripts_total", "Scripts that were written to their end.", _KIND)
WORDS = Counter("octavo_script_words_total", "Words of those scripts.", _KIND)
PARTS = Counter("octavo_script_parts_total", "Answers that scripts were made of, by why they were asked for.", ["generator", "mode"])
KEPT_PARTS = Counter("octavo_script_kept_parts_total", "Parts that an earlier attempt had paid for and this one did not.", ["generator"])
LENGTH = Histogram(
    "octavo_script_length_ratio",
    "Words of a script by those that were asked for.",
    ["generator"],
    buckets=(0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.5),
)
