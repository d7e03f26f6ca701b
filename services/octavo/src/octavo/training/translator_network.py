"""The translator's network: an encoder and a decoder as M2M-100 and NLLB-200 have them, with words in place of word pieces.

A sentence is read as `source language, words, </s>` and written as `</s>, target language, words, </s>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo_generation.engines.translating.words import SLOTS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BEGIN, PAD, END, UNKNOWN = "<s>", "<pad>", "</s>", "<unk>"


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of the network, without its words."""

    width: int = 128
    inner: int = 512
    encoder_layers: int = 3
    decoder_layers: int = 2
    heads: int = 4
    longest: int = 64
    batch: int = 96


@dataclass(frozen=True, slots=True)
class Sample:
    """Codes of the languages, and words and punctuation apart by spaces, as `words.split` leaves them."""

    source: str
    target: str
    read: str
    written: str


def word_tokenizer(languages: Sequence[str], words: Sequence[str]) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    tokens = [BEGIN, PAD, END, UNKNOWN, *languages, *SLOTS, *words]
    tokenizer = Tokenizer(models.WordLevel({token: i for i, token in enumerate(tokens)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in tokens[: 4 + len(languages) + len(SLOTS)]])
    return tokenizer


def make_network(vocabulary: int, shape: Shape) -> Any:
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    return M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=vocabulary,
            d_model=shape.width,
            encoder_layers=shape.encoder_layers,
            decoder_layers=shape.decoder_layers,
            encoder_attention_heads=shape.heads,
            decoder_attention_heads=shape.heads,
            encoder_ffn_dim=shape.inner,
            decoder_ffn_dim=shape.inner,
            max_position_embeddings=shape.longest * 2,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            encoder_layerdrop=0.0,
            decoder_layerdrop=0.0,
            scale_embedding=True,
            tie_word_embeddings=True,
        )
    )


class Batches:
    """Turns samples into tensors and a loss."""

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        self._ids = tokenizer.get_vocab()
        self._unknown = self._ids[UNKNOWN]
        self._longest = longest

    def encode(self, language: str, text: str) -> list[int]:
        words = [self._ids.get(word, self._unknown) for word in text.split()[: self._longest - 2]]
        return [self._ids[language], *words, self._ids[END]]

    def loss(self, network: Any, samples: Sequence[Sample]) -> Any:
        import torch

        pad = self._ids[PAD]
        read = [self.encode(sample.source, sample.read) for sample in samples]
        written = [self.encode(sample.target, sample.written) for sample in samples]
        inputs = _padded(read, pad)
        labels = _padded(written, -100)
        begun = torch.cat([torch.full((len(written), 1), self._ids[END]), labels[:, :-1].masked_fill(labels[:, :-1] == -100, pad)], dim=1)
        hidden = network.model(input_ids=inputs, attention_mask=inputs != pad, decoder_input_ids=begun).last_hidden_state
        kept = labels != -100
        return torch.nn.functional.cross_entropy(network.lm_head(hidden[kept]), labels[kept])


def _padded(rows: Sequence[Sequence[int]], value: int) -> Any:
    import torch

    width = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])


def save_hugging_face(network: Any, tokenizer: Tokenizer, languages: Sequence[str], folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BEGIN,
        eos_token=END,
        unk_token=UNKNOWN,
        pad_token=PAD,
        additional_special_tokens=[*languages, *SLOTS],
    )
    fast.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
