"""The platform's services as their own readiness tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from octavo_admin.adapters.calling import Calls
from octavo_admin.domain.model import Dependency, ServiceView
from octavo_core.errors import Unavailable


class ServiceHealth:
    def __init__(self, urls: Mapping[str, str], calls: Calls) -> None:
        """`urls`: of each service's readiness, by the service's name."""
        self._urls = urls
        self._calls = calls

    async def all(self) -> list[ServiceView]:
        return list(await asyncio.gather(*(self._one(name, url) for name, url in sorted(self._urls.items()))))

    async def _one(self, name: str, url: str) -> ServiceView:
        try:
            answer = await self._calls.ask("GET", url)
        except Unavailable as error:
            return ServiceView(name, "unreachable", reason=error.message)
        body = answer.json()
        if not isinstance(body, dict) or answer.status not in (200, 503):
            return ServiceView(name, "unreachable", reason=f"its readiness answers {answer.status}")
        found = body.get("dependencies")
        dependencies = tuple(
            Dependency(str(each), "healthy" if one.get("status") == "healthy" else "unhealthy", one.get("message"))
            for each, one in sorted((found if isinstance(found, dict) else {}).items())
            if isinstance(one, dict)
        )
        broken = [f"{each.name}: {each.message or 'unhealthy'}" for each in dependencies if each.status == "unhealthy"]
        uptime = body.get("uptime_seconds")
        return ServiceView(
            name,
            "healthy" if answer.status == 200 else "unhealthy",
            version=None if body.get("version") is None else str(body["version"]),
            uptime_seconds=float(uptime) if isinstance(uptime, int | float) else None,
            dependencies=dependencies,
            reason=None if answer.status == 200 else "; ".join(broken) or answer.said(),
        )
