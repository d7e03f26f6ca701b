"""What belongs to somebody else: every route that takes an id, with the ids of another person, of every service's own document.

Each is shown twice: refused to the stranger, and then done for the owner by the very same request, so that it was the owner who made the
difference and not a body that was wrong.
"""

from __future__ import annotations

import pytest
from tests.attacks.asking import ask
from tests.attacks.house import House, Person
from tests.attacks.served import Operation

pytestmark = pytest.mark.needs("redis")

NOBODYS = {
    "provider": "a configured issuer of identities",
    "model": "a configured model",
    "token": "is itself the secret that opens it",
    "published_id": "a post that everybody may read, like and comment",
    "handle": "what somebody is called in the feed, for everybody to follow",
}
"""Parameters of paths that name nothing of a person's."""
PARTS = {"revision", "place"}
"""Name something only within what another parameter names."""
FOR_NOBODY = 403, 404
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def ana(house: House) -> Person:
    """Whose things they are."""
    found = house.person("ana")
    house.furnish(found)
    return found


@pytest.fixture(scope="module")
def fay(house: House) -> Person:
    """Who reaches for them, and has the same things of her own."""
    found = house.person("fay")
    house.furnish(found)
    return found


def owned(house: House, ana: Person) -> list[Operation]:
    """Every route that names something of a person's. A parameter that nobody knows an id for fails here, until somebody teaches
    `House.furnish` to make one (or says in `NOBODYS` why there is none)."""
    found = []
    for operation in house.operations:
        if operation.is_public or operation.is_privileged:
            continue
        unknown = [name for name in operation.parameters if name not in NOBODYS and name not in ana.ids_at(operation)]
        assert not unknown, f"{operation.name}: nobody knows another person's {unknown}; teach House.furnish"
        if any(name not in NOBODYS for name in operation.parameters):
            found.append(operation)
    return found


def everything(house: House, whose: Person, found: list[Operation]) -> dict[str, object]:
    """What its owner reads of it."""
    seen: dict[str, object] = {}
    for operation in found:
        if operation.method == "GET" and not operation.path.endswith("/events"):
            answer = ask(house.client, operation, whose.ids_at(operation), token=whose.token)
            assert answer.status_code == 200, f"{operation.name}: {answer.status_code} {answer.text[:300]}"
            # An export bears the time at which it was made.
            seen[operation.name] = len(answer.content) if operation.path.endswith("/export") else answer.content
    return seen


def test_every_route_that_takes_an_id_refuses_who_does_not_own_it(house: House, ana: Person, fay: Person) -> None:
    found, since = owned(house, ana), house.mark()
    assert len(found) >= 40
    everything(house, fay, found)
    before = everything(house, ana, found)
    for operation in found:
        theirs, own = ana.ids_at(operation), fay.ids_at(operation)
        tried = [theirs]
        named = [name for name in operation.parameters if name not in NOBODYS and name not in PARTS]
        # Something of one's own, and below it something of another's.
        tried += [{**own, name: theirs[name]} for name in named if len(named) > 1]
        for ids in tried:
            answer = ask(house.client, operation, ids, token=fay.token)
            assert answer.status_code in FOR_NOBODY, f"{operation.name}: {answer.status_code} {answer.text[:300]}"
            assert ana.word not in answer.text
    assert everything(house, ana, found) == before, "something of hers was changed"
    house.told(since, status=404, user=fay.id, route="/api/characters/{character_id}")
    house.told(since, status=404, user=fay.id, route="/api/stories/{story_id}/export")
    house.told(since, status=403, user=fay.id, route="/api/auth/users/{user}/picture")

    # The same requests by whose it is. What deletes comes last, and what lies within before what it lies in.
    found.sort(key=lambda operation: (operation.method == "DELETE", -len(operation.path), METHODS.index(operation.method)))
    for operation in found:
        answer = ask(house.client, operation, ana.ids_at(operation), token=ana.token)
        refused = answer.status_code in (401, 403, 404, 405, 422, 428) or answer.status_code >= 500
        assert not refused, f"{operation.name}, by its owner: {answer.status_code} {answer.text[:300]}"


def test_lists_are_of_the_caller_alone(house: House, eve: Person, bo: Person) -> None:
    """Every list, also where somebody else is asked for by name."""
    asked = 0
    for operation in house.operations:
        if operation.method != "GET" or operation.parameters or operation.is_public or operation.is_privileged:
            continue
        if operation.path.endswith("/events"):
            continue
        for name in ("user_id", "user", "owner", "owner_id"):
            answer = ask(house.client, operation, token=eve.token, params={name: bo.id})
            assert answer.status_code in (200, 403, 404, 422), f"{operation.name}: {answer.status_code} {answer.text[:300]}"
            assert bo.word not in answer.text, f"{operation.name} shows what is another's"
            asked += 1
    assert asked >= 40


def test_ids_within_bodies_are_not_taken_from_others(house: House, eve: Person, bo: Person) -> None:
    wish = {"prompt": "Tell all of them", "character_ids": [bo.ids["character_id"]]}
    answer = house.client.post("/api/stories/write", json=wish, headers={"authorization": f"Bearer {eve.token}"})
    assert answer.status_code in (404, 422), answer.text
    assert bo.word not in answer.text
    contact = {"contact_id": bo.id, "code": "000000"}
    answer = house.client.post("/api/auth/me/contact/verify", json=contact, headers={"authorization": f"Bearer {eve.token}"})
    assert answer.status_code in (404, 422), answer.text
