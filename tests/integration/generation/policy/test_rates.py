"""How often a generator may be asked, against a real Redis."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import redis
from structlog.testing import capture_logs
from tests.servers.generators import generator
from tests.servers.redis import RedisServer
from tests.servers.starting import wait_until

from octavo_core.errors import Throttled
from octavo_core.spec import GeneratorService, parse_resource
from octavo_generation.policy.rates import RequestRates

pytestmark = pytest.mark.needs("redis")


def bounded(name: str = "images", **limits: int) -> GeneratorService:
    resource = parse_resource(generator(name, task="image", providers=[{"name": "sketch", "type": "sketch"}], limits=limits))
    assert isinstance(resource, GeneratorService)
    return resource


@pytest.fixture
async def rates(redis_server: RedisServer) -> AsyncIterator[RequestRates]:
    opened = RequestRates(redis_server.url)
    yield opened
    await opened.close()


async def passed(rates: RequestRates, resource: GeneratorService, users: list[str]) -> Counter[str]:
    async def one(user: str) -> str | None:
        try:
            await rates.check(resource, user)
        except Throttled:
            return None
        return user

    return Counter(user for user in await asyncio.gather(*map(one, users)) if user is not None)


async def test_exactly_so_many_pass_through_several_processes_doors(redis_server: RedisServer, rates: RequestRates) -> None:
    other = RequestRates(redis_server.url)
    resource = bounded(requestsPerMinute=10)
    both = await asyncio.gather(passed(rates, resource, ["ana"] * 40), passed(other, resource, ["ana"] * 40))
    assert sum(count["ana"] for count in both) == 10
    await other.close()


async def test_who_is_refused_hears_when_the_oldest_request_leaves_the_window(rates: RequestRates) -> None:
    resource = bounded(requestsPerMinute=3)
    began = time.time()
    for _ in range(3):
        await rates.check(resource, "ana")
    with pytest.raises(Throttled) as caught:
        await rates.check(resource, "ana")
    assert caught.value.retry_after is not None
    assert 60 - (time.time() - began) - 0.1 <= caught.value.retry_after <= 60
    assert "3 requests a minute" in caught.value.message


async def test_knocking_does_not_keep_the_door_shut(redis_server: RedisServer, rates: RequestRates) -> None:
    resource = bounded(requestsPerMinute=3)
    await passed(rates, resource, ["ana"] * 50)
    (key,) = redis.Redis.from_url(redis_server.url).keys("*")
    assert redis.Redis.from_url(redis_server.url).llen(key) == 3, "only what passed is counted"


async def test_users_and_generators_have_windows_of_their_own(rates: RequestRates) -> None:
    users = ["ana", "Ana", "ana ", "ñandú 🦊", "a:b", "a\nb", "*", "", "x" * 10_000]
    assert await passed(rates, bounded(requestsPerMinute=2), users * 4) == Counter(dict.fromkeys(users, 2))
    assert await passed(rates, bounded("others", requestsPerMinute=2), ["ana"] * 4) == Counter({"ana": 2})


async def test_all_users_together_have_a_bound_that_one_user_alone_cannot_use_up(rates: RequestRates) -> None:
    resource = bounded(requestsPerMinute=4, totalRequestsPerMinute=6)
    assert await passed(rates, resource, ["greedy"] * 30) == Counter({"greedy": 4})
    assert sum((await passed(rates, resource, ["ana", "luis", "eva"])).values()) == 2


async def test_a_large_bound_is_kept_with_two_counters(redis_server: RedisServer, rates: RequestRates) -> None:
    resource = bounded(totalRequestsPerMinute=1_200)
    # Its counters are of minutes by the clock; at the turn of one a share of the earlier is let go.
    wait_until(lambda: time.time() % 60 < 45, what="the minute does not end", deadline_s=20)
    assert (await passed(rates, resource, ["ana"] * 1_500))["ana"] == 1_200
    with pytest.raises(Throttled) as caught:
        await rates.check(resource, "ana")
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 60
    assert sum(redis.Redis.from_url(redis_server.url).memory_usage(key) for key in redis.Redis.from_url(redis_server.url).keys("*")) < 1_000


async def test_every_key_goes_by_itself_and_names_nobody(redis_server: RedisServer, rates: RequestRates) -> None:
    await passed(rates, bounded(requestsPerMinute=5, totalRequestsPerMinute=5_000), ["ana@example.org", "luis"])
    client = redis.Redis.from_url(redis_server.url)
    keys = client.keys("*")
    assert len(keys) == 3
    for key in keys:
        assert 0 < client.ttl(key) <= 120
        assert b"ana" not in key


async def test_without_bounds_redis_is_not_asked() -> None:
    rates = RequestRates("redis://127.0.0.1:1/0")
    with capture_logs() as logs:
        await rates.check(bounded(), "ana")
    assert logs == []
    await rates.close()


async def test_redis_away_lets_through_says_so_once_and_counts_again_when_it_is_back(own_redis: RedisServer) -> None:
    rates, resource = RequestRates(own_redis.url), bounded(requestsPerMinute=2)
    assert await passed(rates, resource, ["ana"] * 5) == Counter({"ana": 2})
    own_redis.stop()
    with capture_logs() as logs:
        assert await passed(rates, resource, ["ana"] * 5) == Counter({"ana": 5})
    assert [(log["log_level"], log["generator"]) for log in logs] == [("warning", "images")]
    own_redis.start()
    assert await passed(rates, resource, ["ana"] * 5) == Counter({"ana": 2})
    await rates.close()


async def test_a_redis_that_never_answers_holds_nobody_up() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(64)
        rates = RequestRates(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")
        began = time.monotonic()
        assert await passed(rates, bounded(requestsPerMinute=1), ["ana"] * 30) == Counter({"ana": 30})
        assert time.monotonic() - began < 5
        await rates.close()
