"""`spec.pipeline`: a chain of steps, each done by another generator or by a built-in."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.rule import Rule
from octavo_core.spec.scalars import Label, Loose

StepInput = Annotated[str, Field(max_length=8000)]


class Step(Model):
    """One piece of the chain. It starts when all that it needs has ended."""

    name: Label = Field(description="The step's name, unique in the pipeline: progress, results and other steps refer to it.")
    uses: str = Field(
        max_length=128,
        pattern="^(generator|builtin)/[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        json_schema_extra={"x-octavo-allowed": "generator/NAME or builtin/NAME"},
        description="Who does the step: generator/NAME is another GeneratorService of this namespace, builtin/NAME an action of Octavo.",
    )
    with_: dict[str, StepInput] = Field(
        default_factory=dict,
        alias="with",
        max_length=32,
        json_schema_extra={"default": {}},
        description="The step's inputs by name, as text; ${input.NAME} and ${steps.NAME.result} are filled in when the step starts.",
    )
    needs: Annotated[tuple[Label, ...], Loose] = Field(
        (),
        max_length=12,
        description="The steps above this one whose results it waits for. Steps that need nothing start at once, side by side.",
    )


def _needs_are_above(pipeline: Pipeline) -> bool:
    seen: set[str] = set()
    for step in pipeline.steps:
        if not seen.issuperset(step.needs):
            return False
        seen.add(step.name)
    return True


class Pipeline(Model):
    """A state machine over several generators: an outline, then texts, then pictures, then the whole."""

    steps: Annotated[tuple[Step, ...], Loose] = Field(
        min_length=1, max_length=20, description="The steps, in an order in which they could run one after the other."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            name="step names are unique",
            cel="self.steps.all(s, self.steps.exists_one(t, t.name == s.name))",
            message="two steps have the same name; rename one",
            check=lambda pipeline: len({step.name for step in pipeline.steps}) == len(pipeline.steps),
            reads=("steps",),
            at="steps",
        ),
        Rule(
            # one rule for unknown names, self-reference and cycles. Of the two names the needed one must come first; indexOf over
            # mapped names would say it more plainly, but the API server estimates its cost above the budget
            name="steps need steps above them",
            cel="self.steps.all(s, s.needs.all(n, n != s.name && self.steps.filter(t, t.name == n || t.name == s.name)[0].name == n))",
            message="a step needs a step that is not above it in the list; move that one up, or take it out of needs",
            check=_needs_are_above,
            reads=("steps",),
            at="steps",
            allowed="names of steps that stand above",
        ),
    )
