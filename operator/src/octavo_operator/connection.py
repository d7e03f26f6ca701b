"""Where the API server is and who we are to it: the service account of the pod, or a kubeconfig with a token, a certificate or a plugin.

Credentials change while the operator runs (a mounted token is renewed every hour, a plugin's token ends): `Credentials` is asked before
every request and answers from memory until it must look again. Nothing of it is ever logged.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import ssl
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import yaml

from octavo_core.errors import Misconfigured

SERVICE_ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_REREAD_S = 60.0
_PLUGIN_TIMEOUT_S = 60.0
_PLUGIN_MARGIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Plugin:
    """A program that prints credentials, as kubeconfig's `exec` names it."""

    command: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    api_version: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything needed to reach one API server. Certificates are PEM text."""

    server: str
    authority: str | None = None
    """PEM of the authority that signed the server's certificate; None: the system's."""
    insecure: bool = False
    server_name: str | None = None
    proxy: str | None = None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    certificate: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    plugin: Plugin | None = None
    namespace: str = "default"
    in_cluster: bool = False

    def tls(self, certificate: str | None = None, private_key: str | None = None) -> ssl.SSLContext:
        """The context for this server, with the client certificate given or, without one, the connection's own."""
        context = ssl.create_default_context(cadata=self.authority)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        certificate, private_key = certificate or self.certificate, private_key or self.private_key
        if certificate is not None and private_key is not None:
            with _private_file(certificate) as certificate_file, _private_file(private_key) as key_file:
                context.load_cert_chain(certificate_file, key_file)
        return context


def find_connection(environment: Mapping[str, str], service_account: Path = SERVICE_ACCOUNT_FOLDER) -> Connection:
    """KUBECONFIG where it is set, else the pod's service account, else ~/.kube/config. Raises `Misconfigured`."""
    if environment.get("KUBECONFIG"):
        return from_kubeconfig([Path(part).expanduser() for part in environment["KUBECONFIG"].split(os.pathsep) if part])
    if (service_account / "token").is_file() and environment.get("KUBERNETES_SERVICE_HOST"):
        return from_service_account(environment, service_account)
    usual = Path(environment.get("HOME", "~")).expanduser() / ".kube" / "config"
    if usual.is_file():
        return from_kubeconfig([usual])
    raise Misconfigured("no cluster to talk to: set KUBECONFIG, or run in a pod with a service account")


def from_service_account(environment: Mapping[str, str], folder: Path = SERVICE_ACCOUNT_FOLDER) -> Connection:
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    host = f"[{host}]" if ":" in host else host
    namespace = folder / "namespace"
    return Connection(
        server=f"https://{host}:{port}",
        authority=(folder / "ca.crt").read_text("utf-8"),
        token_file=folder / "token",
        namespace=namespace.read_text("utf-8").strip() if namespace.is_file() else "default",
        in_cluster=True,
    )


def from_kubeconfig(files: list[Path]) -> Connection:
    """The current context of the files taken together; what a file says first counts. Raises `Misconfigured` with the file and the lack."""
    named: dict[str, dict[str, tuple[Mapping[str, Any], Path]]] = {"contexts": {}, "clusters": {}, "users": {}}
    current: str | None = None
    for file in files:
        try:
            document = yaml.safe_load(file.read_text("utf-8")) or {}
        except FileNotFoundError:
            continue
        except (OSError, yaml.YAMLError) as error:
            raise Misconfigured(f"kubeconfig {file} cannot be read: {type(error).__name__}") from None
        current = current or document.get("current-context")
        for section, entries in named.items():
            for item in document.get(section) or ():
                entries.setdefault(item["name"], (item.get(section[:-1]) or {}, file.parent))
    where = ", ".join(map(str, files))
    if not current or current not in named["contexts"]:
        raise Misconfigured(f"kubeconfig {where} has no current context; choose one by kubectl config use-context NAME")
    context = named["contexts"][current][0]
    try:
        cluster, cluster_folder = named["clusters"][context["cluster"]]
        user, user_folder = named["users"][context["user"]] if context.get("user") else ({}, Path())
        server = cluster["server"]
    except KeyError as error:
        raise Misconfigured(f"kubeconfig {where}: the context {current} names {error}, which is not there") from None
    token_file = user.get("tokenFile")
    return Connection(
        server=server.rstrip("/"),
        authority=_pem(cluster, "certificate-authority", cluster_folder),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
        token=user.get("token"),
        token_file=user_folder / token_file if token_file else None,
        certificate=_pem(user, "client-certificate", user_folder),
        private_key=_pem(user, "client-key", user_folder),
        plugin=_plugin(user["exec"], user_folder) if user.get("exec") else None,
        namespace=context.get("namespace") or "default",
    )


@dataclass(frozen=True, slots=True)
class Proof:
    """What goes with a request: a bearer token, a client certificate, both or neither."""

    token: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)


class Credentials:
    """Answers with what is valid now. `refuse` says that the server did not take it, so that the next answer is fetched anew."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._proof = Proof(connection.token)
        self._good_until = -1.0
        self._looking = asyncio.Lock()

    async def proof(self) -> Proof:
        """Raises `Misconfigured` when the plugin fails or the token's file is gone."""
        connection = self._connection
        if connection.token_file is None and connection.plugin is None:
            return self._proof
        if time.monotonic() < self._good_until:
            return self._proof
        async with self._looking:
            if time.monotonic() < self._good_until:
                return self._proof
            if connection.plugin is not None:
                self._proof, self._good_until = await _ask(connection.plugin)
            elif connection.token_file is not None:
                try:
                    self._proof = Proof(connection.token_file.read_text("utf-8").strip())
                except OSError as error:
                    if self._proof.token is None:
                        raise Misconfigured(f"the token's file {connection.token_file} cannot be read: {error.strerror}") from None
                self._good_until = time.monotonic() + _REREAD_S
            return self._proof

    def refuse(self) -> None:
        self._good_until = -1.0


async def _ask(plugin: Plugin) -> tuple[Proof, float]:
    request = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    environment = {**os.environ, **plugin.environment, "KUBERNETES_EXEC_INFO": orjson.dumps(request).decode()}
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=plugin.folder,
            env=environment,
        )
    except OSError as error:
        raise Misconfigured(f"the kubeconfig's plugin {plugin.command} cannot be run: {error.strerror}") from None
    try:
        async with asyncio.timeout(_PLUGIN_TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        raise Misconfigured(f"the kubeconfig's plugin {plugin.command} did not answer within {_PLUGIN_TIMEOUT_S:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        status = orjson.loads(said)["status"]
    except (ValueError, KeyError, TypeError):
        raise Misconfigured(f"the kubeconfig's plugin {plugin.command} printed no credentials (exit {process.returncode})") from None
    seconds = 3600.0
    if status.get("expirationTimestamp"):
        ends = datetime.fromisoformat(status["expirationTimestamp"].replace("Z", "+00:00"))
        seconds = max(1.0, ends.timestamp() - time.time() - _PLUGIN_MARGIN_S)
    proof = Proof(status.get("token"), status.get("clientCertificateData"), status.get("clientKeyData"))
    return proof, time.monotonic() + seconds


def _plugin(document: Mapping[str, Any], folder: Path) -> Plugin:
    command = document["command"]
    if "/" in command and not Path(command).is_absolute():
        command = str(folder / command)
    return Plugin(
        command=command,
        arguments=tuple(document.get("args") or ()),
        environment={item["name"]: item["value"] for item in document.get("env") or ()},
        api_version=document.get("apiVersion", "client.authentication.k8s.io/v1"),
        folder=folder,
    )


def _pem(document: Mapping[str, Any], name: str, folder: Path) -> str | None:
    """The PEM text of `name`, given as a file or as base64 data."""
    if document.get(f"{name}-data"):
        return base64.b64decode(document[f"{name}-data"]).decode()
    if document.get(name):
        file = folder / Path(document[name]).expanduser()
        try:
            return file.read_text("utf-8")
        except OSError as error:
            raise Misconfigured(f"kubeconfig: {name} {file} cannot be read: {error.strerror}") from None
    return None


@contextlib.contextmanager
def _private_file(text: str) -> Iterator[str]:
    """OpenSSL reads keys from files only: one that nobody else may read, gone at once."""
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        yield path
    finally:
        Path(path).unlink(missing_ok=True)
