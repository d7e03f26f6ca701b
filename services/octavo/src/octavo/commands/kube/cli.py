"""The commands of `kubectl octavo`. Each is a file beside this one, imported when it is called.

kubectl finds a plugin by its name: the program `kubectl-octavo` on the PATH is `kubectl octavo`. Options of kubectl stand behind the
plugin's name, so those that choose a cluster are repeated here.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from octavo.commands.failing import explain_errors

kube_app = typer.Typer(
    name="kubectl octavo",
    help="Generators in a cluster: what stands for them, what fails, what they work on.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(help="The generator: NAME or gen/NAME.")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Its namespace; default: that of the context.")]
Context = Annotated[str | None, typer.Option(help="The context of the kubeconfig to use.")]
Kubeconfig = Annotated[Path | None, typer.Option(help="The kubeconfig to use.")]
Everywhere = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")]


class Component(StrEnum):
    API = "api"
    WORKER = "worker"
    REDIS = "redis"
    DB = "db"


@kube_app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="The generator; left out: all of the namespace.")] = None,
    namespace: Namespace = None,
    everywhere: Everywhere = False,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """What stands for a generator, as a tree, and on top why it does not work, if it does not."""
    from octavo.commands.kube.kubectl import Kubectl
    from octavo.commands.kube.status import list_all, show

    kubectl = Kubectl(namespace=namespace, context=context, kubeconfig=kubeconfig)
    if name is None:
        list_all(kubectl, everywhere=everywhere)
    else:
        show(kubectl, name)


@kube_app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="A YAML file or a folder of them.")],
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """The objects that this cluster's operator would apply for a file, as YAML. Nothing is written."""
    from octavo.commands.kube.kubectl import Kubectl
    from octavo.commands.kube.plan import run

    run(Kubectl(namespace=namespace, context=context, kubeconfig=kubeconfig), file)


@kube_app.command()
def jobs(
    name: Name,
    status: Annotated[list[str] | None, typer.Option(help="queued, running, succeeded, failed or cancelled; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """The newest jobs of a generator, asked through the API server: no port needs to be forwarded."""
    from octavo.commands.kube.jobs import run
    from octavo.commands.kube.kubectl import Kubectl

    run(Kubectl(namespace=namespace, context=context, kubeconfig=kubeconfig), name, status or [], limit)


@kube_app.command()
def logs(
    name: Name,
    component: Annotated[
        list[Component] | None, typer.Option("--component", "-c", help="Whose; may be repeated. Default: api and worker.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="Lines of each pod.")] = 100,
    previous: Annotated[bool, typer.Option("--previous", "-p", help="Of the containers that ended before these.")] = False,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """What the pods of a generator write."""
    from octavo.commands.kube.kubectl import Kubectl
    from octavo.commands.kube.logs import run

    components = [one.value for one in component or (Component.API, Component.WORKER)]
    run(
        Kubectl(namespace=namespace, context=context, kubeconfig=kubeconfig),
        name,
        components,
        follow=follow,
        tail=tail,
        previous=previous,
    )


@kube_app.command()
def wake(
    name: Name,
    wait: Annotated[int, typer.Option(min=0, max=3600, help="Wait so many seconds until a worker stands; 0: do not wait.")] = 0,
    namespace: Namespace = None,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Start a generator that sleeps, before anybody asks it."""
    from octavo.commands.kube.kubectl import Kubectl
    from octavo.commands.kube.wake import run

    run(Kubectl(namespace=namespace, context=context, kubeconfig=kubeconfig), name, wait_s=wait)


@kube_app.command()
def top(
    namespace: Namespace = None,
    everywhere: Everywhere = False,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
) -> None:
    """Who works most: queues, workers, and CPU and memory where the cluster measures them."""
    from octavo.commands.kube.kubectl import Kubectl
    from octavo.commands.kube.top import run

    run(Kubectl(namespace=namespace, context=context, kubeconfig=kubeconfig), everywhere=everywhere)


def main() -> NoReturn:
    """Of the program `kubectl-octavo`."""
    with explain_errors():
        sys.exit(kube_app())


if __name__ == "__main__":
    main()
