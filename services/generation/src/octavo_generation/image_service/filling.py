"""From the variables to the fields of a resource that its YAML leaves out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from octavo_core.errors import Misconfigured
from octavo_generation.image_service.variables import AUTHORITY, CONTAINER, PROVIDERS, ImageServiceVariables, ProviderId, variable

_BACKENDS = {"local": "local", "azure": "azure", "azure_blob": "azure", "s3": "s3", "aws_s3": "s3"}
_DALLE3_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Filled:
    """The whole document, and the variables that count for it, by name."""

    document: Mapping[str, object]
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Addition:
    """`value` at `path` below spec, from these fields of `ImageServiceVariables`."""

    path: tuple[str, ...]
    value: object
    fields: tuple[str, ...]


def fill(document: Mapping[str, object], variables: ImageServiceVariables, *, always_providers: bool = False) -> Filled:
    """What is no image generator comes back as it is. `always_providers`: both, where no variable speaks of any. Raises `Misconfigured`
    for variables that want others that are not set, or that contradict each other, as long as they would count."""
    spec = document.get("spec")
    if not isinstance(spec, Mapping) or spec.get("task") != "image":
        return Filled(document)
    filled, names = _copy(spec), []
    for addition in _additions(spec, variables, always_providers):
        if _put(filled, addition.path, addition.value):
            names += [variable(field) for field in addition.fields if getattr(variables, field) is not None]
    return Filled({**document, "spec": filled}, tuple(dict.fromkeys(names)))


def _additions(spec: Mapping[str, object], variables: ImageServiceVariables, always_providers: bool) -> Iterator[_Addition]:
    if not any(_has(spec, name) for name in ("engine", "providers", "pipeline")):
        yield from _providers(variables, always_providers)
    yield from _plain(("images", "maxPerRequest"), "max_images_per_request", variables)
    yield from _plain(("images", "enhancePrompts"), "enable_prompt_enhancement", variables)
    yield from _plain(("images", "store"), "enable_image_storage", variables)
    yield from _plain(("moderation", "enabled"), "enable_content_moderation", variables)
    if variables.blocked_words is not None:
        yield _Addition(("moderation", "blockedWords"), list(variables.blocked_words), ("blocked_words",))
    if not _has(spec, "auth", "mode"):
        yield from _auth(variables)
    if not _has(spec, "storage", "backend"):
        yield from _storage(variables)


def _plain(path: tuple[str, ...], field: str, variables: ImageServiceVariables) -> Iterator[_Addition]:
    value = getattr(variables, field)
    if value is not None:
        yield _Addition(path, value, (field,))


def _providers(variables: ImageServiceVariables, always: bool) -> Iterator[_Addition]:
    documents: dict[ProviderId, dict[str, Any]] = {"dalle3": _dalle3(variables), "flux_schnell": _flux_schnell()}
    keys = {
        "dalle3": variables.openai_api_key is not None or documents["dalle3"]["type"] == "azure-openai",
        "flux_schnell": variables.flux_api_key is not None,
    }
    enabled = variables.enabled_providers or tuple(name for name in PROVIDERS if keys[name]) or PROVIDERS
    first = variables.default_provider or enabled[0]
    if first not in enabled:
        raise Misconfigured(
            f"DEFAULT_PROVIDER: {first} is not among those of ENABLED_PROVIDERS"
            if variables.enabled_providers
            else f"DEFAULT_PROVIDER: no key of {first} is set"
        )
    in_order = dict.fromkeys((first, *enabled))
    azure = ("azure_openai_api_key", "azure_openai_endpoint", "azure_openai_deployment_name")
    used = azure if documents["dalle3"]["type"] == "azure-openai" else ("openai_api_key",)
    fields = (
        "enabled_providers",
        "default_provider",
        *(used if "dalle3" in in_order else ()),
        *(("flux_api_key",) if "flux_schnell" in in_order else ()),
    )
    if always or any(getattr(variables, field) is not None for field in fields):
        yield _Addition(("providers",), [documents[name] for name in in_order], fields)


def _dalle3(variables: ImageServiceVariables) -> dict[str, Any]:
    deployment, endpoint = variables.azure_openai_deployment_name, variables.azure_openai_endpoint
    azure = {
        "AZURE_OPENAI_API_KEY": variables.azure_openai_api_key,
        "AZURE_OPENAI_ENDPOINT": endpoint,
        "AZURE_OPENAI_DEPLOYMENT_NAME": deployment,
    }
    if all(value is not None for value in azure.values()):
        of_azure = {"type": "azure-openai", "model": deployment, "baseUrl": endpoint, "credentials": {"env": "AZURE_OPENAI_API_KEY"}}
        return {"name": "dalle3", **of_azure, "timeoutSeconds": _DALLE3_TIMEOUT_S}
    if variables.openai_api_key is None and variables.azure_openai_api_key is not None:
        missing = " and ".join(name for name, value in azure.items() if value is None)
        raise Misconfigured(f"{missing}: not set; Azure OpenAI wants it beside AZURE_OPENAI_API_KEY")
    of_openai = {"type": "openai", "model": "dall-e-3", "credentials": {"env": "OPENAI_API_KEY"}}
    return {"name": "dalle3", **of_openai, "timeoutSeconds": _DALLE3_TIMEOUT_S}


def _flux_schnell() -> dict[str, Any]:
    return {"name": "flux_schnell", "type": "flux", "credentials": {"env": "FLUX_API_KEY"}}


def _auth(variables: ImageServiceVariables) -> Iterator[_Addition]:
    if variables.enable_authentication is None:
        return
    if not variables.enable_authentication:
        yield _Addition(("auth", "mode"), "none", ("enable_authentication",))
        return
    tenant, client = variables.azure_ad_tenant_id, variables.azure_ad_client_id
    for name, value in (("AZURE_AD_TENANT_ID", tenant), ("AZURE_AD_CLIENT_ID", client)):
        if value is None:
            # Without the second, whoever has any token of the tenant would be let in.
            raise Misconfigured(f"{name}: not set; ENABLE_AUTHENTICATION=true wants it, or auth in the YAML")
    authority = (variables.azure_authority_host or AUTHORITY).rstrip("/")
    fields = ("enable_authentication", "azure_ad_tenant_id", "azure_ad_client_id", "azure_authority_host")
    yield _Addition(("auth", "mode"), "oidc", fields)
    yield _Addition(("auth", "issuer"), f"{authority}/{tenant}/v2.0", fields)
    yield _Addition(("auth", "audience"), client, fields)


def _storage(variables: ImageServiceVariables) -> Iterator[_Addition]:
    if variables.storage_backend is None:
        return
    backend = _BACKENDS[variables.storage_backend]
    yield _Addition(("storage", "backend"), backend, ("storage_backend",))
    if backend == "s3":
        if variables.aws_s3_bucket is None:
            raise Misconfigured("AWS_S3_BUCKET: not set; STORAGE_BACKEND=s3 wants it")
        s3 = {"bucket": variables.aws_s3_bucket, "region": variables.aws_region, "endpoint": variables.aws_endpoint_url}
        given = {name: value for name, value in s3.items() if value is not None}
        yield _Addition(("storage", "s3"), given, ("aws_s3_bucket", "aws_region", "aws_endpoint_url"))
    elif backend == "azure":
        yield from _azure_storage(variables)


def _azure_storage(variables: ImageServiceVariables) -> Iterator[_Addition]:
    secret = variables.azure_storage_connection_string
    parts = {} if secret is None else dict(part.split("=", 1) for part in secret.get_secret_value().split(";") if "=" in part)
    account = parts.get("AccountName") or variables.azure_storage_account_name
    if account is None:
        raise Misconfigured(
            "AZURE_STORAGE_CONNECTION_STRING: has no AccountName"
            if secret is not None
            else "AZURE_STORAGE_ACCOUNT_NAME: not set, nor AZURE_STORAGE_CONNECTION_STRING; STORAGE_BACKEND=azure wants one of them"
        )
    azure = {"account": account, "container": variables.azure_storage_container_name or CONTAINER}
    if endpoint := parts.get("BlobEndpoint"):
        azure["endpoint"] = endpoint.rstrip("/")
    fields = ("azure_storage_connection_string", "azure_storage_account_name", "azure_storage_container_name")
    yield _Addition(("storage", "azure"), azure, fields)
    key = next(
        (field for field in ("azure_storage_connection_string", "azure_storage_account_key") if getattr(variables, field) is not None), None
    )
    if key is not None:
        yield _Addition(("storage", "credentials"), {"env": variable(key)}, (key,))


def _has(spec: Mapping[str, object], *path: str) -> bool:
    found: object = spec
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found is not None


def _copy(value: Any) -> Any:
    return {key: _copy(child) for key, child in value.items()} if isinstance(value, Mapping) else value


def _put(spec: dict[str, Any], path: tuple[str, ...], value: object) -> bool:
    """False where something stands already, or where what should hold it is no mapping; that is the resource's fault to tell."""
    owner = spec
    for name in path[:-1]:
        if owner.get(name) is None:
            owner[name] = {}
        owner = owner[name]
        if not isinstance(owner, dict):
            return False
    if owner.get(path[-1]) is not None:
        return False
    owner[path[-1]] = value
    return True
