"""The agent's process: watches claims, volumes and policies, and acts on what `storage` and `policies` compute."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import subprocess
import threading
import time
from pathlib import Path

import httpx
from scripts.cluster.agent import policies, ruleset, storage
from scripts.cluster.agent.mirror import Mirror
from scripts.cluster.api import Api, connected
from scripts.cluster.layout import Host
from scripts.cluster.network import POLICIES_TABLE

log = logging.getLogger("agent")

# Gathers the changes that come together, as a rollout makes them.
_GATHER_S = 0.03
# Looks again without a change, in case somebody removed the table or a write failed.
_RESYNC_S = 30.0
_RETRY_S = 1.0
_NFT_TIMEOUT_S = 20


class Storage:
    def __init__(self, api: Api, host: Host) -> None:
        self.bell = threading.Event()
        self._api, self._node, self._folders = api, host.node_name, storage.Folders(host.volumes)
        self._claims = Mirror(api, "/api/v1/persistentvolumeclaims", self.bell)
        self._volumes = Mirror(api, "/api/v1/persistentvolumes", self.bell)
        self._classes = Mirror(api, "/apis/storage.k8s.io/v1/storageclasses", self.bell)
        self.mirrors = (self._claims, self._volumes, self._classes)

    def reconcile(self) -> None:
        classes = {each["metadata"]["name"]: each for each in self._classes.objects()}
        volumes = self._volumes.objects()
        for claim in storage.wanted(self._claims.objects(), volumes, classes, self._node):
            path = self._folders.make(storage.volume_name(claim))
            storage_class = classes[claim["spec"]["storageClassName"]]
            try:
                self._api.create(storage.volume(claim, storage_class, path, self._node))
                log.info("made %s for %s/%s", path.name, claim["metadata"]["namespace"], claim["metadata"]["name"])
            except httpx.HTTPStatusError as refusal:
                # Made already, by an earlier call whose event has not come yet.
                if refusal.response.status_code != httpx.codes.CONFLICT:
                    raise
        for name in storage.released(volumes):
            self._folders.delete(name)
            self._api.delete(f"/api/v1/persistentvolumes/{name}")
            log.info("deleted %s", name)


class Policies:
    def __init__(self, api: Api, host: Host) -> None:
        self.bell = threading.Event()
        self._node = host.node_name
        self._policies = Mirror(api, "/apis/networking.k8s.io/v1/networkpolicies", self.bell)
        self._pods = Mirror(api, "/api/v1/pods", self.bell)
        self._namespaces = Mirror(api, "/api/v1/namespaces", self.bell)
        self.mirrors = (self._policies, self._pods, self._namespaces)
        self._loaded, self._loaded_at = "", 0.0

    def reconcile(self) -> None:
        fences = policies.fences(self._policies.objects(), self._pods.objects(), self._namespaces.objects(), self._node)
        script = ruleset.script(POLICIES_TABLE, fences)
        if script == self._loaded and time.monotonic() - self._loaded_at < _RESYNC_S:
            return
        done = subprocess.run(["nft", "-f", "-"], input=script, capture_output=True, text=True, timeout=_NFT_TIMEOUT_S, check=False)
        if done.returncode != 0:
            raise OSError(f"nft refused the policies: {done.stderr.strip()}")
        if script != self._loaded:
            log.info("enforcing %d fences", len(fences))
        self._loaded, self._loaded_at = script, time.monotonic()


def run(part: Storage | Policies) -> None:
    """Reconciles whenever the bell rings; for ever."""
    for mirror in part.mirrors:
        mirror.start()
    for mirror in part.mirrors:
        mirror.filled.wait()
    while True:
        part.bell.wait(_RESYNC_S)
        time.sleep(_GATHER_S)
        part.bell.clear()
        try:
            part.reconcile()
        except (httpx.HTTPError, OSError, subprocess.SubprocessError, KeyError, ValueError) as problem:
            log.warning("%s: %s", type(part).__name__, problem)
            time.sleep(_RETRY_S)
            part.bell.set()


def _end_loudly(failed: threading.ExceptHookArgs) -> None:
    """A part that dies takes the process with it: `up` sees a process that is missing, not a thread."""
    log.critical("%s ended", failed.thread.name if failed.thread else "a thread", exc_info=failed.exc_value)
    os._exit(1)


def main() -> None:
    threading.excepthook = _end_loudly
    parser = argparse.ArgumentParser(description="Volumes and network policies of the host cluster")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    host = Host(arguments.state)
    with connected(arguments.kubeconfig) as api, contextlib.suppress(KeyboardInterrupt):
        threading.Thread(target=run, args=(Storage(api, host),), name="storage", daemon=True).start()
        run(Policies(api, host))


main()
