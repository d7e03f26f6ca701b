"""Numbers, money and spans of time as people of a language write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from babel.dates import format_timedelta
from babel.numbers import format_decimal

_NO_BREAK = "\N{NO-BREAK SPACE}"


def formatters(code: str) -> Mapping[str, Callable[[float], str]]:
    """For templates of that language, by name."""

    def number(value: float) -> str:
        return format_decimal(value, locale=code)

    def dollars(value: float) -> str:
        """To a hundredth of a cent: a text costs less than a cent."""
        return f"{format_decimal(value, '#,##0.00##', locale=code)}{_NO_BREAK}$"

    def lasting(seconds: float) -> str:
        """In the largest unit that fits."""
        return format_timedelta(timedelta(seconds=max(0.0, seconds)), locale=code)

    return {"number": number, "dollars": dollars, "lasting": lasting}
