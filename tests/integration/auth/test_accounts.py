"""From a stranger to a session and back."""

from __future__ import annotations

import jwt
from tests.integration.auth.house import PASSWORD, House, assert_problem, tokens_of

from octavo_core.identity import StaticKeys, TokenVerifier


async def test_register_verify_log_in_and_look_at_oneself(house: House) -> None:
    user = await house.register("Ana@Example.org ", name="  Ana   María ")
    assert (user["email"], user["name"], user["role"], user["status"]) == ("ana@example.org", "Ana María", "user", "active")
    for username in ("ana@example.org", "ANA@EXAMPLE.ORG", "ana maría"):
        tokens = await house.login(username)
        assert tokens.user["id"] == user["id"]
    me = (await house.client.get("/api/auth/me", headers=tokens.headers)).json()["user"]
    assert me["id"] == user["id"]
    assert me["last_login_at"] is not None
    assert "hash" not in str(me).lower().replace("has_password", "")


async def test_register_by_phone(house: House) -> None:
    verification = await house.ask_to_register(phone="+34 600 111-222")
    code = await house.code("+34600111222")
    answer = await house.client.post("/api/auth/verify", json={"verification_id": verification, "code": code})
    assert answer.json()["user"]["phone"] == "+34600111222"
    assert (await house.login("+34 600 111 222")).user["email"] is None


async def test_a_number_given_beside_an_address_is_confirmed_with_a_code_of_its_own(house: House) -> None:
    user = await house.register(phone="+34600111222")
    assert user["phone"] is None
    tokens = await house.login()
    body = {"contact_id": user["id"], "code": await house.code("+34600111222")}
    answer = await house.client.post("/api/auth/me/contact/verify", json=body, headers=tokens.headers)
    assert answer.json()["user"]["phone"] == "+34600111222"
    assert (await house.login("+34600111222")).user["id"] == user["id"]


async def test_any_service_checks_the_token_offline_with_the_published_keys(house: House) -> None:
    tokens = await house.join()
    jwks = (await house.client.get("/.well-known/jwks.json")).json()
    assert {key["alg"] for key in jwks["keys"]} == {"EdDSA"}
    assert all("d" not in key for key in jwks["keys"])
    principal = await TokenVerifier(StaticKeys(jwks), issuer="octavo", audience="octavo").verify(f"Bearer {tokens.access}")
    assert (principal.user, principal.role) == (tokens.user["id"], "user")
    claims = jwt.decode(tokens.access, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 600
    assert {"iss", "aud", "sub", "jti", "sid", "role"} <= set(claims)


async def test_refresh_exchanges_and_logout_ends(house: House) -> None:
    first = await house.join()
    second = tokens_of(await house.client.post("/api/auth/refresh", json={"refresh_token": first.refresh}))
    assert second.refresh != first.refresh
    assert second.session == first.session
    assert (await house.client.post("/api/auth/logout", headers=second.headers)).status_code == 200
    assert_problem(await house.client.get("/api/auth/me", headers=second.headers), 401)
    assert_problem(await house.client.post("/api/auth/refresh", json={"refresh_token": second.refresh}), 401)


async def test_sessions_are_listed_and_ended_one_by_one_or_all(house: House) -> None:
    first = await house.join()
    second, third = await house.login(), await house.login()
    listed = (await house.client.get("/api/auth/sessions", headers=first.headers)).json()["items"]
    assert [item["id"] for item in listed] == [third.session, second.session, first.session]
    assert [item["current"] for item in listed] == [False, False, True]
    assert (await house.client.delete(f"/api/auth/sessions/{second.session}", headers=first.headers)).status_code == 200
    assert_problem(await house.client.get("/api/auth/me", headers=second.headers), 401)
    ended = await house.client.post("/api/auth/logout/all", headers=third.headers)
    assert ended.json()["sessions"] == 2
    assert_problem(await house.client.get("/api/auth/me", headers=first.headers), 401)


async def test_a_forgotten_password_is_set_anew_once_and_ends_all_sessions(house: House) -> None:
    tokens = await house.join()
    recovery = (await house.client.post("/api/auth/recover", json={"username": "ana@example.org"})).json()["recovery_id"]
    code = await house.code("ana@example.org", 2)
    body = {"recovery_id": recovery, "code": code.lower().replace("-", " "), "password": "another fine password"}
    weak = await house.client.post("/api/auth/recover/confirm", json={**body, "password": "12345678"})
    assert_problem(weak, 422)
    assert (await house.client.post("/api/auth/recover/confirm", json=body)).status_code == 200
    assert_problem(await house.client.post("/api/auth/recover/confirm", json=body), 422)
    assert_problem(await house.client.get("/api/auth/me", headers=tokens.headers), 401)
    assert_problem(await house.client.post("/api/auth/login", json={"username": "ana@example.org", "password": PASSWORD}), 401)
    await house.login(password="another fine password")
    assert "password of your account was changed" in await house.message("ana@example.org", 3)


async def test_recovery_by_whatsapp_goes_to_the_number(house: House) -> None:
    user = await house.register(phone="+34600111222")
    tokens = await house.login()
    body = {"contact_id": user["id"], "code": await house.code("+34600111222")}
    await house.client.post("/api/auth/me/contact/verify", json=body, headers=tokens.headers)
    answer = await house.client.post("/api/auth/recover", json={"username": "ana@example.org", "channel": "whatsapp"})
    confirm = {
        "recovery_id": answer.json()["recovery_id"],
        "code": await house.code("+34600111222", 2),
        "password": "another fine password",
    }
    assert (await house.client.post("/api/auth/recover/confirm", json=confirm)).status_code == 200


async def test_a_changed_password_ends_the_other_sessions(house: House) -> None:
    first = await house.join()
    second = await house.login()
    path, new = "/api/auth/me/password", "another fine password"
    wrong = await house.client.post(path, json={"current_password": "not the one", "new_password": new}, headers=first.headers)
    assert_problem(wrong, 403)
    right = await house.client.post(path, json={"current_password": PASSWORD, "new_password": new}, headers=first.headers)
    assert right.status_code == 200
    assert (await house.client.get("/api/auth/me", headers=first.headers)).status_code == 200
    assert_problem(await house.client.get("/api/auth/me", headers=second.headers), 401)
    assert_problem(await house.client.post("/api/auth/refresh", json={"refresh_token": second.refresh}), 401)
    await house.login(password=new)


async def test_the_profile_is_changed_and_a_new_address_only_with_its_code(house: House) -> None:
    tokens = await house.join()
    renamed = await house.client.patch("/api/auth/me", json={"name": "Ana Banana"}, headers=tokens.headers)
    assert renamed.json()["user"]["name"] == "Ana Banana"
    ask = {"email": "new@example.org", "password": PASSWORD}
    assert_problem(await house.client.post("/api/auth/me/contact", json={**ask, "password": "no"}, headers=tokens.headers), 403)
    contact = (await house.client.post("/api/auth/me/contact", json=ask, headers=tokens.headers)).json()["contact_id"]
    code = await house.code("new@example.org")
    done = await house.client.post("/api/auth/me/contact/verify", json={"contact_id": contact, "code": code}, headers=tokens.headers)
    assert done.json()["user"]["email"] == "new@example.org"
    await house.login("new@example.org")


async def test_a_code_is_not_sent_again_at_once(house: House) -> None:
    verification = await house.ask_to_register(email="ana@example.org")
    answer = await house.client.post("/api/auth/verify/resend", json={"verification_id": verification})
    assert_problem(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_weak_passwords_are_refused_and_never_repeated(house: House) -> None:
    own = ["ANA MARÍA LONG", "ana.long@example.org", "ana.long"]
    for password in ("sh0rt!", "password1", "12345678", "aaaaaaaaaa", "xyz" * 43, "ｐａｓｓｗｏｒｄ１", "x" * 300, *own):
        body = {"name": "Ana María Long", "email": "ana.long@example.org", "password": password}
        answer = await house.client.post("/api/auth/register", json=body)
        found = assert_problem(answer, 422)
        assert found["errors"][0]["path"] in ("password", "body.password")
        assert password not in answer.text


async def test_one_password_typed_on_two_keyboards(house: House) -> None:
    await house.register(password="contrasen\u0303a muy larga \ufb01n")
    await house.login(password="contraseña muy larga fin")
