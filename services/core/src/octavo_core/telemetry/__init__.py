"""Logs, traces and the words that tie them together. Metrics are prometheus-client's, declared where they are counted."""

from octavo_core.telemetry.logs import configure_logging, get_service_logger
from octavo_core.telemetry.tracing import configure_tracing

__all__ = ["configure_logging", "configure_tracing", "get_service_logger"]
