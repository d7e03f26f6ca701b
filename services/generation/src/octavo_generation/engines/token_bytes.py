"""What each token of a `tokenizer.json` stands for, as bytes: a character may be torn over several tokens."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_WORD = "\u2581"
"""SentencePiece's mark of a space."""


def token_bytes(tokenizer: Tokenizer) -> dict[int, bytes]:
    """Without control tokens. Knows byte-level BPE (GPT-2, Llama 3, Qwen) and SentencePiece with byte fallback (Llama 2, Mistral)."""
    special = {i for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    tokens = {i: token for token, i in tokenizer.get_vocab().items() if i not in special}
    if '"ByteLevel"' in json.dumps(json.loads(tokenizer.to_str()).get("decoder")):
        table = byte_of_character()
        added = tokenizer.get_added_tokens_decoder()
        return {i: token.encode() if i in added else bytes(table[c] for c in token if c in table) for i, token in tokens.items()}
    return {
        i: bytes([int(found[1], 16)]) if (found := _BYTE.fullmatch(token)) else token.replace(_WORD, " ").encode()
        for i, token in tokens.items()
    }


def byte_of_character() -> dict[str, int]:
    """The byte-level alphabet of GPT-2 (Radford et al. 2019): printable Latin-1 stands for itself, the rest from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(rest)}
