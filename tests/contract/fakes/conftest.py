"""One server for all of these tests, forgetful between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers.fake_providers import FakeProviders, fake_providers


@pytest.fixture(scope="session")
def fakes_session() -> Iterator[FakeProviders]:
    with fake_providers() as server:
        yield server


@pytest.fixture
def fakes(fakes_session: FakeProviders) -> FakeProviders:
    fakes_session.reset()
    return fakes_session
