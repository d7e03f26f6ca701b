"""Traces by OpenTelemetry, when the extra `octavo-core[telemetry]` is installed and an exporter's endpoint is configured."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from octavo_core.errors import Misconfigured

_tracer = None


def configure_tracing(service: str, endpoint: str | None) -> None:
    """Send spans to a collector (`http://collector:4318`, or its full path for traces). Nothing happens without one.

    Raises `Misconfigured` when the libraries are absent.
    """
    global _tracer
    if endpoint is None:
        return
    try:
        api = importlib.import_module("opentelemetry.trace")
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise Misconfigured(f"OCTAVO_OTLP_ENDPOINT is set, but {error.name} is missing; install octavo-core[telemetry]") from None
    if urlsplit(endpoint).path in ("", "/"):
        endpoint = endpoint.rstrip("/") + "/v1/traces"
    provider = sdk.TracerProvider(resource=resources.Resource.create({"service.name": service}))
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    api.set_tracer_provider(provider)
    _tracer = api.get_tracer("octavo")


@contextlib.contextmanager
def span(name: str, **attributes: str | int | float | bool) -> Iterator[None]:
    """A span around a block; costs one comparison when tracing is off."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, attributes=attributes):
        yield
