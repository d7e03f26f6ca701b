"""Keys, tokens of services, and encryption for them."""

from __future__ import annotations

import base64
import stat

import pytest
from tests.integration.auth.house import House, assert_problem, open_house, settings_for
from tests.servers.redis import RedisServer

from octavo_auth.domain.keyring import OVERLAP_MS, SIGNS_AFTER_MS
from octavo_auth.operations import list_keys, promote, rotate_keys
from octavo_core.clock import SystemClock
from octavo_core.errors import Misconfigured
from octavo_core.ids import generate_uuid


class _Later:
    """The system's clock, set forward."""

    def __init__(self) -> None:
        self.by_ms = 0

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self.by_ms


async def _service(house: House, name: str = "stories") -> dict[str, str]:
    secret = (house.settings.home / "service.secret").read_text().strip()
    answer = await house.client.post("/api/auth/service-token", json={"client_id": name, "client_secret": secret})
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == 300
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def test_a_service_encrypts_and_decrypts_in_its_context(house: House) -> None:
    service = await _service(house)
    body = {"plaintext": "ñandú 🦤", "context": "story 7"}
    sealed = (await house.client.post("/api/security/encrypt", json=body, headers=service)).json()
    assert sealed["ciphertext"].startswith("v1.1.")
    again = (await house.client.post("/api/security/encrypt", json=body, headers=service)).json()
    assert again["ciphertext"] != sealed["ciphertext"]
    ask = {"ciphertext": sealed["ciphertext"], "context": "story 7"}
    opened = await house.client.post("/api/security/decrypt", json=ask, headers=service)
    assert opened.json()["plaintext"] == "ñandú 🦤"
    changed = sealed["ciphertext"][:-2] + ("AA" if not sealed["ciphertext"].endswith("AA") else "BB")
    for wrong in (
        {**ask, "context": "story 8"},
        {**ask, "ciphertext": changed},
        {**ask, "ciphertext": sealed["ciphertext"].replace("v1.1.", "v1.2.")},
        {**ask, "ciphertext": "v1.1.x"},
        {**ask, "ciphertext": "nothing"},
    ):
        assert_problem(await house.client.post("/api/security/decrypt", json=wrong, headers=service), 422)


async def test_encryption_is_for_services_and_admins(house: House) -> None:
    ana, root = await house.join(), await house.join_as_admin()
    body = {"plaintext": "x", "context": "c"}
    assert_problem(await house.client.post("/api/security/encrypt", json=body), 401)
    assert_problem(await house.client.post("/api/security/encrypt", json=body, headers=ana.headers), 403)
    assert (await house.client.post("/api/security/encrypt", json=body, headers=root.headers)).status_code == 200


async def test_what_auth_encrypts_for_itself_is_not_opened_for_others(house: House) -> None:
    own, _ = await house.service._services.encryption.encrypt(b"code 123456", "job", realm="auth")
    answer = await house.client.post("/api/security/decrypt", json={"ciphertext": own, "context": "job"}, headers=await _service(house))
    assert_problem(answer, 422)


async def test_a_wrong_secret_gets_no_service_token(house: House, redis_server: RedisServer) -> None:
    body = {"client_id": "stories", "client_secret": "x" * 43}
    assert_problem(await house.client.post("/api/auth/service-token", json=body), 401)
    named = settings_for(house.settings.home, redis_server.url, service_clients={"stories": "s" * 32})
    async with open_house(named) as other:
        body = {"client_id": "stories", "client_secret": "s" * 32}
        assert (await other.client.post("/api/auth/service-token", json=body)).status_code == 200
        assert_problem(await other.client.post("/api/auth/service-token", json={**body, "client_id": "characters"}), 401)


async def test_secrets_of_a_laptop_are_for_its_owner_alone(house: House) -> None:
    for name in ("master.key", "service.secret"):
        assert stat.S_IMODE((house.settings.home / name).stat().st_mode) == 0o600


async def test_services_mail_people_and_nobody_else_does(house: House) -> None:
    ana, root = await house.join(), await house.join_as_admin()
    mail = {"user": ana.user["id"], "subject": "Your story is ready", "text": "It is."}
    service = {**await _service(house, "notifications"), "idempotency-key": "job-1"}
    for _ in range(2):
        assert (await house.client.post("/api/internal/mail", json=mail, headers=service)).status_code == 202
    assert await house.message("ana@example.org", 2) == "It is."
    assert_problem(await house.client.post("/api/internal/mail", json={**mail, "text": "It is not."}, headers=service), 409)
    assert_problem(await house.client.post("/api/internal/mail", json={**mail, "user": generate_uuid()}, headers=service), 404)
    assert_problem(await house.client.post("/api/internal/mail", json={**mail, "subject": "a\nBcc: x"}, headers=service), 422)
    for who in (ana, root):
        assert_problem(await house.client.post("/api/internal/mail", json=mail, headers=who.headers), 403)
    assert_problem(await house.client.post("/api/auth/internal/mail", json=mail), 401)
    assert len(await house.messages("ana@example.org")) == 2


async def test_rotation_overlaps(house: House, redis_server: RedisServer) -> None:
    clock = _Later()
    async with open_house(settings_for(house.settings.home, redis_server.url), clock=clock) as other:

        async def published() -> list[str]:
            return [key["kid"] for key in (await other.client.get("/.well-known/jwks.json")).json()["keys"]]

        old = (await other.service.keys.signing_key()).id
        assert await published() == [old]
        new = (await other.service.keys.rotate_signing()).id
        assert await published() == [new, old]
        assert (await other.service.keys.signing_key()).id == old
        clock.by_ms += SIGNS_AFTER_MS + 1
        assert (await other.service.keys.signing_key()).id == new
        assert await published() == [new, old]
        clock.by_ms += OVERLAP_MS
        assert await published() == [new]


async def test_keys_are_rotated_from_a_shell_while_the_service_runs(house: House) -> None:
    tokens = await house.join()
    service = await _service(house)
    sealed = (await house.client.post("/api/security/encrypt", json={"plaintext": "x", "context": "c"}, headers=service)).json()
    new = await rotate_keys(house.settings, "signing")
    assert (await rotate_keys(house.settings, "data")).version == 2
    assert [(key.purpose, key.version) for key in await list_keys(house.settings)] == [
        ("data", 1), ("data", 2), ("signing", 1), ("signing", 2),
    ]  # fmt: skip
    await house.service.keys._load()
    assert await house.service.keys.find(new.id) is not None
    assert (await house.client.get("/api/auth/me", headers=tokens.headers)).status_code == 200
    ask = {"ciphertext": sealed["ciphertext"], "context": "c"}
    assert (await house.client.post("/api/security/decrypt", json=ask, headers=service)).json()["plaintext"] == "x"
    resealed = (await house.client.post("/api/security/encrypt", json={"plaintext": "x", "context": "c"}, headers=service)).json()
    assert resealed["key_version"] == 2


async def test_a_stolen_key_is_given_up_at_once(house: House) -> None:
    tokens = await house.join()
    await house.service.keys.rotate_signing(at_once=True)
    assert_problem(await house.client.get("/api/auth/me", headers=tokens.headers), 401)
    again = await house.client.post("/api/auth/refresh", json={"refresh_token": tokens.refresh})
    assert again.status_code == 200


async def test_an_old_key_is_rotated_by_itself(house: House, redis_server: RedisServer) -> None:
    clock = _Later()
    async with open_house(settings_for(house.settings.home, redis_server.url, signing_key_days=30), clock=clock) as other:
        await other.service.tend()
        assert len((await other.client.get("/.well-known/jwks.json")).json()["keys"]) == 1
        clock.by_ms = 31 * 86_400_000
        await other.service.tend()
        assert len((await other.client.get("/.well-known/jwks.json")).json()["keys"]) == 2


async def test_another_master_key_is_told_by_name(house: House, redis_server: RedisServer) -> None:
    other = settings_for(house.settings.home, redis_server.url, master_key=base64.b64encode(b"x" * 32).decode())
    with pytest.raises(Misconfigured, match="OCTAVO_MASTER_KEY"):
        async with open_house(other):
            pass


async def test_a_person_is_promoted_from_a_shell(house: House) -> None:
    tokens = await house.join()
    assert (await promote(house.settings, "ana@example.org")).role == "admin"
    assert (await house.client.get("/api/auth/users", headers=tokens.headers)).status_code == 200


async def test_a_service_acts_for_a_person_with_that_persons_rights_and_for_nobody_who_is_not_there(house: House) -> None:
    user = await house.register()
    secret = (house.settings.home / "service.secret").read_text().strip()
    asked = {"client_id": "stories", "client_secret": secret, "on_behalf_of": user["id"]}
    given = await house.client.post("/api/auth/service-token", json=asked)
    assert given.status_code == 200, given.text
    principal = await house.service._services.verifier.verify(f"Bearer {given.json()['access_token']}")
    assert (principal.user, principal.role) == (user["id"], "user")
    assert_problem(await house.client.post("/api/auth/service-token", json={**asked, "on_behalf_of": generate_uuid()}), 404)
    assert_problem(await house.client.post("/api/auth/service-token", json={**asked, "client_secret": "x" * 43}), 401)


async def test_a_service_acts_for_nobody_who_is_suspended(house: House) -> None:
    ana, root = await house.register(), await house.join_as_admin()
    asked = {
        "client_id": "stories",
        "client_secret": (house.settings.home / "service.secret").read_text().strip(),
        "on_behalf_of": ana["id"],
    }
    assert (await house.client.post("/api/auth/service-token", json=asked)).status_code == 200
    for status, answer in (("suspended", 404), ("active", 200)):
        changed = await house.client.patch(f"/api/auth/users/{ana['id']}", json={"status": status}, headers=root.headers)
        assert changed.status_code == 200, changed.text
        assert (await house.client.post("/api/auth/service-token", json=asked)).status_code == answer
