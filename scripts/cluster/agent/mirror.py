"""A local copy of a collection of the API, kept by list and watch, and a bell that rings when one changes."""

from __future__ import annotations

import logging
import random
import threading

import httpx
from scripts.cluster.api import Api, Object

log = logging.getLogger(__name__)

_PAUSE_S = (0.2, 5.0)


class Gone(Exception):
    """The server no longer has the history that we asked for: list again."""


class Mirror:
    """One collection. Its thread ends with the process, or with `stop`."""

    def __init__(self, api: Api, path: str, changed: threading.Event) -> None:
        self._api, self._path, self._changed = api, path, changed
        self._objects: dict[str, Object] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.filled = threading.Event()
        """Set once the first list is in."""

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"mirror {self._path}", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def objects(self) -> list[Object]:
        """A snapshot. The objects themselves are never changed, only replaced."""
        with self._lock:
            return list(self._objects.values())

    def _run(self) -> None:
        pause = _PAUSE_S[0]
        while not self._stopping.is_set():
            try:
                version = self._list()
                pause = _PAUSE_S[0]
                while not self._stopping.is_set():
                    version = self._follow(version)
            except (httpx.HTTPError, Gone, ValueError, KeyError) as problem:
                log.info("%s: %s; again in %.1f s", self._path, problem or type(problem).__name__, pause)
                self._stopping.wait(pause * random.uniform(0.8, 1.2))
                pause = min(pause * 2, _PAUSE_S[1])

    def _list(self) -> str:
        found = self._api.get(self._path)
        with self._lock:
            self._objects = {each["metadata"]["uid"]: each for each in found["items"]}
        self.filled.set()
        self._changed.set()
        version: str = found["metadata"]["resourceVersion"]
        return version

    def _follow(self, version: str) -> str:
        for event in self._api.watch(self._path, version):
            kind, found = event["type"], event["object"]
            if kind == "ERROR":
                raise Gone(found.get("message", "the watch ended"))
            version = found["metadata"]["resourceVersion"]
            if kind == "BOOKMARK":
                continue
            with self._lock:
                if kind == "DELETED":
                    self._objects.pop(found["metadata"]["uid"], None)
                else:
                    self._objects[found["metadata"]["uid"]] = found
            self._changed.set()
            if self._stopping.is_set():
                break
        return version
