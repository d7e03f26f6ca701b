"""A certificate authority of the cluster's own, so that every client checks whom it talks to."""

from __future__ import annotations

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=3650)
_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM; the key is readable by its owner only."""

    certificate: Path
    key: Path

    @property
    def complete(self) -> bool:
        return self.certificate.exists() and self.key.exists()


def pair(folder: Path, name: str) -> Pair:
    return Pair(folder / f"{name}.crt", folder / f"{name}.key")


def authority(folder: Path) -> Pair:
    """The authority of this folder, made on the first call."""
    own = pair(folder, "ca")
    if own.complete:
        return own
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("octavo-cluster")
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    _write(own, builder.sign(key, hashes.SHA256()), key)
    return own


def issue(folder: Path, name: str, *, common_name: str, organisations: Sequence[str] = (), hosts: Sequence[str] = ()) -> Pair:
    """A certificate for a server where `hosts` (names or addresses) are given, for a client where none are. Made on the first call."""
    own, signer = pair(folder, name), authority(folder)
    if own.complete:
        return own
    ca = x509.load_pem_x509_certificate(signer.certificate.read_bytes())
    ca_key = serialization.load_pem_private_key(signer.key.read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(_name(common_name, organisations), ca.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
    _write(own, builder.sign(ca_key, hashes.SHA256()), key)
    return own


def signing_key(folder: Path) -> Path:
    """The key that signs the tokens of service accounts, made on the first call."""
    path = folder / "service-accounts.key"
    if not path.exists():
        write_secret(path, _pem(ec.generate_private_key(ec.SECP256R1())))
    return path


def write_secret(path: Path, content: bytes) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    temporary.rename(path)


def _builder(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common_name: str, organisations: Sequence[str] = ()) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation) for organisation in organisations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # The API server reads a public key out of an EC private key in this form only.
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())


def _write(target: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    # The certificate comes last: a pair is complete only when both are there.
    target.certificate.unlink(missing_ok=True)
    write_secret(target.key, _pem(key))
    write_secret(target.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    target.certificate.chmod(0o644)
