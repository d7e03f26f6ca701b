"""Traces: off without an endpoint, told when the libraries are absent, and arriving where there is a collector."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import SecretStr
from tests.contract.core.serving import collecting

from octavo_core.errors import Misconfigured
from octavo_core.telemetry import configure_tracing
from octavo_core.telemetry.tracing import span

SPEAK = """
import sys
from octavo_core.telemetry import configure_tracing
from octavo_core.telemetry.tracing import span
configure_tracing("generation", sys.argv[1])
with span("claim jobs", queue="stories", count=3):
    pass
"""


def test_without_an_endpoint_nothing_is_traced_and_nothing_is_loaded() -> None:
    program = SPEAK.replace("sys.argv[1]", "None") + "assert 'opentelemetry' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_missing_libraries_are_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter"):
        with monkeypatch.context() as missing:
            missing.setitem(sys.modules, name, None)
            with pytest.raises(Misconfigured, match=r"OCTAVO_OTLP_ENDPOINT is set, but .+ is missing; install octavo-core\[telemetry\]"):
                configure_tracing("generation", "http://127.0.0.1:1")


def test_a_span_lets_errors_through() -> None:
    with pytest.raises(KeyError), span("claim"):
        raise KeyError


def test_application_insights_without_its_exporter_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.monitor.opentelemetry.exporter", None)
    monkeypatch.setenv("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true")
    with pytest.raises(Misconfigured, match=r"APPLICATIONINSIGHTS_CONNECTION_STRING is set, .+octavo-core\[application-insights\]"):
        configure_tracing("generation", None, application_insights=SecretStr("InstrumentationKey=x"))


@pytest.mark.parametrize("given", ["geheim", "InstrumentationKey=geheim", "", "IngestionEndpoint=http://127.0.0.1:1/"])
def test_what_is_no_connection_string_is_refused_without_it(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true")
    with pytest.raises(Misconfigured, match="is no connection string of Application Insights") as caught:
        configure_tracing("generation", None, application_insights=SecretStr(given))
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize(("endpoint", "path"), [("", "/v1/traces"), ("/", "/v1/traces"), ("/otel/v1/traces", "/otel/v1/traces")])
def test_a_span_arrives_at_the_collector(endpoint: str, path: str) -> None:
    """In a process of its own: OpenTelemetry's provider is set once per process, and sends what is left at its end."""
    posts: list[tuple[str, bytes]] = []
    with collecting(posts) as port:
        subprocess.run([sys.executable, "-c", SPEAK, f"http://127.0.0.1:{port}{endpoint}"], check=True, timeout=30)
    assert [posted for posted, _ in posts] == [path]
    for word in (b"claim jobs", b"stories", b"generation"):
        assert word in posts[0][1]
