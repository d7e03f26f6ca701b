"""Which names one may have in the feed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from octavo_core.errors import NotFound
from octavo_stories.api.feed.bodies import NameWish, NewPost
from octavo_stories.api.feed.names import checked_handle


@pytest.mark.parametrize("handle", ["mar", "marina_2", "a" * 30, "0_0"])
def test_these_are_names(handle: str) -> None:
    assert NameWish(handle=handle, name="Mar").handle == handle
    assert checked_handle(handle) == handle


@pytest.mark.parametrize("handle", ["", "ab", "Marina", "_mar", "mar_", "a" * 31, "mar ina", "mar\n", "ñandú", "..", "$ne", "a/b"])
def test_these_are_none(handle: str) -> None:
    with pytest.raises(ValidationError):
        NameWish(handle=handle, name="Mar")
    with pytest.raises(NotFound):
        checked_handle(handle)


@pytest.mark.parametrize("tags", [["a b"], ["#x"], ["a,b"], [""], ["x" * 41], ["x"] * 11])
def test_these_are_no_tags(tags: list[str]) -> None:
    with pytest.raises(ValidationError):
        NewPost(title="x", tags=tags)


def test_tags_are_small() -> None:
    assert NewPost(title="x", tags=[" Mar "]).tags == ["mar"]
