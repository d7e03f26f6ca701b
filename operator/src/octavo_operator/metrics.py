"""What the operator counts about itself, for Prometheus. Names begin with `octavo_operator_`."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECONCILES = Counter("octavo_operator_reconciles", "Reconciles, by how they ended.", ["result"])
RECONCILE_SECONDS = Histogram(
    "octavo_operator_reconcile_seconds",
    "How long a reconcile took, waiting for the API server included.",
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
)
WRITES = Counter("octavo_operator_writes", "Objects written to the API server.", ["kind", "verb"])
API_REQUESTS = Counter(
    "octavo_operator_api_requests", "Requests to the API server, each counted once however often it was tried.", ["kind", "verb"]
)
DRIFTS = Counter("octavo_operator_drifts", "Children that somebody else changed and that were applied again.", ["kind"])
QUEUE_DEPTH = Gauge("octavo_operator_queue_depth", "Generators that wait to be reconciled now.")
QUEUE_WAIT_SECONDS = Histogram(
    "octavo_operator_queue_wait_seconds",
    "How long a generator that was due waited for its turn.",
    buckets=(0.001, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100),
)
RESOURCES = Gauge("octavo_operator_resources", "GeneratorServices that are known.")
WATCH_EVENTS = Counter("octavo_operator_watch_events", "Events of watches.", ["kind"])
WATCH_AGE_SECONDS = Gauge(
    "octavo_operator_watch_age_seconds", "Time since a watch last heard from the API server, bookmarks included.", ["kind"]
)
WATCH_RELISTS = Counter("octavo_operator_watch_relists", "Lists taken because a watch could not go on.", ["kind"])
LEADER = Gauge("octavo_operator_leader", "Whether this replica holds the Lease of a shard.", ["shard"])
EVENTS_DROPPED = Counter("octavo_operator_events_dropped", "Kubernetes Events that were not posted: too many, or refused.")
BACKLOG_SECONDS = Histogram(
    "octavo_operator_backlog_seconds", "How long generators' APIs took to say their backlog.", buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)
)
BACKLOG_FAILURES = Counter("octavo_operator_backlog_failures", "Backlog queries without an answer.")
LOOP_LAG_SECONDS = Gauge("octavo_operator_loop_lag_seconds", "How late the event loop last was.")
