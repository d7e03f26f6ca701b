"""`kubectl octavo status`: all generators in a table, or one as a tree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from octavo.commands.kube.kubectl import RESOURCE, Kubectl, items_of, name_of, selector
from octavo.commands.kube.tree import Node, State, View, age, view_of
from octavo_core.errors import Forbidden, OctavoError

_KINDS = (
    "deployments.apps",
    "statefulsets.apps",
    "pods",
    "persistentvolumeclaims",
    "services",
    "configmaps",
    "serviceaccounts",
    "endpointslices.discovery.k8s.io",
    "poddisruptionbudgets.policy",
    "networkpolicies.networking.k8s.io",
    "ingresses.networking.k8s.io",
)
_MARKS: dict[State, tuple[str, str]] = {
    "good": ("✓", "green"),
    "bad": ("✗", "bold red"),
    "waits": ("…", "yellow"),
    "idle": ("z", "dim"),
    "plain": ("", ""),
}


def show(kubectl: Kubectl, given: str) -> None:
    """The tree of one generator, the cause of its trouble on top."""
    name = name_of(given)
    resource = kubectl.json("get", RESOURCE, name)
    objects, hidden = _objects(kubectl, name)
    console = _console()
    _print(console, view_of(resource, objects, datetime.now(UTC)))
    if hidden:
        console.print(Text(f"not shown, for you may not read them: {', '.join(hidden)}", style="dim"))


def list_all(kubectl: Kubectl, *, everywhere: bool) -> None:
    """A line for each generator."""
    document = kubectl.json("get", RESOURCE, *(["--all-namespaces"] if everywhere else []))
    console = _console()
    items = items_of(document)
    if not items:
        console.print("no GeneratorService here; `kubectl apply -f examples/tiny-stories.yaml` makes one")
        return
    now = datetime.now(UTC)
    table = Table(box=None)
    headings = (*(("namespace",) if everywhere else ()), "name", "", "state", "task", "workers", "queued", "age")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    causes: list[tuple[str, str]] = []
    for item in items:
        view = view_of(item, None, now)
        mark, style = _MARKS[view.state]
        status = item.get("status") or {}
        metadata = item["metadata"]
        table.add_row(
            *([Text(metadata["namespace"])] if everywhere else []),
            Text(view.name),
            Text(mark, style),
            Text(view.verdict),
            Text(str(item["spec"].get("task", ""))),
            f"{(status.get('workers') or {}).get('ready', 0)}/{(status.get('workers') or {}).get('desired', 0)}",
            str((status.get("queue") or {}).get("queued", 0)),
            age(metadata.get("creationTimestamp", ""), now),
        )
        if view.state == "bad":
            causes.append((view.name, view.cause))
    console.print(table)
    for name, cause in causes:
        console.print(Text("✗ ", "bold red") + Text(f"{name}: ", "bold") + Text(cause))


def _console() -> Console:
    """Where another program reads it, a line stays a line."""
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    return console if console.is_terminal else Console(width=1_000, highlight=False, emoji=False)


def _objects(kubectl: Kubectl, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """All that carries the generator's label, and the kinds that the caller may not read."""
    where = ("--selector", selector(instance=name))
    try:
        return items_of(kubectl.json("get", ",".join(_KINDS), *where)), []
    except Forbidden:
        pass
    except OctavoError:
        # A kind that an old cluster does not have spoils the whole answer, as one that is forbidden does: then one by one.
        pass
    found: list[dict[str, Any]] = []
    hidden = []
    for kind in _KINDS:
        try:
            found += items_of(kubectl.json("get", kind, *where))
        except OctavoError:
            hidden.append(kind.partition(".")[0])
    return found, hidden


def _print(console: Console, view: View) -> None:
    mark, style = _MARKS[view.state]
    console.print(Text(f"{mark} ", style) + Text(view.name, "bold") + Text(f"  {view.about}  ") + Text(view.verdict, style))
    for note in view.notes:
        console.print(Text(f"! {note}", "yellow"))
    if view.cause:
        console.print(Text("  " + view.cause, "red" if view.state == "bad" else "yellow"))
    for name, value in view.facts:
        console.print(Text(f"  {name}: ", "dim") + Text(value))
    tree = Tree("", hide_root=True, guide_style="dim")
    for node in view.nodes:
        _grow(tree, node)
    console.print(tree, soft_wrap=False)


def _grow(tree: Tree, node: Node) -> None:
    mark, style = _MARKS[node.state]
    line = Text(f"{mark} " if mark else "", style) + Text(node.label)
    if node.detail:
        line += Text(f"  {node.detail}", style if node.state == "bad" else "dim")
    branch = tree.add(line)
    for child in node.children:
        _grow(branch, child)
