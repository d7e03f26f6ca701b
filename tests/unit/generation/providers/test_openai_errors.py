"""Error bodies of OpenAI's kind: what is a refusal of content, what will not pass, and what is neither."""

from __future__ import annotations

import pytest

from octavo_generation.providers.openai.dialect import Dialect
from octavo_generation.providers.openai.mapping.chat import error_status
from octavo_generation.providers.openai.mapping.errors import is_content_refusal, is_final
from octavo_generation.providers.openai.mapping.images import aspect_ratio, calls
from octavo_generation.providers.profile import ImageAbilities


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"3", b"{}", b'{"error": null}', b'{"error": []}', b'{"error": {"code": 3}}', b"\xff", b'{"error": {"innererror": "x"}}'],
)
def test_a_body_that_says_nothing_is_neither(body: bytes) -> None:
    assert not is_content_refusal(400, body)
    assert not is_final(429, body)


@pytest.mark.parametrize("status", [200, 302, 429, 500, 503])
def test_only_a_clients_error_refuses_content(status: int) -> None:
    assert not is_content_refusal(status, b'{"error": {"code": "content_policy_violation"}}')


def test_a_rate_limit_passes_and_a_spending_limit_does_not() -> None:
    assert not is_final(429, b'{"error": {"type": "requests", "code": "rate_limit_exceeded"}}')
    assert is_final(429, b'{"error": {"type": "insufficient_quota", "code": "credit_balance_exhausted"}}')
    assert not is_final(500, b'{"error": {"code": "insufficient_quota"}}')


@pytest.mark.parametrize(
    ("chunk", "status"),
    [
        ({"choices": []}, None),
        ({"error": None}, None),
        ({"error": {}}, None),
        ({"error": {"code": 503}}, 503),
        ({"error": {"code": 7}}, 500),
        ({"error": {"type": "invalid_request_error"}}, 400),
        ({"error": "gone"}, 500),
    ],
)
def test_the_status_of_an_error_in_a_stream(chunk: dict[str, object], status: int | None) -> None:
    assert error_status(chunk) == status


def test_a_dialect_learns_from_refusals_of_parameters_only() -> None:
    dialect = Dialect(response_format=True)
    assert dialect.corrected("stream_options: value is wrong") == dialect
    assert dialect.corrected("Unknown parameter: 'colour'") == dialect
    assert not dialect.corrected("Unrecognized request argument: stream_options").stream_usage
    assert not dialect.corrected("Unknown parameter: 'response_format'.").response_format
    longer = dialect.corrected("'max_tokens' is not supported, use 'max_completion_tokens'")
    assert longer.limit_word == "max_completion_tokens"
    assert longer.corrected("Unrecognized request argument: max_completion_tokens").limit_word == "max_tokens"


def test_how_many_calls_make_how_many_pictures() -> None:
    def one_call_makes(most: int) -> ImageAbilities:
        return ImageAbilities(sizes=("1x1",), default_size="1x1", max_images=most)

    assert calls(1, one_call_makes(1)) == [1]
    assert calls(4, one_call_makes(1)) == [1, 1, 1, 1]
    assert calls(10, one_call_makes(4)) == [4, 4, 2]
    assert calls(7, None) == [7]


@pytest.mark.parametrize(("size", "ratio"), [("1024x1024", "1:1"), ("1280x720", "16:9"), ("768x1152", "2:3"), ("1024x768", "4:3")])
def test_the_shape_of_a_size(size: str, ratio: str) -> None:
    assert aspect_ratio(size) == ratio
