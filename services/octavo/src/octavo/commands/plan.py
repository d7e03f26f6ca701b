"""`octavo plan`: what a resource becomes, without starting anything."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from octavo.runner.layout import plan_workers
from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService, load_resources
from octavo_core.spec.unacted import not_acted_on_yet
from octavo_generation.handlers import check_handler
from octavo_generation.tasks import task_for


def run(path: Path) -> None:
    console = Console(soft_wrap=True)
    resources = load_resources(path)
    for resource in resources:
        _show(console, resource)
    console.print("[bold]On this laptop, `octavo up` runs:[/]")
    console.print("  redis, api (one HTTP process for all)")
    for plan in plan_workers(resources):
        when = "always" if plan.always else f"from its first job until {plan.idle_s:g} s without work"
        console.print(f"  worker {plan.name}: {', '.join(plan.generators)} ({when})")


def _show(console: Console, resource: GeneratorService) -> None:
    document = resource.model_dump(mode="json", by_alias=True, exclude_none=True)
    document["metadata"] = {key: value for key, value in document["metadata"].items() if value}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    console.print(f"[bold]# {resource.name}, with every default[/]")
    console.print(Syntax(text, "yaml", background_color="default") if console.is_terminal else Text(text))
    base = f"/generators/{resource.name}"
    console.print(f"[bold]Serves[/] {base}/api/v1/generate, {base}/api/v1/jobs, {base}/docs")
    for reason in _obstacles(resource):
        console.print(Text(f"! {reason}", style="yellow"))
    for fault in not_acted_on_yet(resource):
        console.print(Text(f"! {fault.path}: {fault.message}", style="yellow"))
    console.print()


def _obstacles(resource: GeneratorService) -> list[str]:
    found = []
    try:
        task_for(resource.spec)
    except Misconfigured as error:
        found.append(error.message)
    try:
        check_handler(resource, os.environ)
    except Misconfigured as error:
        found.append(error.message)
    return found
