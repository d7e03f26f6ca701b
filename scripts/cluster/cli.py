"""The command: `python -m scripts.cluster up|down|status|env|load-images|build`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
from rich.console import Console
from scripts.cluster import images, kind, requirements, status, teardown
from scripts.cluster.choosing import Choice, Kind, Machine, choose, from_json, to_json
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.host import HostCluster
from scripts.cluster.layout import IMAGES, Cache, Host, choice_file
from scripts.cluster.progress import Progress
from scripts.cluster.toolchain import ensure
from scripts.cluster.versions import BY_NAME, CONTROL_PLANE, FOR_PEOPLE, HOST


def up(progress: Progress, environ: Mapping[str, str] = os.environ) -> Choice:
    """Chooses, and brings up or mends what it chose. Raises ClusterFailure."""
    choice = choose(machine(environ))
    if choice.kind is Kind.HOST:
        HostCluster(Host.of(environ), Cache.of(environ), environ).up(progress)
    elif choice.kind is Kind.KIND:
        _kind(choice.engine, environ, progress).up(progress)
    if not _another(environ):
        _remember(choice)
    return choice


def down(progress: Progress, environ: Mapping[str, str] = os.environ) -> None:
    """Removes every cluster of ours that is on this machine; never the caller's own."""
    engine = None if _another(environ) or not kind.KUBECONFIG.exists() else kind.find_engine()
    if engine is not None:
        with progress.step("kind"):
            _kind(engine, environ, progress).down()
    host = Host.of(environ)
    if host.state.exists():
        if os.geteuid() != 0:
            raise ClusterFailure("the host cluster is root's", mend="run `./task cluster:down` as root")
        teardown.down(host, progress)
    if not _another(environ):
        choice_file().unlink(missing_ok=True)


def present(environ: Mapping[str, str] = os.environ) -> Choice:
    """The cluster that the other commands are about. Raises ClusterFailure where there is none."""
    forced, host = environ.get("OCTAVO_CLUSTER", ""), Host.of(environ)
    if forced == Kind.KUBECONFIG:
        return choose(machine(environ))
    remembered = from_json(choice_file().read_text()) if choice_file().exists() and not _another(environ) else None
    choices = [remembered, Choice(Kind.HOST, host.kubeconfig), Choice(Kind.KIND, kind.KUBECONFIG)]
    for choice in choices:
        if choice is not None and (not forced or choice.kind == forced) and _is_file(choice.kubeconfig):
            return choice
    raise ClusterFailure("there is no cluster that you may use", mend="./task cluster:up; the one on the host is root's alone")


def machine(environ: Mapping[str, str]) -> Machine:
    return Machine(
        forced=environ.get("OCTAVO_CLUSTER", ""),
        kubeconfig=environ.get("KUBECONFIG", ""),
        engine=kind.find_engine,
        obstacles=requirements.obstacles,
        kind_kubeconfig=kind.KUBECONFIG,
        host_kubeconfig=Host.of(environ).kubeconfig,
    )


def tools(progress: Progress, choice: Choice, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """kubectl and helm, for people: for the host cluster those that were built with it, else the machine's own where it has them."""
    cache = Cache.of(environ)
    if choice.kind is not Kind.HOST:
        return list(kind.programs(FOR_PEOPLE, cache, progress).values())
    ensure(FOR_PEOPLE, cache, progress.say)
    return [cache.bin / name for name in FOR_PEOPLE]


def loader(choice: Choice, environ: Mapping[str, str] = os.environ) -> images.Loader:
    if choice.kind is Kind.HOST:
        return HostCluster(Host.of(environ), Cache.of(environ), environ).containerd
    if choice.kind is Kind.KIND:
        return _kind(kind.find_engine() or "docker", environ, Progress())
    raise ClusterFailure(
        "images cannot be loaded into a cluster that is only used", mend="push them to a registry that the cluster pulls from"
    )


def _kind(engine: str, environ: Mapping[str, str], progress: Progress) -> kind.KindCluster:
    return kind.KindCluster(kind.programs(("kind",), Cache.of(environ), progress)["kind"], engine)


def _up(progress: Progress, _: argparse.Namespace) -> None:
    choice = up(progress)
    progress.done(f"the cluster is up ({choice.kind}); its kubeconfig: {choice.kubeconfig}")
    progress.say("""to use it: eval "$(./task -s cluster:env | grep '^export ')" """.strip())


def _down(progress: Progress, _: argparse.Namespace) -> None:
    down(progress)
    progress.done("nothing of it is left, but the built programs")


def _status(_: Progress, __: argparse.Namespace) -> None:
    if not status.show(present(), Host.of(), Console(highlight=False, soft_wrap=True)):
        sys.exit(1)


def _env(progress: Progress, _: argparse.Namespace) -> None:
    choice = present()
    sys.stdout.write(status.exports(choice.kubeconfig, tools(progress, choice), os.environ.get("PATH", "")))


def _load_images(progress: Progress, arguments: argparse.Namespace) -> None:
    loaded = images.load(arguments.folder, loader(present()), progress.say)
    progress.done(f"{len(loaded)} loaded" if loaded else "all images were there already")


def _build(progress: Progress, arguments: argparse.Namespace) -> None:
    sets = {"all": HOST, "control-plane": CONTROL_PLANE}
    names = [name for asked in arguments.programs or ["all"] for name in sets.get(asked, (asked,))]
    if unknown := set(names) - set(BY_NAME):
        raise ClusterFailure(
            f"unknown programs: {', '.join(sorted(unknown))}", mend=f"choose from all, control-plane, {', '.join(BY_NAME)}"
        )
    for name in names:
        with progress.step(name):
            ensure((name,), Cache.of(), progress.say)
    sys.stdout.write(f"{Cache.of().bin}\n")


def _remember(choice: Choice) -> None:
    """For everybody to read: it holds no secret, and who is root here need not be who reads it."""
    file = choice_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(to_json(choice))
    temporary.rename(file)


def _another(environ: Mapping[str, str]) -> bool:
    """Whether the caller speaks of a host cluster beside the usual one, of which nothing is remembered."""
    return bool(environ.get("OCTAVO_CLUSTER_STATE"))


def _is_file(path: Path) -> bool:
    """One that we may not even look at counts as not there."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(prog="cluster", description="A real Kubernetes cluster on this machine, with or without Docker")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Progress, argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    command("up", _up, "start it, or mend what is down of it")
    command("down", _down, "remove it and all it made")
    command("status", _status, "what runs, and whether it is well (exit status 1 where not)")
    command("env", _env, "shell exports of KUBECONFIG and a PATH with kubectl and helm")
    folder = command("load-images", _load_images, "load the images of build/images/ that it has not yet")
    folder.add_argument("folder", type=Path, nargs="?", default=IMAGES)
    programs = command("build", _build, "build the programs now; prints the folder they are in")
    programs.add_argument("programs", nargs="*", help="names, or control-plane, or all (the default)")
    arguments, progress = parser.parse_args(), Progress()
    try:
        arguments.run(progress, arguments)
    except ClusterFailure as failure:
        progress.failed(failure)
        sys.exit(1)
    except (ValueError, OSError, httpx.HTTPError, subprocess.SubprocessError) as problem:
        progress.failed(ClusterFailure(f"{type(problem).__name__}: {problem}", mend="call again; `./task cluster:status` says what runs"))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
