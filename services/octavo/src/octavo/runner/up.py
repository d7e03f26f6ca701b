"""`octavo up`: checks what can be checked before anything starts, then hands over to the supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from octavo.runner.layout import Home, base_url
from octavo.runner.lines import LinePrinter
from octavo.runner.log_files import LogKeeper
from octavo.runner.supervisor import Supervisor
from octavo.runner.watching import watch_files
from octavo_core.errors import InvalidResource, Misconfigured
from octavo_core.settings import CommonSettings, read_settings
from octavo_core.spec import GeneratorService, load_resources
from octavo_core.spec.unacted import not_acted_on_yet
from octavo_generation.completing import FromEnvironment


def read_files(paths: Sequence[Path], variables: FromEnvironment) -> list[GeneratorService]:
    """The resources of all files and folders, with what `variables` say for fields that are left out. Raises
    `InvalidResource`; two of one name are refused."""
    resources: list[GeneratorService] = []
    for path in paths:
        resources += load_resources(path, variables)
    names = [resource.name for resource in resources]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidResource(f"metadata.name: there is more than one generator named {', '.join(doubled)}")
    return resources


def up(*, paths: Sequence[Path], home: Path, host: str, port: int, printer: LinePrinter) -> None:
    """Runs until Ctrl-C or SIGTERM. Raises `InvalidResource`, `Misconfigured` or `Unavailable` before anything is left behind."""
    # The children read the same settings; what is wrong with them is told here, once.
    read_settings(CommonSettings)
    variables = FromEnvironment(os.environ)
    resources = read_files(paths, variables)
    place = Home(home.resolve())
    place.prepare()
    with _only_one(place), contextlib.closing(LogKeeper(place.logs)) as keeper:
        _check_port(host, port)
        printer.keep = keeper
        for resource in resources:
            for fault in not_acted_on_yet(resource):
                printer.say("octavo", f"{resource.name}: {fault.path}: {fault.message}", "warning")
        for name, used in variables.used.items():
            printer.say("octavo", f"{name}: what its YAML leaves out comes from {', '.join(used)}")
        asyncio.run(_run(resources, paths, place, host, port, printer))


async def _run(
    resources: Sequence[GeneratorService], paths: Sequence[Path], home: Home, host: str, port: int, printer: LinePrinter
) -> None:
    stop = asyncio.Event()
    supervisor = Supervisor(home=home, host=host, port=port, printer=printer, watch=lambda: read_files(paths, FromEnvironment(os.environ)))

    def interrupted() -> None:
        if stop.is_set():
            supervisor.kill_all()
            return
        printer.say("octavo", "stopping; jobs that are not done go on at the next start (Ctrl-C again to stop at once)")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted)

    async def changed() -> None:
        try:
            await supervisor.reload()
        except (InvalidResource, Misconfigured) as error:
            printer.say("octavo", "the edited YAML is not used; everything goes on as before", "error")
            for line in error.message.splitlines():
                printer.say("octavo", line, "error")
        except OSError as error:
            printer.say("octavo", f"the edited YAML is not used: {error}", "error")

    watching = asyncio.create_task(watch_files(paths, changed, stop))

    def ready() -> None:
        base = base_url(host, port)
        printer.say("octavo", f"ready at {base}")
        for resource in resources:
            printer.say("octavo", f"  {resource.name} ({resource.spec.task})  {base}/generators/{resource.name}/docs")
        if samples := supervisor.samples():
            printer.say("octavo", f"no key is set for {', '.join(samples)}: what they answer are samples of the fake providers", "warning")

    try:
        await supervisor.run(resources, stop, ready)
    finally:
        stop.set()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    printer.say("octavo", "stopped")


@contextlib.contextmanager
def _only_one(home: Home) -> Iterator[None]:
    with home.lock_file.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(f"octavo already runs on {home.path}; stop it, or set OCTAVO_HOME to another folder") from None
        yield


def _check_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misconfigured(
                f"port {port} on {host} cannot be used ({error.strerror}); choose another with --port or OCTAVO_PORT"
            ) from None
