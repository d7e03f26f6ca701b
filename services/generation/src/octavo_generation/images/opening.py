"""From `spec.storage` to a storage that can be used."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from octavo_core.errors import Misconfigured
from octavo_core.spec import Storage
from octavo_generation.images.object_metadata import LIMITS
from octavo_generation.images.sealing import KEY_BYTES, Sealer
from octavo_generation.images.storage import ImageStorage
from octavo_generation.providers.credentials import find_credentials, variables_of

if TYPE_CHECKING:
    from obstore.store import AzureConfig, ClientConfig, RetryConfig, S3Config, S3Credential, S3CredentialProvider

TIMEOUT_S = 30.0


def open_image_storage(spec: Storage, *, folder: Path, environment: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> ImageStorage:
    """`folder` is for the backend local, and made here if it is not there. Connects nothing. Raises `Misconfigured` for a secret that is
    not there or not in its form; without credentials object storage is asked with the identity of the pod or machine."""
    sealer = _sealer(spec, environment)
    match spec.backend:
        case "local":
            return _local(folder, sealer, timeout_s)
        case "s3":
            return _s3(spec, environment, sealer, timeout_s)
        case "azure":
            return _azure(spec, environment, sealer, timeout_s)


def _local(folder: Path, sealer: Sealer | None, timeout_s: float) -> ImageStorage:
    from obstore.store import LocalStore

    try:
        folder.mkdir(parents=True, exist_ok=True)
        store = LocalStore(folder.resolve())
    except (OSError, ValueError) as error:
        raise Misconfigured(f"the folder of pictures cannot be used ({type(error).__name__})") from None
    name = "the folder of pictures"
    return ImageStorage(store, name=name, metadata_limit=None, beside=folder.resolve(), sealer=sealer, timeout_s=timeout_s)


def _s3(spec: Storage, environment: Mapping[str, str], sealer: Sealer | None, timeout_s: float) -> ImageStorage:
    from obstore.store import S3Store

    assert spec.s3 is not None, "the resource's own rule"
    config: S3Config = {"region": spec.s3.region or environment.get("AWS_REGION") or "us-east-1"}
    if spec.s3.endpoint is not None:
        config["endpoint"] = spec.s3.endpoint
    store = S3Store(
        spec.s3.bucket,
        config=config,
        client_options=_client(timeout_s),
        retry_config=_retries(timeout_s),
        credential_provider=_access_key(spec, environment),
    )
    return ImageStorage(store, name=f"the S3 bucket {spec.s3.bucket}", metadata_limit=LIMITS["s3"], sealer=sealer, timeout_s=timeout_s)


def _azure(spec: Storage, environment: Mapping[str, str], sealer: Sealer | None, timeout_s: float) -> ImageStorage:
    from obstore.store import AzureStore

    assert spec.azure is not None, "the resource's own rule"
    config: AzureConfig = {"account_name": spec.azure.account}
    if spec.azure.endpoint is not None:
        config["endpoint"] = spec.azure.endpoint
    secret = _secret(spec, environment)
    if secret is not None:
        config["account_key"], config["credential_type"] = _account_key(secret), "access_key"
    try:
        store = AzureStore(spec.azure.container, config=config, client_options=_client(timeout_s), retry_config=_retries(timeout_s))
    except Exception as error:
        # What the library says of a key that is not base64 may repeat it.
        raise Misconfigured(
            f"the Azure storage cannot be opened ({type(error).__name__}); is {_variable(spec)} the account's key?"
        ) from None
    name = f"the Azure container {spec.azure.container}"
    return ImageStorage(store, name=name, metadata_limit=LIMITS["azure"], sealer=sealer, timeout_s=timeout_s)


def _account_key(secret: str) -> str:
    """Of a connection string as the portal shows it, or the key alone."""
    parts = dict(part.split("=", 1) for part in secret.split(";") if "=" in part) if ";" in secret else {}
    return parts.get("AccountKey", secret)


def _access_key(spec: Storage, environment: Mapping[str, str]) -> S3CredentialProvider | None:
    secret = _secret(spec, environment)
    if secret is None:
        return None
    key_id, colon, key = secret.partition(":")
    if not (key_id and colon and key):
        raise Misconfigured(f"{_variable(spec)} must hold ID:SECRET, the access key of the S3 storage")

    def provide() -> S3Credential:
        # As a provider and not in the configuration: what else the environment holds for AWS (a session token) must not be mixed in.
        return {"access_key_id": key_id, "secret_access_key": key, "token": None, "expires_at": None}

    return provide


def _secret(spec: Storage, environment: Mapping[str, str]) -> str | None:
    if spec.credentials is None:
        return None
    secret = find_credentials(spec.credentials, environment)
    if secret is None:
        raise Misconfigured(f"the environment variable {_variable(spec)} is not set; it must hold the storage's access key")
    return secret


def _variable(spec: Storage) -> str:
    return "storage.credentials" if spec.credentials is None else " or ".join(variables_of(spec.credentials))


def _sealer(spec: Storage, environment: Mapping[str, str]) -> Sealer | None:
    if spec.encryption_key is None:
        return None
    variable, encoded = " or ".join(variables_of(spec.encryption_key)), find_credentials(spec.encryption_key, environment)
    try:
        key = base64.b64decode(encoded or "", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        state = "is not set" if encoded is None else "is not in its form"
        raise Misconfigured(
            f"the environment variable {variable} {state}; it must hold a key of {KEY_BYTES} bytes in base64 (openssl rand -base64 32)"
        )
    return Sealer(key)


def _client(timeout_s: float) -> ClientConfig:
    return {"allow_http": True, "timeout": timedelta(seconds=timeout_s), "connect_timeout": timedelta(seconds=min(5.0, timeout_s))}


def _retries(timeout_s: float) -> RetryConfig:
    return {"max_retries": 2, "retry_timeout": timedelta(seconds=timeout_s)}
