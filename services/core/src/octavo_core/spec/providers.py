"""`spec.providers`: models that somebody else runs and that are called over HTTP."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.references import Credentials
from octavo_core.spec.rule import Rule
from octavo_core.spec.scalars import HttpUrl, ProviderName

ProviderType = Literal[
    "xai",
    "openai",
    "azure-openai",
    "openai-compatible",
    "anthropic",
    "flux",
    "stability",
    "automatic1111",
    "midjourney",
    "sketch",
    "fake",
]
PROVIDER_TYPES: tuple[ProviderType, ...] = get_args(ProviderType)

# these have no address that is everyone's, or speak through a gateway of one's own
NEED_BASE_URL: tuple[ProviderType, ...] = ("azure-openai", "openai-compatible", "automatic1111", "midjourney")
# these serve many models behind one address; for the others the provider's profile knows the usual one
NEED_MODEL: tuple[ProviderType, ...] = ("xai", "openai", "azure-openai", "openai-compatible", "anthropic")
# these ask for a key whoever calls them; of the others a server of one's own may
NEED_KEY: tuple[ProviderType, ...] = ("xai", "openai", "azure-openai", "anthropic", "flux", "stability")


def _cel_list(types: tuple[ProviderType, ...]) -> str:
    return f"[{', '.join(repr(name) for name in types)}]"


class ProviderPrice(Model):
    """Prices that count in place of those in Octavo's own table; what is left out costs nothing."""

    input_per_million: float = Field(0, ge=0, le=1_000_000, description="US dollars for a million tokens of prompts.")
    output_per_million: float = Field(0, ge=0, le=1_000_000, description="US dollars for a million tokens of answers.")
    per_image: float = Field(0, ge=0, le=1_000_000, description="US dollars for a picture.")


class Provider(Model):
    """One upstream: whom to call, which model to ask for, and where the key is."""

    name: ProviderName = Field(
        description="Your own name for this provider, unique in the list: it stands in results, logs, metrics and in the"
        " request's `provider`."
    )
    type: ProviderType = Field(
        description="Whose API is spoken. openai-compatible: any server with OpenAI's wire format (vLLM, Ollama, llama.cpp, LM Studio)."
        " automatic1111: Stable Diffusion's web UI. midjourney: a gateway of your own. sketch: Octavo's own drawing by rules, which needs"
        " no upstream and no key. fake: made-up answers, for trying things out."
    )
    model: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="The model's name at the provider (for azure-openai the deployment's name). The image providers have a default.",
    )
    base_url: HttpUrl | None = Field(
        None,
        description="Where the API is, when it is not the provider's public address; needed for azure-openai, openai-compatible,"
        " automatic1111 and midjourney.",
    )
    api_version: str | None = Field(
        None,
        max_length=32,
        pattern="^[-0-9A-Za-z.]+$",
        json_schema_extra={"x-octavo-allowed": "letters, digits, dots and hyphens, such as 2024-10-21"},
        description="Version of the API to ask for, where the provider dates its API (azure-openai, anthropic).",
    )
    credentials: Credentials | None = Field(None, description="Where the API key is. The key itself never stands in the resource.")
    timeout_seconds: int = Field(
        60, ge=1, le=3600, description="How long one call may take, in seconds, before it counts as failed and the next provider is asked."
    )

    max_concurrent: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="How many calls of one worker to this provider may run at once; more wait. Left out: 5 where pictures are made, else"
        " workers.concurrency.",
    )
    price: ProviderPrice | None = Field(
        None, description="What a call costs, where Octavo's own table does not know it or is out of date; budgets are reckoned with it."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            name="baseUrl where there is no public address",
            cel=f"!(self.type in {_cel_list(NEED_BASE_URL)}) || has(self.baseUrl)",
            message=f"providers of the types {', '.join(NEED_BASE_URL)} need baseUrl, the address of the API",
            check=lambda provider: provider.type not in NEED_BASE_URL or provider.base_url is not None,
            reads=("type", "baseUrl"),
            at="baseUrl",
            missing=True,
            schema={"if": {"required": ["type"], "properties": {"type": {"enum": list(NEED_BASE_URL)}}}, "then": {"required": ["baseUrl"]}},
        ),
        Rule(
            name="model where there are many",
            cel=f"!(self.type in {_cel_list(NEED_MODEL)}) || has(self.model)",
            message=f"providers of the types {', '.join(NEED_MODEL)} need model, its name at the provider",
            check=lambda provider: provider.type not in NEED_MODEL or provider.model is not None,
            reads=("type", "model"),
            at="model",
            missing=True,
            schema={"if": {"required": ["type"], "properties": {"type": {"enum": list(NEED_MODEL)}}}, "then": {"required": ["model"]}},
        ),
    )
