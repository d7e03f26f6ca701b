"""How people are named."""

from __future__ import annotations

import pytest

from octavo_auth.domain import identifiers
from octavo_core.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Ana@Example.ORG ", ("email", "ana@example.org")),
        ("a.b+c@mail.example.co.uk", ("email", "a.b+c@mail.example.co.uk")),
        ("+34 600-111 222", ("phone", "+34600111222")),
        ("  Ana   María ", ("name", "ana maría")),
        ("ＡＮＡ", ("name", "ana")),
        ("STRASSE", ("name", "strasse")),
        ("Straße", ("name", "strasse")),
    ],
)
def test_each_has_one_written_form(typed: str, found: tuple[str, str]) -> None:
    assert identifiers.classify(typed) == found


@pytest.mark.parametrize(
    "typed",
    ["", " ", "a@b", "@", "a@b@c.org", "a\r\n@example.org", "a b@example.org", "ana@-example.org", "ana@example..org", "+", "+0123456789",
     "+34", "600111222", "+34600111222333444", "a\x00b", "\u202eana", "x" * 65, "<ana@example.org>", "a" * 65 + "@example.org"],
)  # fmt: skip
def test_what_can_be_no_account_s(typed: str) -> None:
    assert identifiers.classify(typed) is None


@pytest.mark.parametrize("name", ["ana@example.org", "+34600111222", "600 111 222", "a\nb\x07", ""])
def test_a_name_is_never_to_be_taken_for_an_address(name: str) -> None:
    with pytest.raises(InvalidInput):
        identifiers.display_name(name)
