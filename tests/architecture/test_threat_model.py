"""The threat model names tests; they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/threat-model.md"
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_ROW = re.compile(r"^\| (?!Threat|Asset|---)(.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_every_test_that_it_names_exists() -> None:
    named = _NAMED.findall(PAGE.read_text())
    assert len(named) >= 50
    missing = [f"{file}::{test}" for file, test in named if test not in functions(ROOT / file)]
    assert missing == []


def test_every_threat_has_a_defence_and_a_test() -> None:
    threats = PAGE.read_text().partition("\n## Threats")[2].partition("\n## Limits")[0]
    rows = _ROW.findall(threats)
    assert len(rows) >= 30
    assert [threat for threat, _, shown in rows if not _NAMED.search(shown)] == []


def test_every_attack_is_named() -> None:
    """What attacks and is not in the model would be a threat that nobody wrote down."""
    named = {(file, test) for file, test in _NAMED.findall(PAGE.read_text())}
    files = sorted((ROOT / "tests/attacks").glob("test_*.py"))
    attacks = {(str(file.relative_to(ROOT)), test) for file in files for test in functions(file) if test.startswith("test_")}
    upkeep = {
        ("tests/attacks/test_tokens.py", "test_what_is_public_is_really_there"),
        ("tests/attacks/test_pages.py", "test_there_are_pages_and_forms"),
    }
    assert attacks - named - upkeep == set()


def functions(file: Path) -> set[str]:
    if not file.is_file():
        return set()
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
