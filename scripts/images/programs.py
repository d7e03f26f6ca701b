"""Programs that are run for us: their output in a log file, their end tied to ours, their failure with its last words."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.images.failures import ImagesFailure

_LAST_LINES = 30
_END_S = 5


def execute(argv: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
    """Appends the program's output to the log. Raises `ImagesFailure` with the log's end; whoever stops us stops the program."""
    with log.open("ab") as output:
        output.write(f"$ {' '.join(argv)}\n".encode())
        output.flush()
        if shutil.which(argv[0], path=environment.get("PATH")) is None:
            raise ImagesFailure(f"the program {argv[0]} is not here")
        process = subprocess.Popen(_tied(argv), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=dict(environment))
        try:
            status = process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise
    if status != 0:
        last = "\n".join(f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
        raise ImagesFailure(f"{argv[0]} ended with status {status}; all it said is in {log}, its last words were:\n{last}")


def _tied(argv: Sequence[str]) -> Sequence[str]:
    """On Linux the kernel ends the program when we are killed and have no chance to. KILL, because `unshare` heeds nothing less."""
    setpriv = shutil.which("setpriv")
    return argv if setpriv is None else [setpriv, "--pdeathsig", "KILL", *argv]


def succeeds(argv: Sequence[str], *, within_s: float, environment: Mapping[str, str]) -> bool:
    """Whether the program is here, ends in time, and with status 0."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=within_s, env=dict(environment))
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def output(argv: Sequence[str], *, within_s: float, environment: Mapping[str, str]) -> str:
    """What it prints, without the last line's end. Raises `ImagesFailure`."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=within_s, env=dict(environment)
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ImagesFailure(f"{' '.join(argv)}: {error}") from None
    return done.stdout.strip()
