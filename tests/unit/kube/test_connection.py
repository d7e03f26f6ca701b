from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from octavo_core.errors import Misconfigured
from octavo_operator.connection import Credentials, find_connection


def kubeconfig(
    folder: Path, *, user: dict[str, Any], cluster: dict[str, Any] | None = None, name: str = "config", current: str | None = "here"
) -> Path:
    file = folder / name
    file.write_text(
        yaml.safe_dump(
            {
                "current-context": current,
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "mine"}}],
                "clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443/", **(cluster or {})}}],
                "users": [{"name": "u", "user": user}],
            }
        )
    )
    return file


async def test_a_kubeconfig_with_a_token(tmp_path: Path) -> None:
    connection = find_connection({"KUBECONFIG": str(kubeconfig(tmp_path, user={"token": "sesame"}))})
    assert (connection.server, connection.namespace, connection.in_cluster) == ("https://api.example:6443", "mine", False)
    assert (await Credentials(connection).proof()).token == "sesame"
    assert "sesame" not in repr(connection)


def test_certificates_are_read_from_files_beside_it_or_from_data(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("the authority")
    data = {"client-certificate-data": base64.b64encode(b"cert").decode(), "client-key-data": base64.b64encode(b"key").decode()}
    connection = find_connection({"KUBECONFIG": str(kubeconfig(tmp_path, user=data, cluster={"certificate-authority": "ca.crt"}))})
    assert (connection.authority, connection.certificate, connection.private_key) == ("the authority", "cert", "key")


def test_what_the_first_of_several_files_says_counts(tmp_path: Path) -> None:
    first = kubeconfig(tmp_path, user={"token": "one"}, name="first")
    second = kubeconfig(tmp_path, user={"token": "two"}, name="second")
    missing = tmp_path / "missing"
    assert find_connection({"KUBECONFIG": f"{missing}:{first}:{second}"}).token == "one"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "no current context"),
        ("current-context: there\ncontexts: [{name: there, context: {cluster: c, user: u}}]", "names 'c'"),
        ("[unclosed", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_kubeconfig_is_said_with_its_path(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(Misconfigured) as refused:
        find_connection({"KUBECONFIG": str(file)})
    assert said in refused.value.message
    assert str(file) in refused.value.message


def test_without_anything_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="set KUBECONFIG"):
        find_connection({"HOME": str(tmp_path)}, tmp_path)


async def test_in_a_pod_the_mounted_token_is_read_again_when_the_server_refuses_it(tmp_path: Path) -> None:
    for name, text in {"token": "old\n", "ca.crt": "the authority", "namespace": "octavo-system"}.items():
        (tmp_path / name).write_text(text)
    connection = find_connection({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HOME": "/nowhere"}, tmp_path)
    assert (connection.server, connection.namespace, connection.in_cluster) == ("https://[fd00::1]:443", "octavo-system", True)
    credentials = Credentials(connection)
    assert (await credentials.proof()).token == "old"
    (tmp_path / "token").write_text("new")
    assert (await credentials.proof()).token == "old"
    credentials.refuse()
    assert (await credentials.proof()).token == "new"
    # a moment without the file, as while a volume is swapped, costs nothing
    (tmp_path / "token").unlink()
    credentials.refuse()
    assert (await credentials.proof()).token == "new"


async def test_a_plugin_is_asked_and_asked_again_when_its_token_ends(tmp_path: Path) -> None:
    plugin = tmp_path / "login"
    plugin.write_text(
        f"""#!/bin/sh
echo x >> {tmp_path}/asked
echo '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"'"$PREFIX-$1"'",'\
'"expirationTimestamp":"2000-01-01T00:00:00Z"}}}}'
"""
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"command": "./login", "args": ["me"], "env": [{"name": "PREFIX", "value": "token"}]}}
    credentials = Credentials(find_connection({"KUBECONFIG": str(kubeconfig(tmp_path, user=user))}))
    assert (await credentials.proof()).token == "token-me"
    assert (await credentials.proof()).token == "token-me"
    credentials.refuse()
    await credentials.proof()
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


@pytest.mark.parametrize(("script", "said"), [("exit 3", "exit 3"), (None, "cannot be run"), ("echo '{}'", "no credentials")])
async def test_a_plugin_that_fails_is_named(tmp_path: Path, script: str | None, said: str) -> None:
    if script is not None:
        (tmp_path / "login").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "login").chmod(0o755)
    credentials = Credentials(find_connection({"KUBECONFIG": str(kubeconfig(tmp_path, user={"exec": {"command": "./login"}}))}))
    with pytest.raises(Misconfigured) as refused:
        await credentials.proof()
    assert said in refused.value.message
    assert "login" in refused.value.message
