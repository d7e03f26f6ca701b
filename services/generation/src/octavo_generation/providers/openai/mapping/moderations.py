"""Moderations: a text to judge, and the verdict."""

from __future__ import annotations

from typing import Any

from octavo_core.errors import ProviderError
from octavo_generation.providers.port import Verdict

LATEST = "omni-moderation-latest"
"""What is asked where the provider's own model is for something else; it costs nothing."""


def to_wire(text: str, *, model: str) -> dict[str, Any]:
    return {"model": model, "input": text}


def from_wire(answer: dict[str, Any], *, provider: str) -> Verdict:
    """Raises `ProviderError` for an answer without a verdict: one that cannot be read must never count as harmless."""
    results = answer.get("results")
    results = [result for result in results if isinstance(result, dict)] if isinstance(results, list) else []
    if not results or not all(isinstance(result.get("flagged"), bool) for result in results):
        raise ProviderError(f"{provider} answered without a verdict", provider=provider)
    found = {
        name
        for result in results
        if isinstance(result.get("categories"), dict)
        for name, flagged in result["categories"].items()
        if flagged is True
    }
    return Verdict(any(result["flagged"] for result in results), tuple(sorted(found)))
