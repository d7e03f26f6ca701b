"""The operator's side: what sleeps comes in, who waits goes out. Health and metrics stand beside it, and need no token."""

from __future__ import annotations

import hmac
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from pydantic import BaseModel, Field

from octavo_activator.addresses import own_addresses
from octavo_activator.gatehouse import Gatehouse
from octavo_activator.routes import Key, read_table
from octavo_activator.settings import ActivatorSettings
from octavo_activator.store import HeldJobStore
from octavo_activator.tally import Tally
from octavo_core.clock import to_iso
from octavo_core.errors import Fault, InvalidInput, Unauthenticated
from octavo_core.http import Check, create_app

MAX_TABLE_BYTES = 64 * 1_048_576
MAX_PARTS = 64


class RefusedRoute(BaseModel):
    namespace: str
    name: str
    port: int | None
    reason: str


class RoutesResponse(BaseModel):
    success: bool = True
    routes: int = Field(description="How many generators are answered for now.")
    refused: list[RefusedRoute] = Field(description="Routes that could not be used, and why; the others are.")


class Waiting(BaseModel):
    namespace: str
    name: str
    jobs: int = Field(description="Jobs that are held and wait for the generator.")
    requests: int = Field(description="Requests that wait for the generator just now.")
    since: str = Field(description="Since when something has been waiting without a break.")


def create_control_app(
    settings: ActivatorSettings, gatehouse: Gatehouse, store: HeldJobStore, tally: Tally, check_process: Check
) -> FastAPI:
    """`store` is prepared and closed by the caller."""
    token = settings.activator_token.get_secret_value().encode()

    async def check_token(authorization: Annotated[str | None, Header()] = None) -> None:
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode("latin-1", "replace"), token):
            raise Unauthenticated("the token that operator and activator share is required")

    app = create_app(
        service="activator",
        title="Octavo activator",
        description="Answers for generators that sleep.",
        version=version("octavo-activator"),
        checks={"process": check_process, "store": store.ping},
        max_body_bytes=MAX_TABLE_BYTES,
    )
    router = APIRouter(tags=["operator"], dependencies=[Depends(check_token)])

    @router.put("/routes", summary="Everything that is answered for, whole", response_model=RoutesResponse)
    async def put_routes(
        request: Request,
        part: Annotated[int, Query(ge=0, lt=MAX_PARTS, description="Which part of all routes this is; it replaces no other.")] = 0,
        parts: Annotated[int, Query(ge=1, le=MAX_PARTS, description="Into how many parts they are divided.")] = 1,
        x_octavo_routes: Annotated[str, Header(max_length=128, pattern="^[A-Za-z0-9]*$", description="A name for this table.")] = "",
    ) -> RoutesResponse:
        if part >= parts:
            raise InvalidInput(f"part: there is no part {part} of {parts}", faults=(Fault("part", "must be less than parts"),))
        table = read_table(await request.body(), gatehouse.told(part), ports=settings.port_range)
        refused = await gatehouse.apply(table, part=part, parts=parts, digest=x_octavo_routes)
        return RoutesResponse(
            routes=len(gatehouse.gates()),
            refused=[RefusedRoute(namespace=r.namespace, name=r.name, port=r.port, reason=r.reason) for r in refused],
        )

    @router.get("/waiting", summary="Whom somebody waits for", response_model=list[Waiting])
    async def get_waiting(request: Request, response: Response) -> list[Waiting]:
        """`X-Octavo-Routes` has the names of the tables that are in use, `X-Octavo-Addresses` where callers reach this process."""
        response.headers["x-octavo-routes"] = ",".join(gatehouse.digests)
        if addresses := own_addresses(settings.addresses, request.scope["server"][0]):
            response.headers["x-octavo-addresses"] = ",".join(addresses)
        return waiting(gatehouse, tally)

    app.include_router(router)
    return app


def waiting(gatehouse: Gatehouse, tally: Tally) -> list[Waiting]:
    """Also generators that the table does not name: their jobs are here all the same."""
    found: dict[Key, tuple[int, int, int]] = {}
    for key, held in tally.waiting():
        found[key] = (held.waiting, 0, held.since_ms or 0)
    for key, gate in gatehouse.gates().items():
        if gate.waiting_since_ms is not None:
            jobs, _, since_ms = found.get(key, (0, 0, gate.waiting_since_ms))
            found[key] = (jobs, gate.waiting_requests, min(since_ms, gate.waiting_since_ms))
    return [
        Waiting(namespace=key.namespace, name=key.name, jobs=jobs, requests=requests, since=to_iso(since_ms))
        for key, (jobs, requests, since_ms) in found.items()
    ]
