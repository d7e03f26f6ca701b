"""Auth as a process of its own: over MariaDB, which goes away for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.integration.auth.house import PASSWORD, assert_problem
from tests.integration.auth.processes import auth_process, register, wait_until_ready
from tests.servers.redis import RedisServer
from tests.servers.starting import wait_until
from tests.servers.tcp_gate import tcp_gate

from octavo_core.errors import Misconfigured, Unavailable
from octavo_core.identity import JwksKeys, ServiceTokens, TokenVerifier


@pytest.mark.needs("mariadb")
def test_a_database_that_goes_away_is_503_and_comes_back_by_itself(
    tmp_path: Path, redis_server: RedisServer, mariadb_url: str, mariadb_database: str
) -> None:
    with tcp_gate(mariadb_url) as gate:
        url = f"{gate.url}/{mariadb_database}"
        gate.shut()
        with auth_process(tmp_path, OCTAVO_DATABASE_URL=url, OCTAVO_REDIS_URL=redis_server.url) as (client, log):
            body = {"username": "ana@example.org", "password": PASSWORD}
            assert_problem(client.post("/api/auth/login", json=body), 503)
            assert client.get("/api/auth/health/live").status_code == 200
            gate.open()
            wait_until_ready(client)
            register(client, "ana@example.org")
            tokens = client.post("/api/auth/login", json=body).json()
            headers = {"authorization": f"Bearer {tokens['access_token']}"}
            gate.shut()
            assert_problem(client.post("/api/auth/login", json=body), 503, "unavailable")
            assert_problem(client.get("/api/auth/me", headers=headers), 503, "unavailable")
            assert client.get("/.well-known/jwks.json").json()["keys"]
            assert client.get("/api/auth/health/ready").status_code == 503
            gate.open()
            wait_until_ready(client)
            assert client.get("/api/auth/me", headers=headers).status_code == 200
            register(client, "eva@example.org")
            assert PASSWORD not in log.read_text()
            assert "octavo:octavo" not in log.read_text()


def test_without_redis_people_log_in_and_codes_wait(tmp_path: Path, own_redis: RedisServer) -> None:
    with auth_process(tmp_path, OCTAVO_REDIS_URL=own_redis.url) as (client, _log):
        wait_until_ready(client)
        register(client, "ana@example.org")
        own_redis.stop()
        body = {"username": "ana@example.org", "password": PASSWORD}
        assert client.post("/api/auth/login", json=body).status_code == 200
        guesses = [client.post("/api/auth/login", json={**body, "password": "a wrong guess"}).status_code for _ in range(12)]
        assert guesses[0] == 401
        assert guesses[-1] == 429
        answer = client.post("/api/auth/register", json={"name": "Eva", "email": "eva@example.org", "password": PASSWORD})
        assert answer.status_code == 202
        own_redis.start()
        wait_until(lambda: "eva@example.org" in client.get("/api/auth/outbox").text, what="the code does not arrive", deadline_s=60)


def test_a_service_keeps_its_token(tmp_path: Path, redis_server: RedisServer) -> None:
    with auth_process(tmp_path, OCTAVO_REDIS_URL=redis_server.url) as (client, _log):
        wait_until_ready(client)
        url = f"{client.base_url}/api/auth/service-token"
        secret = (tmp_path / "home" / "service.secret").read_text().strip()

        async def ask() -> None:
            tokens = ServiceTokens(url, client_id="stories", client_secret=secret)
            assert len(set(await asyncio.gather(*(tokens.token() for _ in range(5))))) == 1
            keys = JwksKeys(f"{client.base_url}/.well-known/jwks.json")
            principal = await TokenVerifier(keys, issuer="octavo", audience="octavo").verify(f"Bearer {await tokens.token()}")
            assert (principal.user, principal.role) == ("service:stories", "service")
            with pytest.raises(Misconfigured):
                await ServiceTokens(url, client_id="stories", client_secret="x" * 43).token()
            with pytest.raises(Unavailable):
                await ServiceTokens("http://127.0.0.1:9/", client_id="stories", client_secret=secret).token()

        asyncio.run(ask())


def test_two_processes_share_keys_and_sessions(tmp_path: Path, redis_server: RedisServer) -> None:
    home = {"OCTAVO_HOME": str(tmp_path / "shared"), "OCTAVO_REDIS_URL": redis_server.url}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with auth_process(tmp_path / "one", **home) as (one, _), auth_process(tmp_path / "two", **home) as (two, _):
        wait_until_ready(one)
        wait_until_ready(two)
        assert one.get("/.well-known/jwks.json").json() == two.get("/.well-known/jwks.json").json()
        register(one, "ana@example.org")
        tokens = one.post("/api/auth/login", json={"username": "ana@example.org", "password": PASSWORD}).json()
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        assert two.get("/api/auth/me", headers=headers).status_code == 200
        assert two.post("/api/auth/logout", headers=headers).status_code == 200
        assert_problem(one.get("/api/auth/me", headers=headers), 401)
