"""Versions over HTTP, and who may see whose."""

from __future__ import annotations

import pytest

from octavo_core.errors import Forbidden, InvalidInput, NotFound, PreconditionFailed, PreconditionMissing
from octavo_core.identity import Principal
from octavo_documents import Document
from octavo_documents.http import checked_id, etag, list_scope, optional_version, read_scope, required_version


def test_a_change_must_say_of_what() -> None:
    with pytest.raises(PreconditionMissing):
        required_version(None)
    assert required_version("*") is None
    assert required_version(etag(Document("d", "ana", 7, 0, 0, {}))) == 7
    assert optional_version(None) is None


@pytest.mark.parametrize("tag", ['W/"1"', "1", '"x"', '""', '"1', '"-1"', '"99999999999999999999"'])
def test_a_tag_that_was_never_given_out_matches_nothing(tag: str) -> None:
    with pytest.raises(PreconditionFailed):
        required_version(tag)


def test_one_tag_at_a_time() -> None:
    with pytest.raises(InvalidInput):
        required_version('"1", "2"')


@pytest.mark.parametrize("offered", ["", "x", "../../etc", "0198c0de-0000-7000-8000-00000000000G", "0198C0DE-0000-7000-8000-000000000000"])
def test_what_cannot_be_an_id_is_not_there(offered: str) -> None:
    with pytest.raises(NotFound):
        checked_id(offered, "story")


def test_scopes() -> None:
    ana, admin = Principal("ana"), Principal("root", "admin")
    assert (read_scope(ana), read_scope(admin)) == ("ana", None)
    assert (list_scope(ana, None), list_scope(ana, "ana"), list_scope(admin, "ana")) == ("ana", "ana", "ana")
    with pytest.raises(Forbidden):
        list_scope(ana, "eva")
