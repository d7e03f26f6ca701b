"""Rules: read, tried in order, used up, limited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from octavo_core.errors import InvalidInput
from octavo_fakes.playbook import Playbook, Standing
from octavo_fakes.script import MAX_RULES, Rule, read_down, read_script


@dataclass
class Call:
    provider: str = "openai"
    path: str = "/v1/chat/completions"
    model: str = "gpt-4o"
    prompt: str = "Tell me of Foxes"


def playbook(*rules: dict[str, Any]) -> Playbook:
    book = Playbook()
    book.add(read_script(list(rules)))
    return book


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({}, True),
        ({"provider": "openai"}, True),
        ({"provider": "xai"}, False),
        ({"path": "/v1/chat"}, True),
        ({"path": "/openai/v1/chat/completions"}, True),
        ({"path": "/v1/*/completions"}, True),
        ({"path": "/v1/*/generations"}, False),
        ({"path": "/images"}, False),
        ({"model": "gpt-4o"}, True),
        ({"model": "gpt-4"}, False),
        ({"model": "gpt-*"}, True),
        ({"prompt_contains": "FOXES"}, True),
        ({"prompt_contains": "bears"}, False),
        ({"provider": "openai", "model": "gpt-5"}, False),
    ],
)
def test_every_member_of_a_match_must_hold(match: dict[str, Any], holds: bool) -> None:
    assert (playbook({"match": match, "hang": True}).find(Call()) is not None) is holds


def test_a_rule_that_is_used_up_makes_way_for_the_next() -> None:
    book = playbook({"times": 2, "status": 500}, {"status": 503})
    found = [book.find(Call()) for _ in range(4)]
    assert [standing.rule.status for standing in found if standing] == [500, 500, 503, 503]
    book.clear()
    assert book.find(Call()) is None


def test_drawn_latencies_are_the_same_for_the_same_seed() -> None:
    rule = Rule(latency_s=(0.1, 0.2), seed=3)
    one, other = Standing(rule), Standing(rule)
    drawn = [one.latency_s() for _ in range(20)]
    assert drawn == [other.latency_s() for _ in range(20)]
    assert all(latency is not None and 0.1 <= latency <= 0.2 for latency in drawn)
    assert len(set(drawn)) > 10


def test_a_window_counts_what_it_let_through_and_begins_anew() -> None:
    standing = Standing(Rule.model_validate({"rate_limit": {"requests": 2, "per_s": 10}}))
    first, second, third, later = (standing.take(now) for now in (100.0, 101.0, 109.0, 110.0))
    assert first is not None
    assert (first.remaining, first.reset_s, first.exceeded) == (1, 10.0, False)
    assert second is not None
    assert (second.remaining, second.exceeded) == (0, False)
    assert third is not None
    assert (third.reset_s, third.exceeded) == (1.0, True)
    assert later is not None
    assert (later.remaining, later.exceeded) == (1, False)


def test_more_rules_than_are_allowed_are_all_refused() -> None:
    book = playbook(*({"hang": True} for _ in range(MAX_RULES - 1)))
    with pytest.raises(InvalidInput):
        book.add(read_script([{"hang": True}] * 2))
    assert len(book.describe()) == MAX_RULES - 1


@pytest.mark.parametrize("parsed", [None, 3, "x", {}, {"rules": {}}, [3], {"rules": [{"hang": True}], "more": 1}])
def test_what_is_no_script_is_invalid(parsed: object) -> None:
    with pytest.raises(InvalidInput):
        read_script(parsed)


def test_who_is_down_is_named_as_a_provider() -> None:
    book = Playbook()
    book.set_down(read_down({"openai": True, "azure-openai": True}))
    book.set_down(read_down({"openai": False}))
    assert book.down == {"azure-openai"}
    with pytest.raises(InvalidInput, match="nobody"):
        read_down({"nobody": True})
