from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from scripts.cluster import pki


def handshake(folder: Path, server: pki.Pair, name: str, client: pki.Pair | None = None) -> ssl.SSLSocket:
    """A client that trusts the folder's authority, and checks as strictly as OpenSSL can, meets a server with the certificate."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(server.certificate, server.key)
    serving.load_verify_locations(folder / "ca.crt")
    serving.verify_mode = ssl.CERT_REQUIRED if client else ssl.CERT_NONE
    asking = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    if client:
        asking.load_cert_chain(client.certificate, client.key)
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: serving.wrap_socket(theirs, server_side=True).recv(1))
    thread.start()
    try:
        with asking.wrap_socket(ours, server_hostname=name) as connection:
            connection.sendall(b"x")
            return connection
    finally:
        ours.close()
        thread.join(10)


def test_a_server_is_believed_under_the_names_it_was_given(tmp_path: Path) -> None:
    server = pki.issue(tmp_path, "server", common_name="kube-apiserver", hosts=["kubernetes.default.svc", "10.96.0.1"])
    for name in ("kubernetes.default.svc", "10.96.0.1"):
        handshake(tmp_path, server, name)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_is_not_believed_under_another_name(tmp_path: Path) -> None:
    server = pki.issue(tmp_path, "server", common_name="kube-apiserver", hosts=["kubernetes"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, server, "elsewhere")


def test_a_client_is_known_by_its_certificate(tmp_path: Path) -> None:
    server = pki.issue(tmp_path, "server", common_name="kubelet", hosts=["node"])
    handshake(tmp_path, server, "node", pki.issue(tmp_path, "client", common_name="kube-apiserver", organisations=["system:masters"]))


def test_keys_are_their_owners_only_and_are_made_once(tmp_path: Path) -> None:
    first = pki.issue(tmp_path, "server", common_name="x", hosts=["x"])
    before = first.certificate.read_bytes()
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(pki.signing_key(tmp_path).stat().st_mode) == 0o600
    assert pki.issue(tmp_path, "server", common_name="x", hosts=["x"]).certificate.read_bytes() == before


def test_half_a_pair_is_made_anew(tmp_path: Path) -> None:
    """As a kill between the key and the certificate leaves it."""
    pki.issue(tmp_path, "server", common_name="x", hosts=["x"]).certificate.unlink()
    handshake(tmp_path, pki.issue(tmp_path, "server", common_name="x", hosts=["x"]), "x")
