"""The rules in force, and who is down. All of it lives on the event loop; nothing here waits.

A rate limit counts from the first call of a window; a refused call is not counted, so that a caller who comes when he was told to
finds the window new.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from octavo_core.errors import InvalidInput
from octavo_fakes.script import MAX_RULES, SERVED, Match, Rule, Served


class Matchable(Protocol):
    """What rules look at; model and prompt are read from the body only when a rule asks for them."""

    @property
    def provider(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def prompt(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """Of a rate limit at this call. `reset_s`: seconds until the window is new."""

    limit: int
    remaining: int
    reset_s: float
    exceeded: bool = False


@dataclass(slots=True)
class Standing:
    """A rule and what has become of it."""

    rule: Rule
    used: int = 0
    random: random.Random = field(init=False)
    window_ends: float = 0.0
    window_used: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.rule.seed)

    @property
    def is_used_up(self) -> bool:
        return self.rule.times is not None and self.used >= self.rule.times

    def latency_s(self) -> float | None:
        """Draws the next one where the rule has two bounds."""
        latency = self.rule.latency_s
        return self.random.uniform(*latency) if isinstance(latency, tuple) else latency

    def take(self, now: float) -> Allowance | None:
        limit = self.rule.rate_limit
        if limit is None:
            return None
        if now >= self.window_ends:
            self.window_ends, self.window_used = now + limit.per_s, 0
        reset_s = self.window_ends - now
        if self.window_used >= limit.requests:
            return Allowance(limit.requests, 0, reset_s, exceeded=True)
        self.window_used += 1
        return Allowance(limit.requests, limit.requests - self.window_used, reset_s)

    def describe(self) -> dict[str, Any]:
        return {**self.rule.model_dump(mode="json", exclude_unset=True), "used": self.used}


class Playbook:
    def __init__(self) -> None:
        self._standings: list[Standing] = []
        self.down: set[str] = set()

    def find(self, call: Matchable) -> Standing | None:
        """The first rule that holds for the call; it counts as used."""
        for standing in self._standings:
            if not standing.is_used_up and holds(standing.rule.match, call):
                standing.used += 1
                return standing
        return None

    def add(self, rules: Iterable[Rule]) -> None:
        """All or none of them. Raises `InvalidInput` where there would be too many."""
        added = [Standing(rule) for rule in rules]
        if len(self._standings) + len(added) > MAX_RULES:
            raise InvalidInput(f"there may be {MAX_RULES} rules at most; DELETE /_script clears them")
        self._standings.extend(added)

    def clear(self) -> None:
        self._standings.clear()

    def set_down(self, providers: dict[Served, bool]) -> None:
        for provider, is_down in providers.items():
            (self.down.add if is_down else self.down.discard)(provider)

    def describe(self) -> list[dict[str, Any]]:
        return [standing.describe() for standing in self._standings]

    def describe_down(self) -> dict[str, bool]:
        return {provider: provider in self.down for provider in SERVED}


def holds(match: Match, call: Matchable) -> bool:
    if match.provider is not None and match.provider != call.provider:
        return False
    if match.path is not None and not _path_holds(match.path, call.path, call.provider):
        return False
    if match.model is not None and not fnmatchcase(call.model, match.model):
        return False
    return match.prompt_contains is None or match.prompt_contains.casefold() in call.prompt.casefold()


def _path_holds(wanted: str, path: str, provider: str) -> bool:
    whole = f"/{provider}{path}"
    return fnmatchcase(whole, wanted) or fnmatchcase(path, wanted) if "*" in wanted else wanted in whole


def now() -> float:
    return time.monotonic()
