"""From the variables to the fields of a resource that its YAML leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from octavo_core.errors import Misconfigured
from octavo_generation.engines.scenes import MODEL, NAME
from octavo_generation.image_service.filling import Filled
from octavo_generation.script_service.variables import ScriptServiceVariables, variable
from octavo_generation.scripts.library import read_folder

OPENAI_MODEL = "gpt-5.6-sol"
ANTHROPIC_MODEL = "claude-sonnet-5-5"
"""The service's README has GPT-4o and Claude 3.5 Sonnet; their vendors retire them."""


def fill(document: Mapping[str, object], variables: ScriptServiceVariables) -> Filled:
    """What is no generator of scripts comes back as it is. Reads the folder of templates, where one is named. Raises `Misconfigured` for
    what is wrong with it."""
    spec = document.get("spec")
    if not isinstance(spec, Mapping) or spec.get("task") != "script":
        return Filled(document)
    filled: dict[str, Any] = dict(spec)
    names: list[str] = []
    if not any(filled.get(name) is not None for name in ("engine", "providers", "pipeline")):
        names += _add_writers(filled, variables)
    scripts = filled.get("scripts")
    if scripts is None or isinstance(scripts, Mapping):
        added = dict(scripts or {})
        names += _add_projects(added, variables) + _add_templates(added, variables)
        if added:
            filled["scripts"] = added
    return Filled({**document, "spec": filled}, tuple(variable(name) for name in names))


def _add_writers(spec: dict[str, Any], variables: ScriptServiceVariables) -> list[str]:
    writers = {
        "openai_api_key": {"name": "openai", "type": "openai", "model": OPENAI_MODEL, "credentials": {"env": "OPENAI_API_KEY"}},
        "anthropic_api_key": {
            "name": "anthropic",
            "type": "anthropic",
            "model": ANTHROPIC_MODEL,
            "credentials": {"env": "ANTHROPIC_API_KEY"},
        },
    }
    set_here = [name for name in writers if getattr(variables, name) is not None]
    if set_here:
        spec["providers"] = [writers[name] for name in set_here]
    else:
        spec["engine"] = {"name": NAME, "model": MODEL}
    return set_here


def _add_projects(scripts: dict[str, Any], variables: ScriptServiceVariables) -> list[str]:
    if variables.project_service_url is None or scripts.get("projectsUrl") is not None:
        return []
    scripts["projectsUrl"] = variables.project_service_url
    return ["project_service_url"]


def _add_templates(scripts: dict[str, Any], variables: ScriptServiceVariables) -> list[str]:
    """Behind those of the YAML. What was filled in before stays as it is, so that filling twice is filling once."""
    folder, given = variables.octavo_script_templates, scripts.get("templates") or []
    if folder is None or not isinstance(given, list | tuple):
        return []
    there = {one.get("id") for one in given if isinstance(one, Mapping)}
    found = read_folder(folder)
    if len({one.id for one in found}) < len(found):
        raise Misconfigured(f"OCTAVO_SCRIPT_TEMPLATES: two templates in {folder} have the same id")
    added = [one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in found if one.id not in there]
    if not added:
        return []
    scripts["templates"] = [*given, *added]
    return ["octavo_script_templates"]
