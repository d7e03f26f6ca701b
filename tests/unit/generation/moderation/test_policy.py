"""Verdicts: who is refused, what is logged, and what happens when the provider cannot be asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from octavo_core.errors import Moderated, ProviderError, ProviderUnavailable
from octavo_generation.moderation import BlockedWords, Moderator, Subject
from octavo_generation.providers.port import ModerationProvider, Verdict

SUBJECT = Subject(user="u-1", job="j-1", correlation_id="c-1")
WORDS = BlockedWords([("zorbs", "zorb")])
TEXT = "A Z0RB, please"


class ByAnswer:
    """A provider of the port that gives the answers that it is made with."""

    name, model = "moderator", "m"

    def __init__(self, *answers: Verdict | ProviderError) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.closed = False

    async def moderate(self, text: str) -> Verdict:
        self.asked.append(text)
        answer = self._answers.pop(0)
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True


def verdicts(logs: Sequence[Any]) -> list[Any]:
    return [line for line in logs if line["event"] == "moderation verdict" and line["log_level"] != "debug"]


async def test_a_blocked_word_is_refused_with_its_rule_and_without_the_word() -> None:
    moderator = Moderator(WORDS, generator="stories")
    with capture_logs() as logs, pytest.raises(Moderated) as caught:
        await moderator.check_prompt(["Hello", TEXT], SUBJECT)
    assert caught.value.message == "the prompt is not allowed here (rule zorbs)"
    (line,) = verdicts(logs)
    assert line == {
        "event": "moderation verdict",
        "log_level": "warning",
        "generator": "stories",
        "user": "u-1",
        "job": "j-1",
        "correlation_id": "c-1",
        "stage": "prompt",
        "verdict": "refused",
        "rule": "zorbs",
        "text_sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
    }
    assert "z0rb" not in str(logs).lower()
    assert isinstance(ByAnswer(), ModerationProvider)


async def test_results_are_judged_too() -> None:
    with capture_logs() as logs, pytest.raises(Moderated, match="the answer is not allowed here"):
        await Moderator(WORDS, generator="g").check_result("so many zorb!", SUBJECT)
    assert verdicts(logs)[0]["stage"] == "result"


def test_the_api_asks_for_the_words_alone_at_once() -> None:
    moderator = Moderator(WORDS, ByAnswer(), generator="g")
    moderator.check_words(["fine"], Subject("u"))
    with pytest.raises(Moderated):
        moderator.check_words(["fine", "zorb"], Subject("u"))


async def test_what_passes_leaves_no_line_in_the_audit() -> None:
    provider = ByAnswer(Verdict(False))
    with capture_logs() as logs:
        await Moderator(WORDS, provider, generator="g").check_prompt(["one", " ", "two"], SUBJECT)
    assert not verdicts(logs)
    assert provider.asked == ["one\n\ntwo"], "one call for all that was written"


async def test_the_provider_is_not_asked_for_what_the_words_refuse_or_for_nothing() -> None:
    provider = ByAnswer()
    with pytest.raises(Moderated):
        await Moderator(WORDS, provider, generator="g").check_prompt([TEXT], SUBJECT)
    await Moderator(WORDS, provider, generator="g").check_prompt(["", " \n"], SUBJECT)
    assert provider.asked == []


async def test_what_the_provider_flags_is_refused_with_its_categories() -> None:
    provider = ByAnswer(Verdict(True, ("violence", "violence/graphic")), Verdict(True))
    moderator = Moderator(WORDS, provider, generator="g")
    with capture_logs() as logs, pytest.raises(Moderated, match="rule provider:violence,violence/graphic"):
        await moderator.check_prompt(["x"], SUBJECT)
    assert verdicts(logs)[0]["rule"] == "provider:violence,violence/graphic"
    with pytest.raises(Moderated, match="provider:flagged"):
        await moderator.check_result("x", SUBJECT)


async def test_a_provider_that_cannot_be_asked_lets_nothing_pass() -> None:
    error = ProviderUnavailable("moderator answered 503", provider="moderator", retry_after=3)
    with capture_logs() as logs, pytest.raises(ProviderUnavailable) as caught:
        await Moderator(WORDS, ByAnswer(error), generator="g").check_prompt(["x"], SUBJECT)
    assert caught.value.retryable
    assert caught.value.retry_after == 3
    assert (logs[0]["event"], logs[0]["verdict"]) == ("moderation unavailable", "refused")


async def test_unless_somebody_would_rather_answer() -> None:
    error = ProviderUnavailable("moderator answered 503", provider="moderator")
    moderator = Moderator(WORDS, ByAnswer(error, error), generator="g", when_unavailable="allow")
    with capture_logs() as logs:
        await moderator.check_prompt(["x"], SUBJECT)
    assert (logs[0]["event"], logs[0]["verdict"]) == ("moderation unavailable", "allowed")
    with pytest.raises(Moderated):
        await moderator.check_prompt([TEXT], SUBJECT)


async def test_a_long_text_is_read_beside_the_event_loop_and_judged_the_same() -> None:
    structlog.contextvars.bind_contextvars(correlation_id="of-the-request")
    try:
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs, pytest.raises(Moderated):
            await Moderator(WORDS, generator="g").check_prompt(["word " * 20_000 + "zorb"], Subject("u"))
    finally:
        structlog.contextvars.clear_contextvars()
    assert verdicts(logs)[0]["correlation_id"] == "of-the-request"


async def test_closing_closes_the_provider() -> None:
    provider = ByAnswer()
    await Moderator(WORDS, provider, generator="g").close()
    await Moderator(WORDS, generator="g").close()
    assert provider.closed
