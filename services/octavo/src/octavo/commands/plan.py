"""`octavo plan`: what a resource becomes, here and in a cluster, without starting anything.

The objects of a cluster are computed by the operator's own function, so they are what it would apply. What only a cluster knows stands
as a placeholder: the owner's uid, and the generated passwords with the hashes that follow from them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import yaml
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from octavo.runner.layout import plan_workers
from octavo_core.errors import Misconfigured
from octavo_core.settings import read_settings
from octavo_core.spec import GeneratorService, load_resources
from octavo_core.spec.unacted import not_acted_on_yet
from octavo_generation.handlers import check_handler
from octavo_generation.tasks import task_for
from octavo_operator.desired import desired
from octavo_operator.desired.exposure import GATEWAY_GROUP
from octavo_operator.resource import Manifest, Passwords, Scale, Situation
from octavo_operator.settings import OperatorSettings

GENERATED = "(generated)"
UID = "(given-by-the-API-server)"


def run(path: Path, *, only_objects: bool = False, has: Collection[str] = ()) -> None:
    """Prints to standard output. `only_objects`: nothing but the YAML of the objects, for another program to read. `has`: API groups
    that the cluster has and that something is made for."""
    resources = load_resources(path)
    settings = read_settings(OperatorSettings)
    if only_objects:
        for resource in resources:
            sys.stdout.write(to_yaml(objects(resource, settings, has)))
        return
    console = Console(soft_wrap=True)
    for resource in resources:
        _show(console, resource)
        _show_objects(console, resource, objects(resource, settings, has))
    console.print("[bold]On this laptop, `octavo up` runs:[/]")
    console.print("  redis, api (one HTTP process for all)")
    for plan in plan_workers(resources, os.environ):
        when = "always" if plan.always else f"from its first job until {plan.idle_s:g} s without work"
        console.print(f"  worker {plan.name}: {', '.join(plan.generators)} ({when})")


def objects(resource: GeneratorService, settings: OperatorSettings, has: Collection[str] = ()) -> tuple[Manifest, ...]:
    """What the operator applies when it first sees the resource. The Gateway API is taken to be there where the resource asks for it."""
    spec = resource.spec
    features = frozenset(has) | ({GATEWAY_GROUP} if spec.api.http_route is not None else set())
    situation = Situation(
        uid=UID,
        scale=Scale(api=spec.api.replicas, workers=spec.workers.min),
        passwords=Passwords(redis=GENERATED, database=GENERATED, forwarding=GENERATED),
        features=features,
    )
    return desired(resource, situation, settings)


def to_yaml(manifests: Sequence[Manifest]) -> str:
    """One document each, every one begun by `---`, as `kubectl apply -f -` reads them."""
    plain = [dict(manifest) for manifest in manifests]
    return yaml.dump_all(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140, explicit_start=True)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _show(console: Console, resource: GeneratorService) -> None:
    document = resource.model_dump(mode="json", by_alias=True, exclude_none=True)
    document["metadata"] = {key: value for key, value in document["metadata"].items() if value}
    console.print(f"[bold]# {resource.name}, with every default[/]")
    _show_yaml(console, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    base = f"/generators/{resource.name}"
    console.print(f"[bold]Serves[/] {base}/api/v1/generate, {base}/api/v1/jobs, {base}/docs")
    for reason in _obstacles(resource):
        console.print(Text(f"! {reason}", style="yellow"))
    for fault in not_acted_on_yet(resource):
        console.print(Text(f"! {fault.path}: {fault.message}", style="yellow"))
    console.print()


def _show_objects(console: Console, resource: GeneratorService, manifests: Sequence[Manifest]) -> None:
    console.print(f"[bold]# {resource.name}, in a cluster: {len(manifests)} objects[/]")
    _show_yaml(console, to_yaml(manifests))
    console.print()


def _show_yaml(console: Console, text: str) -> None:
    console.print(Syntax(text, "yaml", background_color="default") if console.is_terminal else Text(text))


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
