"""`octavo fake-providers` as people run it: a process on a free port, to be scripted while it runs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import orjson
from tests.servers.starting import ServerDidNotStart, running, wait_until


@dataclass
class FakeProviders:
    """`url` is what OCTAVO_FAKE_PROVIDERS_URL holds; each vendor's API lies below `/{type}` there, as `base_url` says."""

    url: str
    process: subprocess.Popen[bytes] = field(repr=False)
    client: httpx.Client = field(repr=False)

    def base_url(self, provider: str) -> str:
        """What a resource's `baseUrl`, or an SDK's `base_url`, is set to for that provider type."""
        return f"{self.url}/{provider}{_BASE_PATHS.get(provider, '')}"

    def script(self, *rules: dict[str, Any]) -> None:
        """Adds rules behind those that are there; docs/guides/fake-providers.md has their fields."""
        answer = self.client.post("/_script", json={"rules": list(rules)})
        assert answer.status_code == 200, answer.text

    def rules(self) -> list[dict[str, Any]]:
        """All rules, each with how often it was `used`."""
        found: list[dict[str, Any]] = self._get("/_script")["rules"]
        return found

    def down(self, **providers: bool) -> None:
        """`down(openai=True, azure_openai=False)`: who answers 503 at once; others stay as they are."""
        answer = self.client.put("/_down", json={name.replace("_", "-"): is_down for name, is_down in providers.items()})
        assert answer.status_code == 200, answer.text

    def requests(self, provider: str | None = None) -> list[dict[str, Any]]:
        """The last requests, oldest first: provider, method, path, model, prompt, body, headers, key, status, ended."""
        found: list[dict[str, Any]] = self._get("/_requests")["requests"]
        return [request for request in found if provider is None or request["provider"] == provider]

    def counts(self) -> dict[str, dict[str, Any]]:
        """By provider: `total`, `by_status`, `in_flight`, `max_in_flight`."""
        found: dict[str, dict[str, Any]] = self._get("/_requests")["counts"]
        return found

    def reset(self) -> None:
        """No rules, nobody down, no requests remembered."""
        self.client.delete("/_script").raise_for_status()
        self.client.delete("/_down").raise_for_status()
        self.client.delete("/_requests").raise_for_status()

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(path)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body


_BASE_PATHS: Mapping[str, str] = {"openai": "/v1", "xai": "/v1", "openai-compatible": "/v1", "fake": "/v1"}


@contextlib.contextmanager
def fake_providers(*arguments: str, port: int = 0) -> Iterator[FakeProviders]:
    """Running and ready; ended with the block. `arguments`: more of the command line, such as `--latency openai=0.05`."""
    argv = [sys.executable, "-m", "octavo_fakes", "--host", "127.0.0.1", "--port", str(port), *arguments]
    with TemporaryDirectory(prefix="fake-providers-") as folder:
        log = Path(folder) / "fake-providers.log"
        with running(argv, log=log) as process:
            ready: dict[str, Any] = {}

            def is_ready() -> bool:
                if process.poll() is not None:
                    return True
                lines = [line for line in log.read_bytes().splitlines() if line.startswith(b'{"url"')]
                ready.update(orjson.loads(lines[0]))
                return True

            wait_until(is_ready, what="the fake providers are not ready", deadline_s=60)
            if not ready:
                raise ServerDidNotStart(log.read_text("utf-8", "replace")[-4000:])
            with httpx.Client(base_url=ready["url"], timeout=30, trust_env=False) as client:
                yield FakeProviders(ready["url"], process, client)


def environment(providers: FakeProviders) -> dict[str, str]:
    """For a process of Octavo that shall use them in place of providers whose key is not here."""
    return {**os.environ, "OCTAVO_FAKE_PROVIDERS_URL": providers.url}
