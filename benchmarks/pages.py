"""The pages as a phone gets them: Lighthouse on home, feed and studio, scripts in bytes, the first page on loopback, and whether they can
be installed.

    python -m benchmarks.pages --out benchmarks/results/pages.json

A laptop's platform is started from an empty OCTAVO_HOME with one generator and one account; Chromium is Debian's. Lighthouse runs at a
phone's size with its own simulated network and processor, several times on each page, the pages in turn. The first page is timed apart
from it, in a browser without a cache and without any slowing down. Whether a page can be installed is asked of Chromium itself:
Lighthouse does not look at that any more.
"""

import argparse
import http.cookiejar
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from playwright.sync_api import Browser, sync_playwright

from benchmarks import machine
from benchmarks.lighthouse_figures import CATEGORIES, Look, UnreadableReport, read, settled
from benchmarks.processes import Program, StartError, answers, free_port
from benchmarks.report import render
from benchmarks.startup import EXAMPLE, typed

LIGHTHOUSE = Path(__file__).parent / "lighthouse"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
PAGES: Mapping[str, str] = {"home": "/", "feed": "/feed", "studio": "/studio", "form": "/studio/tiny-stories"}
PERSONAL = frozenset({"studio", "form"})
WIDTH, HEIGHT = 390, 844
READY_DEADLINE_S = 120.0
RUN_DEADLINE_S = 180.0
CODE_DEADLINE_S = 30.0
EMAIL, PASSWORD = "bench@example.org", "a kite by the river 7"
_PRIVATE = frozenset({"in-incognito"})
"""Chromium's word against installing in a window without a history, which all are here."""

log = logging.getLogger("benchmarks.pages")


class Visitor:
    """A person with an account, by the pages' own forms. Raises `StartError` where one is not taken."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._jar = http.cookiejar.CookieJar()
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def register_and_log_in(self) -> str:
        """The `Cookie` header of the session."""
        form = self._send("/register", name="Bench", email=EMAIL, password=PASSWORD)
        verification = re.search(r'name="id" value="([0-9a-f-]{36})"', form)
        if verification is None:
            raise StartError("the page after registering asks for no code")
        self._send("/verify", id=verification[1], code=self._code())
        self._send("/login", username=EMAIL, password=PASSWORD)
        header = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)
        if "octavo_access=" not in header:
            raise StartError("the login gave no session")
        return header

    def _send(self, path: str, **fields: str) -> str:
        data = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(f"{self._base}{path}", data, {"origin": self._base}, method="POST")
        try:
            with self._open.open(request, timeout=30) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise StartError(f"{path} was answered with HTTP {error.code}") from error

    def _code(self) -> str:
        give_up = time.monotonic() + CODE_DEADLINE_S
        while time.monotonic() < give_up:
            with urllib.request.urlopen(f"{self._base}/api/auth/outbox", timeout=10) as answer:
                for item in orjson.loads(answer.read())["items"]:
                    if item["to"] == EMAIL and (found := re.search(r"code: ([0-9]{6})", item["text"])) is not None:
                        return found[1]
            time.sleep(0.1)
        raise StartError(f"no code came within {CODE_DEADLINE_S:g} s")


def look(url: str, folder: Path, cookie: str | None) -> Look:
    """One run of Lighthouse. Raises `StartError`."""
    result = folder / "report.json"
    command = [
        *("node", str(LIGHTHOUSE / "node_modules" / "lighthouse" / "cli" / "index.js"), url),
        *("--output=json", f"--output-path={result}", "--quiet", f"--only-categories={','.join(CATEGORIES)}"),
        *("--form-factor=mobile", "--screenEmulation.mobile", f"--screenEmulation.width={WIDTH}", f"--screenEmulation.height={HEIGHT}"),
        *("--screenEmulation.deviceScaleFactor=3", f"--chrome-flags={' '.join(FLAGS)}"),
    ]
    if cookie is not None:
        # In a file: what stands on a command line can be read by everybody on the machine.
        headers = folder / "headers.json"
        headers.touch(mode=0o600)
        headers.write_bytes(orjson.dumps({"Cookie": cookie}))
        command.append(f"--extra-headers={headers}")
    result.unlink(missing_ok=True)
    environment = {**os.environ, "CHROME_PATH": CHROMIUM}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_DEADLINE_S, check=False, cwd=folder)
    except subprocess.TimeoutExpired:
        raise StartError(f"Lighthouse did not end with {url} within {RUN_DEADLINE_S:g} s") from None
    if done.returncode != 0 or not result.exists():
        raise StartError(f"Lighthouse ended with {done.returncode}:\n{done.stderr[-2000:]}")
    try:
        return read(orjson.loads(result.read_bytes()))
    except (UnreadableReport, orjson.JSONDecodeError) as error:
        raise StartError(f"{url}: {error}") from error


def first_page_ms(browser: Browser, url: str) -> dict[str, float]:
    """From the request to the end of loading, in a browser that has nothing of it yet."""
    with browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}) as context:
        page = context.new_page()
        page.goto(url, wait_until="load", timeout=60_000)
        # `loadEventEnd` is known only after the event has been dealt with.
        page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
        found: dict[str, float] = page.evaluate(
            """() => {
              const [way] = performance.getEntriesByType('navigation');
              const paint = performance.getEntriesByName('first-contentful-paint')[0];
              return { answered: way.responseEnd, loaded: way.loadEventEnd, painted: paint ? paint.startTime : way.loadEventEnd };
            }"""
        )
        return found


def install_errors(browser: Browser, url: str) -> list[str]:
    """What keeps Chromium from offering to install it; nothing, where it would."""
    with browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}) as context:
        page = context.new_page()
        page.goto(url, wait_until="load", timeout=60_000)
        found = context.new_cdp_session(page).send("Page.getInstallabilityErrors")
        return [one["errorId"] for one in found["installabilityErrors"] if one["errorId"] not in _PRIVATE]


def measure(command: Sequence[str], runs: int) -> dict[str, Any]:
    """The result, without what it was measured on; nothing is left running."""
    with tempfile.TemporaryDirectory(prefix="octavo-bench-", ignore_cleanup_errors=True) as temporary:
        folder, port = Path(temporary), free_port()
        base = f"http://127.0.0.1:{port}"
        program = Program("octavo", [*command, "--port", str(port)], folder, {"OCTAVO_HOME": str(folder / "home")})
        try:
            program.wait_until(lambda: answers(f"{base}/health/ready"), READY_DEADLINE_S)
            if not answers(f"{base}/login"):
                raise StartError("no pages are served; run ./task web:assets first")
            cookie = Visitor(base).register_and_log_in()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS[1:]))
                firsts = [first_page_ms(browser, f"{base}/") for _ in range(runs + 2)]
                errors = {name: install_errors(browser, f"{base}{PAGES[name]}") for name in ("home", "feed")}
                browser.close()
            looks: dict[str, list[Look]] = {name: [] for name in PAGES}
            for number in range(1, runs + 1):
                for name, path in PAGES.items():
                    found = look(f"{base}{path}", folder, cookie if name in PERSONAL else None)
                    log.info("run %d  %s  %s  scripts %d B", number, name, dict(found.scores), found.script_bytes)
                    looks[name].append(found)
        except StartError as error:
            raise StartError(f"{error}\n{program.log_tail()}") from error
        finally:
            program.stop()
    return {
        "pages": {name: settled(found) for name, found in looks.items()},
        "first_page_ms": {
            "first": round(firsts[0]["loaded"], 1),
            "median": round(median([one["loaded"] for one in firsts]), 1),
            "painted_median": round(median([one["painted"] for one in firsts]), 1),
        },
        "install_errors": errors,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="of Lighthouse, on each page")
    parser.add_argument("--octavo-command", default=shlex.join(typed()), help="what is typed before `up`")
    parser.add_argument("--out", type=Path, help="where the JSON goes; else to standard output")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for program, remedy in ((CHROMIUM, "install Debian's chromium"), ("node", "install Node.js 20 or newer")):
        if shutil.which(program) is None:
            log.error("%s is not here: %s", program, remedy)
            return 1
    try:
        found = measure([*shlex.split(options.octavo_command), "up", "-f", str(EXAMPLE.resolve())], options.runs)
    except StartError as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        return 130
    settings = {"runs": options.runs, "width": WIDTH, "height": HEIGHT}
    result = {"benchmark": "pages", "at": machine.now(), "machine": asdict(machine.describe()), "settings": settings, **found}
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2)
    if options.out is None:
        sys.stdout.buffer.write(text + b"\n")
    else:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(text + b"\n")
        print(render([result]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
