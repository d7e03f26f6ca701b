"""How servers that speak OpenAI's wire differ, and what is learnt of one from its refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from octavo_generation.providers.openai.mapping.chat import LimitWord

_UNKNOWN_PARAMETER = re.compile(r"unsupported|not supported|unrecognized|unknown|unexpected|extra|not permitted|not allowed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """`limit_word` and `response_format` are for models that no profile knows."""

    chat_path: str = "/chat/completions"
    images_path: str = "/images/generations"
    moderations_path: str = "/moderations"
    limit_word: LimitWord = "max_tokens"
    response_format: bool = False
    """Whether pictures are asked for as base64; newer models refuse to be asked, and always send it."""
    stream_usage: bool = True
    """Whether a stream is asked for its usage (`stream_options`)."""

    def corrected(self, refusal: str) -> Dialect:
        """The same, or without the parameter that the server says it does not know. A server refuses a parameter before it does
        anything, so the call may be made again at once, and every later one is made right."""
        if not _UNKNOWN_PARAMETER.search(refusal):
            return self
        if "stream_options" in refusal:
            return replace(self, stream_usage=False)
        if "response_format" in refusal:
            return replace(self, response_format=False)
        if "max_completion_tokens" in refusal:
            return replace(self, limit_word="max_tokens" if self.limit_word == "max_completion_tokens" else "max_completion_tokens")
        return self
