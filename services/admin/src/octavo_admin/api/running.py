"""What runs: services, generators and their processes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from octavo_admin.api.answers import Generators, OneGenerator, Services
from octavo_admin.api.callers import AdminCaller
from octavo_admin.domain.ports import ControlPlane
from octavo_core.errors import Conflict, NotFound

Name = Annotated[str, Path(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", description="The generator's name.")]
Namespace = Annotated[str | None, Query(max_length=63, description="In a cluster, where several have that name.")]


def running_router(control: ControlPlane, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["what runs"])

    @router.get("/services", summary="The platform's services: health, dependencies, version, uptime")
    async def services(_admin: AdminCaller) -> Services:
        return Services(items=await control.services(), processes=await control.processes())

    @router.get("/generators", summary="The generators: state and root cause, queue, recent work, cost")
    async def generators(_admin: AdminCaller) -> Generators:
        return Generators(items=await control.reported(await control.generators()))

    @router.get("/generators/{name}", summary="One generator, and what runs it")
    async def generator(name: Name, _admin: AdminCaller, namespace: Namespace = None) -> OneGenerator:
        found = [one for one in await control.generators() if one.name == name and namespace in (None, one.namespace)]
        if not found:
            raise NotFound("there is no such generator")
        if len(found) > 1:
            raise Conflict(f"it is in several namespaces: {', '.join(sorted(str(one.namespace) for one in found))}; name one")
        (view,) = await control.reported(found)
        processes = [one for one in await control.processes() if name in one.generators]
        prefix = "" if view.namespace is None else f"{view.namespace}/"
        return OneGenerator(generator=view, processes=[one for one in processes if one.name.startswith(prefix)])

    return router
