"""One platform for all attacks: a process with every service, as a laptop has it, behind a proxy on the same machine."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import orjson
import pytest
from tests.attacks.house import BROWSER, BURST, IMAGES, TALES, House, Person
from tests.servers.platform import platform
from tests.servers.starting import free_port


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, closed_port = tmp_path_factory.mktemp("attacked"), free_port()
    files = []
    for name, text in (("tales", TALES), ("images", IMAGES)):
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(text)
    environment = {
        "OCTAVO_LOG_FORMAT": "json",
        "OCTAVO_TRUSTED_PROXIES": orjson.dumps(["127.0.0.1"]).decode(),
        "OCTAVO_EDGE_REQUESTS_PER_MINUTE": "12",
        "OCTAVO_EDGE_BURST": str(BURST),
        "OCTAVO_CORS_ORIGINS": orjson.dumps([BROWSER]).decode(),
        "OCTAVO_WEBHOOK_ALLOW": "127.0.0.1/32",
        "OCTAVO_WEBHOOK_PORTS": str(closed_port),
        "OCTAVO_WEBHOOK_ATTEMPTS": "1",
        "OCTAVO_PASSWORD_MEMORY_KIB": "8192",
        "OCTAVO_PASSWORD_PASSES": "1",
    }
    with (
        platform(*files, home=folder / "home", environment=environment) as started,
        httpx.Client(base_url=started.base, timeout=60, trust_env=False) as client,
    ):
        yield House(started, client, closed_port)


@pytest.fixture(scope="session")
def eve(house: House) -> Person:
    """Who attacks, by a token of her own and from things of her own."""
    found = house.person("eve")
    house.furnish(found)
    return found


@pytest.fixture(scope="session")
def bo(house: House) -> Person:
    """Of whom nothing must be seen or changed, whatever is tried."""
    found = house.person("bo")
    house.furnish(found)
    return found


@pytest.fixture(scope="session")
def pat(house: House) -> Person:
    """Whose sessions may end by what is tried in pages."""
    found = house.person("pat")
    house.furnish(found)
    return found
