"""What calls to providers tell Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300)
_PROVIDER = ["generator", "provider"]

CALLS = Counter(
    "octavo_provider_calls_total",
    "Calls to providers by outcome: ok, the error's code, cancelled, or why none was made (circuit_open, no_room, budget_spent).",
    [*_PROVIDER, "outcome"],
)
SECONDS = Histogram("octavo_provider_call_seconds", "Calls that were made, whatever came of them.", _PROVIDER, buckets=_SECONDS)
COST = Counter("octavo_provider_cost_usd_total", "US dollars by the price table, of calls that were answered.", _PROVIDER)
TOKENS = Counter("octavo_provider_tokens_total", "Tokens as the upstream counts them.", [*_PROVIDER, "direction"])
IMAGES = Counter("octavo_provider_images_total", "Pictures that providers made.", _PROVIDER)
BREAKER_OPEN = Gauge("octavo_provider_breaker_open", "1 while a provider is left alone, or tried again with one call.", _PROVIDER)
SPENT = Gauge(
    "octavo_budget_spent_usd",
    "US dollars spent by the whole generator this day or month (UTC), where it has a budget; as this process last saw it.",
    ["generator", "period"],
)
