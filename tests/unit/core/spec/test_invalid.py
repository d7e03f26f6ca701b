"""Given a faulty resource, the fault names the place and says in plain words what is wrong."""

from __future__ import annotations

import pytest
from tests.unit.core.spec.documents import INVALID, VALID, Document

from octavo_core.errors import InvalidResource
from octavo_core.spec import parse_resource


@pytest.mark.parametrize(("document", "path", "message"), [case[1:] for case in INVALID], ids=[case[0] for case in INVALID])
def test_a_faulty_resource_has_exactly_that_fault(document: Document, path: str, message: str) -> None:
    with pytest.raises(InvalidResource) as caught:
        parse_resource(document)
    assert [fault.path for fault in caught.value.faults] == [path]
    assert message in caught.value.faults[0].message


@pytest.mark.parametrize("document", [case[1] for case in VALID], ids=[case[0] for case in VALID])
def test_a_sound_resource_has_none(document: Document) -> None:
    assert parse_resource(document).name == "demo"
