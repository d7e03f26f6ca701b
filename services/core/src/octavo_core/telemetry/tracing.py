"""Traces by OpenTelemetry, when the extra `octavo-core[telemetry]` is installed and somebody to send them to is configured.

A request, the job that it makes and the calls of that job are one trace, though two processes tell of them and nothing of a trace is kept
with a job: the trace's id follows from the correlation id, which stands on every span. No span has a prompt, a result, a key or the
text of an error; an error is told by its code.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr

from octavo_core.errors import Misconfigured, OctavoError

Kind = Literal["internal", "server", "client", "consumer"]
Attribute = str | int | float | bool

CORRELATION = "octavo.correlation_id"
EXPORT_S = 5.0
_INSIGHTS = "APPLICATIONINSIGHTS_CONNECTION_STRING"
_SILENT = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
)
"""The exporter would tell its maker about this machine, and ask there how to behave."""


class _Tracing:
    """The tracer and OpenTelemetry's API, loaded."""

    def __init__(self, api: ModuleType, tracer: Any) -> None:
        self.api = api
        self.tracer = tracer
        self.kinds = {name: api.SpanKind[name.upper()] for name in ("internal", "server", "client", "consumer")}

    def context(self, correlation_id: str) -> Any:
        """Of a parent that nobody told of: it only names the trace."""
        digest = hashlib.sha256(correlation_id.encode()).digest()
        parent = self.api.SpanContext(
            trace_id=int.from_bytes(digest[:16]) or 1,
            span_id=int.from_bytes(digest[16:24]) or 1,
            is_remote=True,
            trace_flags=self.api.TraceFlags(self.api.TraceFlags.SAMPLED),
        )
        return self.api.set_span_in_context(self.api.NonRecordingSpan(parent))


_tracing: _Tracing | None = None


class Span:
    """What is told of a block while it runs; nothing is told when tracing is off."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def set(self, name: str, value: Attribute) -> None:
        if self._span is not None:
            self._span.set_attribute(name, value)

    def failed(self, word: str) -> None:
        """`word` is the machine's: an error's code or class, never its text."""
        if self._span is not None and _tracing is not None:
            # Not `error.type`, which Application Insights' exporter leaves out.
            self._span.set_attribute("octavo.error", word)
            self._span.set_status(_tracing.api.Status(_tracing.api.StatusCode.ERROR, word))


_OFF = contextlib.nullcontext(Span())


def configure_tracing(
    service: str, endpoint: str | None, *, application_insights: SecretStr | None = None, environment: str | None = None
) -> None:
    """Send spans to a collector (`http://collector:4318`, or its full path for traces), to Application Insights, or to both. Nothing
    happens without one. `environment` stands on every span.

    Raises `Misconfigured` when the libraries are absent, or the connection string is none.
    """
    global _tracing
    if endpoint is None and application_insights is None:
        return
    exporters = []
    if endpoint is not None:
        exporters.append(_otlp(endpoint))
    if application_insights is not None:
        exporters.append(_insights(application_insights))
    # Whoever has an exporter has these.
    api = importlib.import_module("opentelemetry.trace")
    sdk = importlib.import_module("opentelemetry.sdk.trace")
    export = importlib.import_module("opentelemetry.sdk.trace.export")
    resources = importlib.import_module("opentelemetry.sdk.resources")
    attributes = {"service.name": service} | ({} if environment is None else {"deployment.environment.name": environment})
    provider = sdk.TracerProvider(resource=resources.Resource.create(attributes))
    for exporter in exporters:
        provider.add_span_processor(export.BatchSpanProcessor(exporter))
    api.set_tracer_provider(provider)
    _tracing = _Tracing(api, api.get_tracer("octavo"))


def span(
    name: str, *, kind: Kind = "internal", correlation_id: str | None = None, **attributes: Attribute
) -> contextlib.AbstractContextManager[Span]:
    """A span around a block; costs one comparison when tracing is off. Without `correlation_id` it belongs to the span around it, and
    bears the correlation id that is bound to the log's context."""
    return _OFF if _tracing is None else _told(_tracing, name, kind, correlation_id, attributes)


def tell_request(*, service: str, method: str, route: str, status: int, correlation_id: str, seconds: float) -> None:
    """The span of an HTTP request that has been answered; costs one comparison when tracing is off."""
    if _tracing is None:
        return
    ended = time.time_ns()
    inner = _tracing.tracer.start_span(
        f"{method} {route}",
        context=_tracing.context(correlation_id),
        kind=_tracing.kinds["server"],
        start_time=ended - round(seconds * 1e9),
        attributes={
            CORRELATION: correlation_id,
            "octavo.service": service,
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
        },
    )
    if status >= 500:
        Span(inner).failed(str(status))
    inner.end(ended)


@contextlib.contextmanager
def _told(tracing: _Tracing, name: str, kind: Kind, correlation_id: str | None, attributes: dict[str, Attribute]) -> Iterator[Span]:
    context = None if correlation_id is None else tracing.context(correlation_id)
    known = correlation_id or structlog.contextvars.get_contextvars().get("correlation_id")
    if known is not None:
        attributes[CORRELATION] = str(known)
    started = tracing.tracer.start_as_current_span(
        name, context=context, kind=tracing.kinds[kind], attributes=attributes, record_exception=False, set_status_on_exception=False
    )
    with started as inner:
        told = Span(inner)
        try:
            yield told
        except BaseException as error:
            told.failed(error.code if isinstance(error, OctavoError) else type(error).__name__)
            raise


def _otlp(endpoint: str) -> Any:
    otlp = _load("opentelemetry.exporter.otlp.proto.http.trace_exporter", "OCTAVO_OTLP_ENDPOINT", "telemetry")
    if urlsplit(endpoint).path in ("", "/"):
        endpoint = endpoint.rstrip("/") + "/v1/traces"
    return otlp.OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S)


def _insights(connection_string: SecretStr) -> Any:
    for name in _SILENT:
        os.environ.setdefault(name, "true")
    azure = _load("azure.monitor.opentelemetry.exporter", _INSIGHTS, "application-insights")
    try:
        return azure.AzureMonitorTraceExporter(
            connection_string=connection_string.get_secret_value(),
            # What cannot be sent is lost rather than kept in a file that nobody looks after.
            disable_offline_storage=True,
            timeout=EXPORT_S,
        )
    except ValueError:
        # Its words may repeat the key.
        raise Misconfigured(f"{_INSIGHTS}: is no connection string of Application Insights") from None


def _load(module: str, variable: str, extra: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Misconfigured(f"{variable} is set, but {error.name} is missing; install octavo-core[{extra}]") from None
