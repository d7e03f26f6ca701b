"""The script that the operator is compared with: it makes the resources and applies their objects as fast as it can.

    python -m benchmarks.kube.bare --namespace bare --count 1000

Plain aiohttp and orjson, server-side apply with force, the same manifests, as many generators at once as the operator works on. No watch,
no cache, no status, no lease, no back-off: whatever fails ends it. `--edit` changes all resources and applies the objects that differ.
"""

import argparse
import asyncio
import os
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from benchmarks.kube.generators import document, manifests
from octavo_operator import names
from octavo_operator.connection import find_connection
from octavo_operator.kinds import GENERATOR_SERVICE, kind_of_manifest
from octavo_operator.settings import OperatorSettings


class Bare:
    def __init__(self, session: aiohttp.ClientSession, server: str, namespace: str) -> None:
        self._session = session
        self._server = server
        self._namespace = namespace
        self._settings = OperatorSettings()

    async def create(self, number: int) -> None:
        """The resource, then its objects in their order."""
        made = await self._call("POST", GENERATOR_SERVICE.path(self._namespace), document(self._namespace, number), "application/json")
        await self._apply(made)

    async def edit(self, number: int) -> None:
        """The changed resource, then the objects that differ from those of the unchanged one."""
        wanted = document(self._namespace, number, edited=True)
        path = GENERATOR_SERVICE.path(self._namespace, wanted["metadata"]["name"])
        made = await self._call("PATCH", path, {"spec": wanted["spec"]}, "application/merge-patch+json")
        before = {**made, "spec": document(self._namespace, number)["spec"]}
        known = {hash_of(manifest) for manifest in manifests(before, self._settings)}
        await self._apply(made, known)

    async def _apply(self, resource: Mapping[str, Any], known: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        for manifest in manifests(resource, self._settings):
            if hash_of(manifest) not in known:
                path = kind_of_manifest(manifest).path(self._namespace, manifest["metadata"]["name"])
                await self._call("PATCH", f"{path}?fieldManager=bare&force=true", manifest, "application/apply-patch+yaml")

    async def _call(self, method: str, path: str, body: Mapping[str, Any], content_type: str) -> dict[str, Any]:
        async with self._session.request(
            method, self._server + path, data=orjson.dumps(body), headers={"Content-Type": content_type}
        ) as answer:
            said = await answer.read()
            if answer.status >= 300:
                raise SystemExit(f"{method} {path}: {answer.status} {said[:500]!r}")
            result: dict[str, Any] = orjson.loads(said)
            return result


def hash_of(manifest: Mapping[str, Any]) -> str:
    return str(manifest["metadata"]["annotations"][names.HASH_ANNOTATION])


async def run(namespace: str, count: int, at_once: int, *, edit: bool) -> None:
    connection = find_connection(os.environ)
    headers = {"Authorization": f"Bearer {connection.token}"}
    connector = aiohttp.TCPConnector(ssl=connection.tls(), limit=at_once)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        bare = Bare(session, connection.server, namespace)
        numbers = iter(range(count))

        async def work() -> None:
            for number in numbers:
                await (bare.edit(number) if edit else bare.create(number))

        await asyncio.gather(*(work() for _ in range(at_once)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--at-once", type=int, default=16, help="generators that are worked on at once")
    parser.add_argument("--edit", action="store_true")
    options = parser.parse_args()
    asyncio.run(run(options.namespace, options.count, options.at_once, edit=options.edit))


if __name__ == "__main__":
    main()
