"""What OpenAI's error bodies mean beyond their status: a refusal of content, and credit that is used up.

xAI and Azure word theirs differently; all are known here, as gateways pass each other's errors on.
"""

from __future__ import annotations

import contextlib
from typing import Any

import orjson

_CONTENT = frozenset(
    {"content_policy_violation", "moderation_blocked", "content_filter", "contentfilter", "responsibleaipolicyviolation", "invalid_prompt"}
)
_CONTENT_PHRASES = ("content moderation", "usage guidelines", "content management policy", "safety system")
_NO_CREDIT = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "project_spend_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)


def is_content_refusal(status: int, body: bytes) -> bool:
    """By the code, or by the inner one (Azure); xAI has sentences only. A 429 or 5xx is never one: its words may quote anything."""
    if not 400 <= status < 500 or status == 429:
        return False
    words, sentence = _read(body)
    return not words.isdisjoint(_CONTENT) or any(phrase in sentence for phrase in _CONTENT_PHRASES)


def is_final(status: int, body: bytes) -> bool:
    """A 429 for credit or a spending limit: it is answered again to every call until a person has paid, so it is a refusal.
    To wait for it, or to count it against the provider's health, would help nobody."""
    return status == 429 and not _read(body)[0].isdisjoint(_NO_CREDIT)


def _read(body: bytes) -> tuple[frozenset[str], str]:
    """All codes of the error, in small letters, and its sentence."""
    parsed: Any = None
    with contextlib.suppress(orjson.JSONDecodeError):
        parsed = orjson.loads(body)
    if not isinstance(parsed, dict):
        return frozenset(), ""
    error = parsed.get("error")
    if isinstance(error, str):
        return frozenset(), error.casefold()
    if not isinstance(error, dict):
        return frozenset(), ""
    # DALL-E on Azure writes the inner error's name with an underscore.
    inner = [found for found in (error.get("innererror"), error.get("inner_error")) if isinstance(found, dict)]
    words = [error.get("code"), error.get("type"), *(found.get("code") for found in inner)]
    sentence = error.get("message")
    return frozenset(word.casefold() for word in words if isinstance(word, str)), sentence.casefold() if isinstance(sentence, str) else ""
