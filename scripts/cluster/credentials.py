"""Who may talk to the API server: one random token for each user, and a kubeconfig that carries it."""

from __future__ import annotations

import base64
import csv
import io
import secrets
from dataclasses import dataclass
from pathlib import Path

import yaml
from scripts.cluster.pki import write_secret

ADMIN = "octavo-admin"


@dataclass(frozen=True)
class User:
    name: str
    groups: tuple[str, ...] = ()


USERS = (
    User(ADMIN, ("system:masters",)),
    User("system:kube-controller-manager"),
    User("system:kube-scheduler"),
    User("system:kube-proxy", ("system:node-proxier",)),
)


def node_user(node_name: str) -> User:
    """What the Node authorizer expects of a kubelet."""
    return User(f"system:node:{node_name}", ("system:nodes",))


def tokens(file: Path, users: tuple[User, ...]) -> dict[str, str]:
    """The token of each user, from the API server's token file; made on the first call, kept as long as the users are the same."""
    if file.exists():
        known = {row[1]: row[0] for row in csv.reader(io.StringIO(file.read_text()))}
        if set(known) == {user.name for user in users}:
            return known
    made = {user.name: secrets.token_urlsafe(32) for user in users}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([made[user.name], user.name, user.name, ",".join(user.groups)] for user in users)
    write_secret(file, text.getvalue().encode())
    return made


def write_kubeconfig(file: Path, *, server: str, authority: Path, user: str, token: str) -> None:
    """Self-contained: it may be copied elsewhere. Left alone where it says this already."""
    data = base64.b64encode(authority.read_bytes()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "octavo", "cluster": {"server": server, "certificate-authority-data": data}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "octavo", "context": {"cluster": "octavo", "user": user}}],
        "current-context": "octavo",
    }
    content = yaml.safe_dump(document, sort_keys=False).encode()
    if not file.exists() or file.read_bytes() != content:
        write_secret(file, content)
