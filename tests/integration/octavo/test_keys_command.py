"""`octavo keys` and `octavo users`, on a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def octavo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OCTAVO_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run([sys.executable, "-m", "octavo", *arguments], capture_output=True, text=True, env=environment, timeout=120)


def test_keys_are_rotated_and_listed_without_their_secrets(tmp_path: Path) -> None:
    first = octavo(tmp_path, "keys", "rotate")
    assert first.returncode == 0, first.stderr
    assert "new signing key, version 2" in first.stdout
    assert "version 2" in octavo(tmp_path, "keys", "rotate", "--kind", "data").stdout
    listed = octavo(tmp_path, "keys", "list").stdout
    assert listed.count("signing") == 2
    assert listed.count("data") == 2
    assert "published" in listed
    assert (tmp_path / "master.key").read_text().strip() not in listed
    assert (tmp_path / "master.key").stat().st_mode & 0o077 == 0


def test_a_master_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    octavo(tmp_path, "keys", "list")
    assert octavo(tmp_path, "keys", "rotate").returncode == 0
    (tmp_path / "master.key").chmod(0o644)
    ran = octavo(tmp_path, "keys", "rotate")
    assert ran.returncode == 2
    assert "chmod 600" in ran.stderr


def test_nobody_is_promoted_by_a_wrong_name(tmp_path: Path) -> None:
    ran = octavo(tmp_path, "users", "promote", "nobody@example.org")
    assert ran.returncode == 1
    assert "no such account" in ran.stderr
