"""The error tree and its one table of HTTP codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson
import pytest

from octavo_core import errors
from octavo_core.errors import Fault, OctavoError, ProviderError, Throttled, Unauthenticated
from octavo_core.http.problems import MEDIA_TYPE, problem_for_status, problem_response, status_of

STATUS = {
    "InvalidInput": 422, "MalformedBody": 400, "TooLarge": 413, "UnsupportedMedia": 415, "InvalidResource": 422, "Unauthenticated": 401,
    "Forbidden": 403, "NotFound": 404, "Conflict": 409,
    "QuotaReached": 409, "PreconditionFailed": 412, "PreconditionMissing": 428, "Throttled": 429,
    "BudgetSpent": 429, "Moderated": 451, "ProviderError": 502,
    "ProviderUnavailable": 503, "ProviderTimeout": 504, "ProviderRefused": 502,
    "EngineError": 500, "Unavailable": 503, "Misconfigured": 500,
}  # fmt: skip


def tree(root: type[OctavoError] = OctavoError) -> Iterator[type[OctavoError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from tree(kind)


def an(kind: type[OctavoError]) -> OctavoError:
    return kind("it broke", provider="grok") if issubclass(kind, ProviderError) else kind("it broke")


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_every_class_of_the_tree_has_its_status(kind: type[OctavoError]) -> None:
    assert status_of(an(kind)) == STATUS[kind.__name__]


def test_the_drawing_at_the_top_of_the_file_is_the_tree() -> None:
    drawn = re.findall(r"^[│ ]*[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE)
    assert drawn == [kind.__name__ for kind in tree()]


def test_every_class_has_its_own_word() -> None:
    codes = [kind.code for kind in tree()]
    assert len(set(codes)) == len(codes)
    assert OctavoError.code not in codes


def test_a_subclass_made_elsewhere_takes_the_status_of_its_parent() -> None:
    class MovedAway(errors.NotFound):
        pass

    assert status_of(MovedAway("gone")) == 404
    assert status_of(OctavoError("?")) == 500


def test_a_problem_body_carries_both_shapes() -> None:
    answer = problem_response(errors.InvalidInput("max must be at least min", faults=(Fault("/spec/workers/max", "too small", ">= 1"),)))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert orjson.loads(bytes(answer.body)) == {
        "success": False,
        "error": "validation_failed",
        "message": "max must be at least min",
        "detail": "max must be at least min",
        "correlation_id": None,
        "type": "urn:octavo:error:validation_failed",
        "title": "Unprocessable Entity",
        "status": 422,
        "errors": [{"path": "/spec/workers/max", "message": "too small", "allowed": ">= 1"}],
    }


@pytest.mark.parametrize(("retry_after", "header"), [(0.2, "1"), (4.1, "5"), (60, "60")])
def test_retry_after_is_whole_seconds_and_never_too_early(retry_after: float, header: str) -> None:
    assert problem_response(Throttled("slow down", retry_after=retry_after)).headers["retry-after"] == header


def test_a_missing_token_is_asked_for() -> None:
    assert problem_response(Unauthenticated("a bearer token is required")).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_found"), (405, "method_not_allowed"), (418, "im_a_teapot"), (503, "service_unavailable")]
)
def test_what_the_framework_refuses_has_the_same_shape(status: int, code: str) -> None:
    body = orjson.loads(bytes(problem_for_status(status).body))
    assert (body["status"], body["error"], body["success"]) == (status, code, False)
