"""How a command fails: one clear message, exit code 2 for what the person can mend, 1 for the rest. Never a stack trace."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from octavo_core.errors import InvalidInput, Misconfigured, OctavoError


@contextlib.contextmanager
def explain_errors() -> Iterator[None]:
    try:
        yield
    except OctavoError as error:
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True, soft_wrap=True)
        for line in error.message.splitlines():
            console.print(Text("✗ ", style="bold red") + Text(line))
        for fault in error.faults:
            if fault.allowed and fault.allowed not in error.message:
                console.print(Text(f"  {fault.path}: allowed is {fault.allowed}", style="dim"))
        sys.exit(2 if isinstance(error, InvalidInput | Misconfigured) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`octavo plan … | head`): nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
