"""Where this machine gets its Debian packages from, read out of its own apt configuration: pure functions over the files' texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True, slots=True)
class Source:
    uri: str
    suites: tuple[str, ...]


def debian_sources(texts: Iterable[str], suite: str) -> list[Source]:
    """Those of the sources, one-line or deb822, that carry Debian's own `main` of this suite, its updates or its security fixes.

    Sources of others that happen to use the suite's name are left out by their key; so is what apt would not fetch by HTTP.
    """
    wanted = {suite, f"{suite}-updates", f"{suite}-security", f"{suite}/updates"}
    found: list[Source] = []
    for text in texts:
        for entry in (*_one_line(text), *_deb822(text)):
            suites = tuple(name for name in entry["suites"].split() if name in wanted)
            signed = entry.get("signed-by", "")
            if not suites or "main" not in entry["components"].split() or (signed and "debian-archive" not in signed):
                continue
            found += [Source(uri.rstrip("/"), suites) for uri in entry["uris"].split() if uri.startswith(("http://", "https://"))]
    return found


def mirror(sources: Iterable[Source], suite: str) -> str | None:
    """The address that debootstrap can install from."""
    return next((source.uri for source in sources if suite in source.suites), None)


def as_deb822(sources: Iterable[Source]) -> str:
    """The sources as a file for the build of an image, checked by the key that Debian's own base carries."""
    return "\n".join(
        f"Types: deb\nURIs: {source.uri}\nSuites: {' '.join(source.suites)}\nComponents: main\nSigned-By: {_KEYRING}\n"
        for source in sources
    )


def _one_line(text: str) -> list[Mapping[str, str]]:
    entries: list[Mapping[str, str]] = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line)
        if match:
            options = dict(option.split("=", 1) for option in (match[1] or "").split() if "=" in option)
            entries.append({"uris": match[2], "suites": match[3], "components": match[4], "signed-by": options.get("signed-by", "")})
    return entries


def _deb822(text: str) -> list[Mapping[str, str]]:
    entries: list[Mapping[str, str]] = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        last = ""
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and last:
                fields[last] += f" {line.strip()}"
            elif ":" in line:
                last, value = line.split(":", 1)
                last = last.strip().lower()
                fields[last] = value.strip()
        off = fields.get("enabled", "yes").lower() in {"no", "false", "0"}
        if "deb" in fields.get("types", "").split() and "uris" in fields and "suites" in fields and "components" in fields and not off:
            entries.append(fields)
    return entries
