"""With which error a job fails when no provider answered."""

from __future__ import annotations

from octavo_core.errors import BudgetSpent, OctavoError, ProviderRefused, ProviderTimeout, ProviderUnavailable
from octavo_generation.policy.calls import PassedOver, most_helpful

REFUSED = ProviderRefused("grok answered 401: no such key", provider="grok")
AWAY = ProviderUnavailable("dalle answered 503: overloaded", provider="dalle", retry_after=20)
SILENT = ProviderTimeout("flux did not answer in 60 s", provider="flux")
SPENT = BudgetSpent("the 5 US dollars are spent", retry_after=3600)


def of(*errors: OctavoError) -> OctavoError:
    return most_helpful([PassedOver(f"p{n}", error) for n, error in enumerate(errors)])


def test_the_only_error_is_as_it_was() -> None:
    error = of(REFUSED)
    assert type(error) is ProviderRefused
    assert error.message == str(error) == REFUSED.message


def test_a_failure_that_may_pass_is_worth_another_attempt_whatever_the_others_said() -> None:
    for order in ((REFUSED, SILENT), (SILENT, REFUSED), (SPENT, SILENT, REFUSED)):
        error = of(*order)
        assert type(error) is ProviderTimeout
        assert error.retryable


def test_its_message_names_the_others() -> None:
    error = of(REFUSED, AWAY)
    assert error.message == "dalle answered 503: overloaded; tried as well: grok answered 401: no such key"
    assert str(error) == error.message
    assert AWAY.message == "dalle answered 503: overloaded", "the error that was caught is not changed"


def test_a_budget_opens_again_some_day_and_a_refusal_does_not() -> None:
    error = of(SPENT, REFUSED)
    assert type(error) is BudgetSpent
    assert error.retry_after == 3600


def test_of_refusals_the_last_one_counts() -> None:
    assert of(ProviderRefused("first", provider="a"), ProviderRefused("last", provider="b")).message.startswith("last")


def test_the_next_attempt_comes_when_the_first_of_them_may_be_back() -> None:
    soon = ProviderUnavailable("sd is busy", provider="sd", retry_after=3)
    assert of(AWAY, soon).retry_after == 3
    assert of(AWAY, SILENT).retry_after is None, "who does not say when may be back at any time"
    assert AWAY.retry_after == 20
