"""The feed is told whose browser reads, or it would count all readers as one: this service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from octavo_core.identity import JwksKeys
from octavo_web.adapters.services_api import Answer, ServicesApi
from octavo_web.app import create_service
from octavo_web.settings import WebSettings


async def test_each_reader_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str | None]] = []

    async def call(_self: ServicesApi, _method: str, path: str, *, headers: Mapping[str, str] | None = None, **_more: Any) -> Answer:
        told.append((path, (headers or {}).get("x-forwarded-for")))
        return Answer(200, {"items": [], "handle": "mar", "name": "Mar", "followers": 0, "about": ""}, CIMultiDictProxy(CIMultiDict()))

    monkeypatch.setattr(ServicesApi, "call", call)
    service = create_service(WebSettings(), keys=JwksKeys("http://127.0.0.1:9/.well-known/jwks.json"))
    try:
        for address in ("203.0.113.7", "2001:db8::8"):
            transport = httpx.ASGITransport(service.app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
                assert (await client.get("/feed", headers={"x-forwarded-for": "198.51.100.1"})).status_code == 200
                assert (await client.get("/feed/@mar")).status_code == 200
            assert {said for path, said in told if path.startswith("/api/feed/")} == {address}
            assert len(told) >= 3
            told.clear()
    finally:
        await service.close()
