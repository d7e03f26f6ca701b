"""Which variables there are, and what may stand in them. Those that Octavo has a setting of its own for (LOG_LEVEL, API_PORT, ENVIRONMENT)
are read where that setting is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from octavo_core.errors import Fault, Misconfigured
from octavo_core.spec.limits import Word
from octavo_core.spec.scalars import HttpUrl, SecretKey
from octavo_generation.providers.credentials import is_placeholder

ProviderId = Literal["dalle3", "flux_schnell"]
PROVIDERS: tuple[ProviderId, ...] = ("dalle3", "flux_schnell")
AUTHORITY = "https://login.microsoftonline.com"
CONTAINER = "generated-images"


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class ImageServiceVariables(BaseModel):
    """None: not set. A field's name in capital letters is its variable."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    openai_api_key: SecretStr | None = Field(None, description="Key of OpenAI, for dalle3.")
    azure_openai_api_key: SecretStr | None = Field(None, description="Key of Azure OpenAI; dalle3 is Azure's where all three are set.")
    azure_openai_endpoint: HttpUrl | None = Field(None, description="Address of the resource of Azure OpenAI.")
    azure_openai_deployment_name: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Name of the deployment of DALL-E 3."
    )
    flux_api_key: SecretStr | None = Field(None, description="Key of Black Forest Labs, for flux_schnell.")
    enabled_providers: Annotated[tuple[ProviderId, ...], BeforeValidator(_split), Field(min_length=1)] | None = Field(
        None, description="dalle3, flux_schnell, or both with a comma between. Left out: those whose key is set."
    )
    default_provider: ProviderId | None = Field(None, description="Who is asked first. Left out: the first that is enabled.")
    max_images_per_request: Annotated[int, Field(ge=1, le=10)] | None = Field(None, description="`images.maxPerRequest`.")
    enable_prompt_enhancement: bool | None = Field(None, description="`images.enhancePrompts`.")
    enable_image_storage: bool | None = Field(None, description="`images.store`.")
    storage_backend: Annotated[Literal["local", "azure", "azure_blob", "s3", "aws_s3"], BeforeValidator(_lower)] | None = Field(
        None, description="`storage.backend`: local, azure (or azure_blob), s3 (or aws_s3)."
    )
    azure_storage_connection_string: SecretStr | None = Field(
        None, description="For azure: account, key and address in one. `storage.credentials` names this variable."
    )
    azure_storage_account_name: SecretKey | None = Field(None, description="For azure, else: `storage.azure.account`.")
    azure_storage_account_key: SecretStr | None = Field(
        None, description="For azure, else: the account's key. Left out: the identity of the machine."
    )
    azure_storage_container_name: SecretKey | None = Field(
        None, description=f"For azure: `storage.azure.container`. Left out: {CONTAINER}."
    )
    aws_s3_bucket: SecretKey | None = Field(
        None,
        description="For s3: `storage.s3.bucket`. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY count as everywhere; without them the"
        " identity of the machine.",
    )
    aws_region: SecretKey | None = Field(None, description="For s3: `storage.s3.region`.")
    aws_endpoint_url: HttpUrl | None = Field(None, description="For s3: `storage.s3.endpoint`.")
    enable_authentication: bool | None = Field(None, description="true: tokens of Entra ID (Azure AD) are asked for: `auth.mode: oidc`.")
    azure_ad_tenant_id: Annotated[str, Field(pattern="^[-.A-Za-z0-9]{1,253}$")] | None = Field(
        None, description="Needed with ENABLE_AUTHENTICATION: the tenant, from which `auth.issuer` follows."
    )
    azure_ad_client_id: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(
        None, description="Needed with ENABLE_AUTHENTICATION: `auth.audience`, for whom tokens must be."
    )
    azure_authority_host: HttpUrl | None = Field(None, description=f"Whose tenant it is. Left out: {AUTHORITY}.")
    enable_content_moderation: bool | None = Field(None, description="`moderation.enabled`.")
    blocked_words: Annotated[tuple[Word, ...], BeforeValidator(_split), Field(max_length=1000)] | None = Field(
        None, description="`moderation.blockedWords`, with commas between."
    )


README_DEFAULTS: Mapping[str, Any] = {
    "max_images_per_request": 4,
    "enable_prompt_enhancement": True,
    "enable_image_storage": True,
    "storage_backend": "local",
    "enable_authentication": False,
    "enable_content_moderation": True,
}
"""What the service's README shows for those that are not set."""


def variable(field: str) -> str:
    return field.upper()


def read_variables(environment: Mapping[str, str], *, with_defaults: bool = False) -> ImageServiceVariables:
    """Empty ones and the README's own placeholders count as not set. `with_defaults`: the README's values for what is not set. Raises
    `Misconfigured` that names every bad variable, never its value."""
    given: dict[str, Any] = dict(README_DEFAULTS) if with_defaults else {}
    for name in ImageServiceVariables.model_fields:
        value = environment.get(variable(name), "").strip()
        if value and not is_placeholder(value):
            given[name] = value
    try:
        return ImageServiceVariables.model_validate(given)
    except ValidationError as error:
        faults = tuple(Fault(variable(str(e["loc"][0])), e["msg"], _allowed(str(e["loc"][0]))) for e in error.errors(include_input=False))
        raise Misconfigured("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=faults) from None


def _allowed(name: str) -> str | None:
    return ", ".join(PROVIDERS) if name in ("enabled_providers", "default_provider") else None
