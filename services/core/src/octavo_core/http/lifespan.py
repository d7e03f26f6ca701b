"""How a service begins and ends with the application that answers for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from fastapi import FastAPI

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Startable(Protocol):
    async def start(self) -> None: ...

    async def close(self) -> None: ...


def lifespan_of(service: Startable) -> Lifespan:
    """Started before the first request, closed after the last."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.close()

    return lifespan
