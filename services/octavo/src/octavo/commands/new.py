"""`octavo new`: the YAML of a generator to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from octavo.commands.env_file import read_env_file
from octavo_core.errors import InvalidInput
from octavo_core.spec import API_VERSION, KIND, load_resources
from octavo_generation.image_service import fill, read_variables

_HEAD = """\
apiVersion: octavo.dev/v1alpha1
kind: GeneratorService
metadata:
  {name}
spec:
"""
_FROM_ENV = """\
# From the variables of an Image Generator Service. Keys do not stand here: `env` names the variable that holds one. In a cluster put them
# into a Secret and add secretRef: {name: NAME, key: KEY} beside env.
"""
_BODIES = {
    "story": """\
  task: story
  engine:
    name: ctranslate2
    model: builtin://tiny-stories
    quantization: int8
  audiences:
    children: {temperature: 0.7, maxTokens: 220}
    young: {temperature: 0.8, maxTokens: 260}
    adult: {temperature: 0.85, maxTokens: 340}
""",
    "text": """\
  task: text
  providers:
    # Any server with OpenAI's wire format: Ollama, vLLM, llama.cpp, LM Studio …
    - name: local
      type: openai-compatible
      model: llama3.2
      baseUrl: http://127.0.0.1:11434/v1
""",
    "translation": """\
  task: translation
  engine:
    # English, Spanish and Portuguese, the words of children's stories. For any text, see examples/hub/nllb.yaml.
    name: ctranslate2
    model: builtin://tiny-translator
    quantization: int8
""",
    "image": """\
  task: image
  providers:
    # In order of preference: who fails, or no longer fits the budget, is passed over.
    - name: flux
      type: flux
      credentials: {env: FLUX_API_KEY}
    # Drawn on this machine by rules, without a key.
    - name: sketch
      type: sketch
""",
    "image-description": """\
  task: image-description
  engine:
    # A small program that looks at colours and shapes. For more, put providers: in its place.
    name: sketch
    model: builtin://sketch
""",
    "script": """\
  task: script
  engine:
    # A grammar of scenes, without a key. For a model, put providers: in its place.
    name: scenes
    model: builtin://tiny-scripts
  scripts:
    templates:
      # Beside those that ship, which GET …/api/v1/templates lists.
      - id: two-voices
        genre: drama
        name: Two voices
        description: A talk between two people that changes both.
        length: 800
        beats:
          - {name: Before, kind: opening, goal: "They meet, and one of them has a reason."}
          - {name: The talk, kind: turn, weight: 20, goal: "The reason comes out."}
          - {name: After, kind: ending, goal: "They part, and something is different."}
""",
}


def run(name: str, task: str, out: Path | None) -> None:
    if task not in _BODIES:
        raise InvalidInput(f"--task {task}: this version writes {', '.join(_BODIES)}")
    # Quoted where YAML would read something else than a text.
    _write(_HEAD.format(name=yaml.safe_dump({"name": name}).strip()) + _BODIES[task], out or Path(f"{name}.yaml"))


def run_from_env(name: str, file: Path, out: Path | None) -> None:
    """Raises `Misconfigured` for a bad variable. No value that is a secret is written: the YAML names their variables."""
    variables = read_variables(read_env_file(file), with_defaults=True)
    bare = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": {"task": "image"}}
    document: dict[str, Any] = dict(fill(bare, variables, always_providers=True).document)
    text = _FROM_ENV + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    _write(text, out or Path(f"{name}.yaml"), f" --env-file {file}")


def _write(text: str, path: Path, options: str = "") -> None:
    load_resources(text)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInput(f"{path} is there already; give another name or --out") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from None
    Console(soft_wrap=True).print(f"[green]✓[/] {path} written; run it with [bold]octavo up -f {path}{options}[/]")
