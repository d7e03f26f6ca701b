"""What the Kubernetes API says about pods and their logs, as kubelets answer it (`pods/log`, v1.34): timestamps, tailLines, sinceTime and
follow; 401 without the token, 404 for a pod that is gone. Real pods' logs are for tests/e2e."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

TOKEN = "of-the-service-account"


@dataclass
class Pod:
    namespace: str
    name: str
    labels: dict[str, str] = field(default_factory=lambda: {"app.kubernetes.io/part-of": "octavo"})
    lines: list[tuple[str, str]] = field(default_factory=list)
    """(moment as RFC 3339 with what digits it has, text)"""
    written: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def write(self, text: str, moment: str) -> None:
        async with self.written:
            self.lines.append((moment, text))
            self.written.notify_all()

    def as_object(self) -> dict[str, object]:
        running = {"name": "api", "ready": True, "restartCount": 0, "state": {"running": {}}}
        return {
            "metadata": {"namespace": self.namespace, "name": self.name, "labels": self.labels},
            "spec": {"containers": [{"name": "api", "image": "octavo/service:1"}]},
            "status": {"startTime": "2026-11-28T10:00:00Z", "containerStatuses": [running]},
        }


class KubeLogs:
    def __init__(self) -> None:
        self.pods: list[Pod] = []
        self.requests: list[str] = []
        self.app = web.Application(middlewares=[self._authorised])
        self.app.router.add_get("/api/v1/pods", self._list)
        self.app.router.add_get("/api/v1/namespaces/{namespace}/pods", self._list)
        self.app.router.add_get("/api/v1/namespaces/{namespace}/pods/{pod}/log", self._log)

    @web.middleware
    async def _authorised(self, request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:  # type: ignore[override]
        self.requests.append(request.path_qs)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return web.json_response({"kind": "Status", "message": "Unauthorized", "code": 401}, status=401)
        return await handler(request)  # type: ignore[operator, no-any-return]

    async def _list(self, request: web.Request) -> web.Response:
        wanted = dict(part.split("=", 1) for part in request.query.get("labelSelector", "").split(",") if part)
        namespace = request.match_info.get("namespace")
        found = [
            pod.as_object()
            for pod in self.pods
            if namespace in (None, pod.namespace) and all(pod.labels.get(name) == value for name, value in wanted.items())
        ]
        # In pages, so that whoever lists must go on.
        start, most = int(request.query.get("continue", "0")), 2
        metadata = {"continue": str(start + most)} if start + most < len(found) else {}
        return web.json_response({"kind": "PodList", "metadata": metadata, "items": found[start : start + most]})

    async def _log(self, request: web.Request) -> web.StreamResponse:
        pod = next((one for one in self.pods if one.name == request.match_info["pod"]), None)
        if pod is None:
            return web.json_response({"kind": "Status", "message": "pods not found", "code": 404}, status=404)
        since = request.query.get("sinceTime")
        chosen = [line for line in pod.lines if since is None or _second(line[0]) >= _second(since)]
        if "tailLines" in request.query:
            chosen = chosen[-int(request.query["tailLines"]) :]
        stamped = request.query.get("timestamps") == "true"
        if request.query.get("follow") != "true":
            return web.Response(text="".join(_written(line, stamped) for line in chosen))
        sent, answer = len(pod.lines), web.StreamResponse()
        await answer.prepare(request)
        for line in chosen:
            await answer.write(_written(line, stamped).encode())
        while True:
            async with pod.written:
                while len(pod.lines) == sent:
                    await pod.written.wait()
            for line in pod.lines[sent:]:
                await answer.write(_written(line, stamped).encode())
            sent = len(pod.lines)


def _written(line: tuple[str, str], stamped: bool) -> str:
    return f"{line[0]} {line[1]}\n" if stamped else f"{line[1]}\n"


def _second(moment: str) -> datetime:
    """`sinceTime` knows whole seconds only."""
    return datetime.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
