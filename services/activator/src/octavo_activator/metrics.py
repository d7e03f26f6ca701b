"""What the activator tells Prometheus. No label has a generator's name: there may be thousands."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ROUTES = Gauge("octavo_activator_routes", "Generators that it stands in for, by phase.", ["phase"])
ROUTES_REFUSED = Gauge("octavo_activator_routes_refused", "Routes of the last table that could not be used.")
TABLE_AGE = Gauge("octavo_activator_table_timestamp_seconds", "When the operator last sent its table of routes (Unix time).")
HELD_JOBS = Gauge("octavo_activator_held_jobs", "Jobs that are held, those that were cancelled or failed included.")
HELD_BYTES = Gauge("octavo_activator_held_bytes", "Size of their bodies.")
WAITING_REQUESTS = Gauge("octavo_activator_waiting_requests", "Requests and streams that wait for a generator's start.")
ACCEPTED = Counter("octavo_activator_accepted_total", "Jobs accepted in a generator's stead.")
REFUSED = Counter("octavo_activator_refused_total", "Requests refused, by reason.", ["reason"])
HANDED_OVER = Counter("octavo_activator_handed_over_total", "Jobs that a generator has taken over.")
DELIVERIES = Counter("octavo_activator_deliveries_total", "Deliveries, by what came of them.", ["outcome"])
HOLD = Histogram(
    "octavo_activator_hold_seconds",
    "From a job's acceptance until its generator had it.",
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600, 1800),
)
PROXIED = Counter("octavo_activator_proxied_total", "Requests passed on to a generator, by what came of them.", ["outcome"])
