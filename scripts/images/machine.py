"""How this machine reaches its package indexes (addresses, proxies, certificates), as the files that a build may read and no layer keeps.

A mirror or a company's own certificate authority is a matter of the machine, not of the image: it comes in as a secret mount.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.images.apt_sources import Source, as_deb822, debian_sources

_PIP = ("index-url", "extra-index-url", "trusted-host", "timeout", "retries", "proxy", "find-links")
_CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def pip_settings(listed: str) -> dict[str, str]:
    """Out of what `pip config list` prints: a command's settings under their plain names, the environment's before the files'."""
    ranked: dict[str, tuple[int, str]] = {}
    for line in listed.splitlines():
        key, separator, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if not separator or section not in {"global", "install", ":env:"}:
            continue
        rank = ("global", "install", ":env:").index(section)
        if rank >= ranked.get(name, (-1, ""))[0]:
            try:
                ranked[name] = (rank, str(ast.literal_eval(value)))
            except (ValueError, SyntaxError):
                continue
    return {name: value for name, (_, value) in ranked.items()}


def pip_conf(settings: Mapping[str, str]) -> str | None:
    """A pip.conf with what holds inside a build too: no path of this machine. None when pip's own defaults do."""
    kept = {name: " ".join(_usable(name, value)) for name, value in settings.items() if name in _PIP}
    lines = [f"{name} = {value}" for name, value in kept.items() if value]
    return "\n".join(["[global]", *lines, ""]) if lines else None


def uv_toml(settings: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """The same for uv, which reads no pip.conf; its own variables come before pip's settings. None when the defaults do."""
    index = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL") or settings.get("index-url", "")
    extra = (
        f"{environment.get('UV_INDEX', '')} {environment.get('UV_EXTRA_INDEX_URL', '')}".split()
        or settings.get("extra-index-url", "").split()
    )
    hosts = environment.get("UV_INSECURE_HOST", "").split() or settings.get("trusted-host", "").split()
    links = [
        link for link in (environment.get("UV_FIND_LINKS", "").replace(",", " ") or settings.get("find-links", "")).split() if "://" in link
    ]
    # A string in JSON, and a list of them, is one in TOML as well.
    values: dict[str, object] = {"index-url": index.rpartition("=")[2] if "=http" in index else index, "extra-index-url": extra}
    values |= {"allow-insecure-host": hosts, "find-links": links}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items() if value]
    return "\n".join([*lines, ""]) if lines else None


def apt_conf(dumped: str, *, bundle: bool) -> str | None:
    """The proxies out of what `apt-config dump` prints and, with a bundle, where the build finds this machine's certificates.

    They lie beside the base's own and not in their place, which an upgrade of ca-certificates writes anew.
    """
    kept = [line for line in dumped.splitlines() if line.startswith(("Acquire::http::Proxy", "Acquire::https::Proxy")) and '""' not in line]
    if bundle:
        kept.append('Acquire::https::CaInfo "/run/secrets/ca.pem";')
    return "\n".join([*kept, ""]) if kept else None


def certificates(settings: Mapping[str, str], environment: Mapping[str, str]) -> Path | None:
    """The bundle that this machine's clients are told to trust; None where nobody told them, and the base's own will do."""
    for place in (*(environment.get(name) for name in _CERTIFICATES), settings.get("cert")):
        if place and Path(place).is_file():
            return Path(place)
    return None


def read_debian_sources(suite: str) -> list[Source]:
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list")), *sorted(folder.glob("sources.list.d/*.sources"))]
    return debian_sources([file.read_text(errors="replace") for file in files if file.is_file()], suite)


def write_secrets(folder: Path, environment: Mapping[str, str], sources: list[Source]) -> dict[str, Path]:
    """What a build may read, by the ids that the Containerfiles use. `sources`: for a base that brings none of its own."""
    settings = pip_settings(_output([sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]))
    bundle = certificates(settings, environment)
    texts = {
        "pip.conf": pip_conf(settings),
        "uv.toml": _own_uv_toml(environment) or uv_toml(settings, environment),
        "apt.sources": as_deb822(sources) if sources else None,
        "apt.conf": apt_conf(_output(["apt-config", "dump"]), bundle=bundle is not None),
    }
    secrets: dict[str, Path] = {}
    for name, text in texts.items():
        if text is not None:
            secrets[name] = folder / name
            secrets[name].write_text(text)
            secrets[name].chmod(0o600)
    return secrets if bundle is None else secrets | {"ca.pem": bundle}


def _own_uv_toml(environment: Mapping[str, str]) -> str | None:
    if any(environment.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")):
        return None
    home = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    named = environment.get("UV_CONFIG_FILE")
    for file in (*([Path(named)] if named else []), home / "uv/uv.toml", Path("/etc/uv/uv.toml")):
        if file.is_file():
            return file.read_text()
    return None


def _usable(name: str, value: str) -> list[str]:
    return [part for part in value.split() if name != "find-links" or "://" in part]


def _output(argv: list[str]) -> str:
    """What the program prints; nothing where it is missing or fails, as its defaults then hold."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
