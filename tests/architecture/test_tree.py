"""Conventions that a program can check, so that nobody has to remember them."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]
FILES = [path for path in TRACKED if path.is_file()]
PYTHON = [path for path in FILES if path.suffix == ".py"]
TEXTS = [
    path
    for path in FILES
    if path.suffix in {".py", ".md", ".yml", ".yaml", ".toml", ".lock", ".json", ".js", ".sh", ".in"} or path.name in {"task", "run"}
]
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "stuff"}
# Put together here, so that this file does not hold what it looks for.
_HOSTS = (("pypi", "org"), ("pythonhosted",), ("registry", "npmjs"), ("proxy", "golang"), ("index", "crates"), ("deb", "debian", "org"))
_FOLDERS = (("root",), ("home", "[a-z]"), ("work",))
BARRED = re.compile(
    "|".join([r"\.".join(host) for host in _HOSTS] + ["/" + "/".join(folder) + ("" if len(folder) > 1 else "/") for folder in _FOLDERS]),
    re.IGNORECASE,
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_has_two_thoughts() -> None:
    long = {name_of(path): count for path in PYTHON if (count := len(path.read_text().splitlines())) > 600}
    assert long == {}


def test_no_vague_names() -> None:
    assert [name_of(path) for path in PYTHON if path.stem in VAGUE or VAGUE & set(path.relative_to(ROOT).parts[:-1])] == []


def test_every_module_says_what_it_is() -> None:
    silent = [name_of(path) for path in PYTHON if "services" in path.parts and ast.get_docstring(ast.parse(path.read_text())) is None]
    assert silent == []


def test_no_machine_or_registry_stands_in_the_tree() -> None:
    found = [
        f"{name_of(path)}:{n}"
        for path in TEXTS
        if path != Path(__file__)
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if BARRED.search(line)
    ]
    assert found == []


def test_tests_wait_on_conditions_and_do_not_sleep_for_luck() -> None:
    """`time.sleep` and `asyncio.sleep` are allowed inside a loop with a deadline, with zero, or with their purpose beside them."""
    found = []
    for path in PYTHON:
        if "tests" not in path.relative_to(ROOT).parts[:1]:
            continue
        lines = path.read_text().splitlines()
        tree = ast.parse("\n".join(lines))
        looped = {id(inner) for loop in ast.walk(tree) if isinstance(loop, ast.While | ast.For | ast.AsyncFor) for inner in ast.walk(loop)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "asyncio.sleep") and id(node) not in looped:
                value = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                # A handler that sleeps longer than any test is "work that does not end".
                if (value is None or 0 < value < 30) and "# on purpose: " not in lines[node.lineno - 1]:
                    found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def test_no_test_is_marked_to_be_skipped_or_to_fail() -> None:
    marks = re.compile(r"pytest\.mark\.(skip|xfail|skipif(?!\(sys\.platform))\b")
    assert [name_of(path) for path in PYTHON if path != Path(__file__) and "tests" in path.parts and marks.search(path.read_text())] == []


def test_layers_hold() -> None:
    done = subprocess.run([str(ROOT / ".venv/bin/lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_task_says_what_it_does() -> None:
    tasks = yaml.safe_load((ROOT / "Taskfile.yml").read_text())["tasks"]
    assert [name for name, task in tasks.items() if not task.get("internal") and not task.get("desc")] == []
    assert {"up", "test", "lint", "fmt", "types", "crds", "bench:jobs", "bench:startup", "clean"} <= set(tasks)


@pytest.mark.parametrize("page", [path for path in FILES if path.suffix == ".md"], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text, lock.name
        assert "://" not in text, lock.name


def test_npm_lock_files_hold_hashes_and_no_addresses() -> None:
    locks = [
        *(ROOT / "benchmarks/peers").glob("*/package-lock.json"),
        *(ROOT / "benchmarks").glob("*/package-lock.json"),
        *(ROOT / "tests/servers").glob("*/package-lock.json"),
        ROOT / "services/web/assets/package-lock.json",
    ]
    assert len(locks) >= 4
    for lock in locks:
        text = lock.read_text()
        assert '"integrity": "sha512-' in text, lock
        assert "://" not in text, lock


def test_the_settings_page_is_what_the_settings_say() -> None:
    from octavo.settings_reference import render

    assert (ROOT / "docs/reference/settings.md").read_text() == render(), "run ./task crds"


def test_the_prices_page_is_what_the_profiles_say() -> None:
    from octavo.price_reference import render

    assert (ROOT / "docs/reference/prices.md").read_text() == render(), "run ./task crds"
