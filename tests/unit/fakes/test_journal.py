"""The journal is bounded, counts everything, and shows no key."""

from __future__ import annotations

from typing import Any

import pytest

from octavo_core.errors import Misconfigured
from octavo_fakes.call import mask
from octavo_fakes.journal import Journal
from octavo_fakes.main import read_latency
from octavo_fakes.stage import Asked


def call(body: bytes = b"{}", headers: dict[str, str] | None = None, query: str = "") -> Asked:
    scope: dict[str, Any] = {
        "method": "POST",
        "path": "/openai/v1/chat/completions",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    made = Asked("openai", scope, read_model=lambda asked: asked.json()["model"])
    made.raw = body
    return made


def test_only_the_last_are_kept_and_all_are_counted() -> None:
    journal = Journal(keep=3)
    for _ in range(10):
        journal.end(journal.begin(call()), 200, "answered")
    shown = journal.describe()
    assert [request["number"] for request in shown["requests"]] == [8, 9, 10]
    assert shown["counts"]["openai"]["by_status"] == {"200": 10}
    assert shown["total"] == 10


@pytest.mark.parametrize("header", ["authorization", "api-key", "x-api-key", "x-key", "mj-api-secret", "cookie"])
def test_no_header_shows_a_key(header: str) -> None:
    journal = Journal()
    value = "Bearer topsecret-9876" if header == "authorization" else "topsecret-9876"
    journal.end(journal.begin(call(headers={header: value, "accept": "*/*"}, query="key=topsecret-9876&v=1")), 200, "answered")
    (request,) = journal.describe()["requests"]
    assert "topsecret" not in str(request)
    assert request["key"] == "…9876"
    assert request["headers"]["accept"] == "*/*"
    assert request["query"] == "key=…9876&v=1"


def test_a_short_key_is_hidden_whole() -> None:
    assert mask("abcd") == "…"
    assert mask("") == ""


def test_a_broken_body_is_shown_as_none() -> None:
    journal = Journal()
    journal.end(journal.begin(call(b"{broken")), 400, "answered")
    (request,) = journal.describe()["requests"]
    assert request["body"] is None
    assert request["model"] == ""


def test_a_call_that_began_before_the_clearing_does_not_unbalance_the_counts() -> None:
    journal = Journal()
    old = journal.begin(call())
    journal.clear()
    new = journal.begin(call())
    journal.end(old, 200, "answered")
    journal.end(new, 200, "answered")
    assert journal.describe()["counts"]["openai"]["in_flight"] == 0


def test_latencies_of_the_command_line() -> None:
    assert read_latency(["openai=0.05,xai=1", "flux=2"]) == {"openai": 0.05, "xai": 1.0, "flux": 2.0}
    for wrong in ("openai", "nobody=1", "openai=nan", "openai=-1", "openai=99999"):
        with pytest.raises(Misconfigured):
            read_latency([wrong])
