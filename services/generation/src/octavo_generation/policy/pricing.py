"""What a call costs: at most, before it is made, and as it was, after it. Pure reckoning with the profile's or the resource's prices.

No vendor's tokeniser is asked: a token is taken as three bytes of UTF-8, which is more tokens than vendors count for most texts
(English has about four bytes in one, Chinese three to four), so that a budget is hardly ever passed by guessing.

Pictures cost what the price says `per_image`, and the prompt's tokens where those cost too. Where there is no price per picture, or the
upstream has counted the tokens of its answer and those have a price, the tokens are what pictures cost.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from octavo_core.errors import Misconfigured
from octavo_core.spec import Provider
from octavo_generation.policy.spending import Spend
from octavo_generation.providers.port import ChatAnswer, ChatPrompt, ImageAnswer, ImagePrompt
from octavo_generation.providers.profile import ModelProfile, Price, profile_of

BYTES_PER_TOKEN = 3
TOKENS_AROUND_MESSAGE = 8
TOKENS_OF_PICTURE = 2_000
"""The most that vendors count for a picture looked at: they scale larger ones down first."""
UNKNOWN_OUTPUT_TOKENS = 4_096
"""How long an answer may be where neither the request nor the profile says it."""
UNKNOWN_PICTURE_TOKENS = 16_384
"""The same for a picture that is billed by tokens: above what any published table has for one."""

FREE = Price(as_of=date.min, source="resource", input_per_million=Decimal(0), output_per_million=Decimal(0), per_image={"*": Decimal(0)})
_MILLION = Decimal(1_000_000)


def price_of(provider: Provider) -> Price | None:
    """The resource's own `price`, else nothing where calling is free, else what the profile says; None where nobody knows."""
    if provider.price is not None:
        own = provider.price
        # By way of text: 0.1 of the YAML is a tenth, and not the float beside it.
        output, image = Decimal(str(own.output_per_million)), Decimal(str(own.per_image))
        # Priced by tokens alone, pictures are billed by those of the answer.
        per_image = {"*": image} if image or not output else {}
        taken = Decimal(str(own.input_per_million))
        return Price(as_of=date.min, source="resource", input_per_million=taken, output_per_million=output, per_image=per_image)
    profile = profile_of(provider.type)
    if profile.free:
        return FREE
    model = profile.model(provider.model)
    return None if model is None else model.price


def check_price(provider: Provider, price: Price | None, *, draws: bool) -> None:
    """Before a budget in US dollars is promised. Raises `Misconfigured` that names the provider and what to write."""
    is_known = price is not None and (
        (draws and bool(price.per_image)) or (price.input_per_million is not None and price.output_per_million is not None)
    )
    if not is_known:
        raise Misconfigured(
            f"limits.budget is in US dollars, and what the provider {provider.name} ({provider.type}) takes for"
            f" {provider.model or 'its default model'} is not known; give its price (price: {{}} where it costs nothing)"
        )


def most_of_chat(prompt: ChatPrompt, price: Price | None, profile: ModelProfile | None) -> Spend:
    taken, given = _prompt_tokens(prompt), prompt.max_tokens or _longest(profile, UNKNOWN_OUTPUT_TOKENS)
    return Spend(_of_tokens(price, taken, given), taken + given)


def cost_of_chat(prompt: ChatPrompt, answer: ChatAnswer, price: Price | None) -> Spend:
    """What the upstream does not count is estimated as before the call. Without a known price the money is 0."""
    usage = answer.usage
    taken = _prompt_tokens(prompt) if usage.prompt_tokens is None else usage.prompt_tokens
    given = text_tokens(answer.text) if usage.completion_tokens is None else usage.completion_tokens
    return Spend(_of_tokens(price, taken, given), taken + given)


def most_of_drawing(prompt: ImagePrompt, price: Price | None, profile: ModelProfile | None) -> Spend:
    if price is None:
        return Spend()
    taken = text_tokens(prompt.prompt) + text_tokens(prompt.negative_prompt or "")
    if price.per_image:
        return Spend(_of_images(price, prompt, prompt.count) + _of_tokens(price, taken, 0))
    given = prompt.count * _longest(profile, UNKNOWN_PICTURE_TOKENS)
    return Spend(_of_tokens(price, taken, given), taken + given)


def cost_of_drawing(prompt: ImagePrompt, answer: ImageAnswer, price: Price | None) -> Spend:
    usage = answer.usage
    taken, given = usage.prompt_tokens or 0, usage.completion_tokens or 0
    if price is not None and price.per_image and not (given and price.output_per_million):
        money = _of_images(price, prompt, usage.images or len(answer.images)) + _of_tokens(price, taken, 0)
    else:
        money = _of_tokens(price, taken, given)
    return Spend(money, taken + given)


def text_tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def _prompt_tokens(prompt: ChatPrompt) -> int:
    return sum(text_tokens(message.text) + TOKENS_AROUND_MESSAGE + TOKENS_OF_PICTURE * len(message.pictures) for message in prompt.messages)


def _longest(profile: ModelProfile | None, otherwise: int) -> int:
    known = None if profile is None else profile.max_output_tokens
    return otherwise if known is None else known


def _of_tokens(price: Price | None, taken: int, given: int) -> Decimal:
    if price is None:
        return Decimal(0)
    return (taken * (price.input_per_million or Decimal(0)) + given * (price.output_per_million or Decimal(0))) / _MILLION


def _of_images(price: Price, prompt: ImagePrompt, count: int) -> Decimal:
    known = price.of_image(size=prompt.size, quality=prompt.quality)
    # A size that the table leaves out costs at most what the dearest does, as far as anyone knows.
    return count * (max(price.per_image.values()) if known is None else known)
