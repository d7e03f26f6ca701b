"""`spec.engine`: a model that Octavo itself loads and runs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.model_uri import ModelUri, ModelUriText, parse_model_uri
from octavo_core.spec.rule import Rule

EngineName = Literal["ctranslate2", "llamacpp", "transformers", "sketch", "scenes"]
Quantization = Literal[
    "auto",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
    "q4_0",
    "q4_k_m",
    "q5_k_m",
    "q6_k",
    "q8_0",
]

QUANTIZATIONS: dict[EngineName, tuple[Quantization, ...]] = {
    "ctranslate2": ("auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16", "float32"),
    "llamacpp": ("auto", "float16", "bfloat16", "float32", "q4_0", "q4_k_m", "q5_k_m", "q6_k", "q8_0"),
    "transformers": ("auto", "int8", "float16", "bfloat16", "float32"),
    "sketch": ("auto",),
    "scenes": ("auto",),
}


def _known(engine: EngineName, names: tuple[Quantization, ...]) -> Rule:
    # one rule for each engine, for each can then say which words that engine knows
    return Rule(
        name=f"quantization of {engine}",
        cel=f"self.name != '{engine}' || self.quantization in [{', '.join(repr(name) for name in names)}]",
        message=f"the engine {engine} does not know this quantization; it knows {', '.join(names)}",
        check=lambda given: given.name != engine or given.quantization in names,
        reads=("name", "quantization"),
        at="quantization",
    )


class Engine(Model):
    """Which program runs which model, and in which number format."""

    name: EngineName = Field(
        description="The program that runs the model. ctranslate2: text on CPU or GPU, small and fast. llamacpp: GGUF models, many"
        " callers at once. transformers: everything on torch, vision too. sketch: draws images by rules, without a model. scenes: writes"
        " simple scripts by a grammar, without a model."
    )
    model: ModelUriText = Field(
        description="Where the model's files are. builtin://NAME ships with Octavo, hf://ORG/NAME@REVISION is a Hugging Face"
        " repository, pvc://CLAIM/PATH a volume, s3://BUCKET/PATH and az://CONTAINER/PATH object storage, file://PATH this machine."
    )
    quantization: Quantization = Field(
        "auto",
        description="Number format in which the weights are held: smaller is faster and less exact. auto takes the best that the"
        " model's files and the machine support. int8 suits ctranslate2 on a CPU, the q… formats are llamacpp's.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        *(_known(engine, names) for engine, names in QUANTIZATIONS.items()),
        Rule(
            name="model path stays in its place",
            cel="!self.model.matches('(^|/)[.][.](/|$)')",
            message="the model's path may not climb with `..`",
            # the field's own validator has refused it already; the CRD has only the pattern, which cannot
            check=lambda engine: ".." not in engine.model.partition("://")[2].split("/"),
            reads=("model",),
            at="model",
        ),
    )

    @property
    def model_uri(self) -> ModelUri:
        """`model`, taken apart."""
        return parse_model_uri(self.model)
