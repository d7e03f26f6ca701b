"""Servers of one's own with OpenAI's dialect (vLLM, Ollama, llama.cpp): any model, no organisation, no rate limits of their own.

The provider type `fake` is one of them.
"""

from __future__ import annotations

from octavo_fakes.answer import Headers, header
from octavo_fakes.call import Call, WireFault, mask
from octavo_fakes.playbook import Allowance
from octavo_fakes.vendors.openai import OpenAI


class Compatible(OpenAI):
    name = "openai-compatible"
    owner = "octavo"
    models = (("sample", 1735689600),)
    service_tier = None

    def check_key(self, call: Call) -> None:
        """Such servers ask for none unless they were started with one."""
        if call.bearer().startswith("bad-"):
            raise WireFault(401, f"Incorrect API key provided: {mask(call.bearer())}.")

    def check_chat_model(self, model: str) -> None:
        """Any."""

    check_image_model = check_moderation_model = check_chat_model

    def is_sample(self, model: str) -> bool:
        return True

    def headers(self, allowance: Allowance | None) -> Headers:
        if allowance is None:
            return ()
        return (
            header("x-ratelimit-limit-requests", allowance.limit),
            header("x-ratelimit-remaining-requests", allowance.remaining),
        )


class Fake(Compatible):
    name = "fake"
