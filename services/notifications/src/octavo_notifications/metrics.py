"""What notifications tell Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CLIENTS = Gauge("octavo_notifications_clients", "Socket.IO clients connected to this process.")
SENT = Counter("octavo_notifications_sent_total", "Events handed to Socket.IO clients.")
REFUSED = Counter("octavo_notifications_refused_total", "Connections and subscriptions refused, by reason.", ["reason"])
DROPPED = Counter("octavo_notifications_dropped_total", "Socket.IO clients dropped, by reason.", ["reason"])
LAG = Histogram(
    "octavo_notifications_lag_seconds",
    "From an event's place in the stream to its way to a client that was there.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
DELIVERIES = Counter("octavo_notifications_deliveries_total", "Attempts of webhook deliveries, by outcome.", ["outcome"])
MAILS = Counter("octavo_notifications_mails_total", "Mails about long jobs, by outcome.", ["outcome"])
PUSHES = Counter("octavo_notifications_pushes_total", "Attempts of pushes to browsers, by outcome.", ["outcome"])
