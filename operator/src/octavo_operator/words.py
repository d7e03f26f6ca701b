"""What a failing thing said, made fit to stand in a status that many may read.

Kubelets, registries and crashed processes write for a log: long, with times and process ids that differ at every try, now and then
with a password. A status is read by people without rights to Secrets and is written anew whenever its text differs. So the words are
cut to the line that says why, what looks like a secret is taken out, and what only counts or dates is left out.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

REDACTED = "[redacted]"

_MAX_INPUT = 4_096
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")

# ---- secrets

_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|\Z)", re.DOTALL)
_URL_USER = re.compile(r"(?<=://)([^\s/@:\"'<>]{0,128}):[^\s\"'<>]{0,512}@(?!sha256:)")
_SCHEME_TOKEN = re.compile(r"\b(bearer|basic)(\s+)([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
_KEY_VALUE = re.compile(
    r"(?P<key>[\w.-]{0,64}(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|authorization|cookie|credential|private[_-]?key|access[_-]?key)"
    r"[\w.-]{0,64})(?P<mid>[\"']?\s{0,8}[:=]\s{0,8})(?P<value>\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|(?:bearer\s+|basic\s+)?[^\s,;)}\]]+)",
    re.IGNORECASE,
)
_QUOTED_AFTER = re.compile(r"(\b(?:password|passwd|passphrase|token|api key)\b\s+(?:is\s+)?)([\"'])[^\"']+\2", re.IGNORECASE)
_KNOWN_SHAPES = re.compile(
    r"\b(?:eyJ[\w-]{6,}\.[\w-]+\.?[\w-]*|(?:sk|xai|gsk|pk|rk)-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|hf_\w{16,}|AKIA[0-9A-Z]{12,}"
    r"|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,}|SG\.[\w-]{16,}\.[\w-]{16,})"
)
_LONG_RUN = re.compile(r"(?<![\w+=-])[A-Za-z0-9_+=-]{24,}(?![\w+=-])")
_HEX_RUN = re.compile(r"(?<![\w:/@.-])[0-9a-f]{32,}(?![\w-])", re.IGNORECASE)
_ORDINARY_VALUES = frozenset({"yes", "no", "true", "false", "none", "null", "missing", "empty"})
_NO_KEY = re.compile(r"(?:error|exception|failure|failed|warning|_tokens)$|^(?:invalid|expired|missing|unknown)", re.IGNORECASE)


def redact(text: str, known: Iterable[str] = ()) -> str:
    """The text without what looks like a secret, and without each of `known`, however it looks."""
    for secret in known:
        if len(secret) >= 6:
            text = text.replace(secret, REDACTED)
    text = _KEY_BLOCK.sub(REDACTED, text)
    text = _URL_USER.sub(rf"\1:{REDACTED}@", text)
    text = _SCHEME_TOKEN.sub(_without_token, text)
    text = _KEY_VALUE.sub(_without_value, text)
    text = _QUOTED_AFTER.sub(rf"\1{REDACTED}", text)
    text = _KNOWN_SHAPES.sub(REDACTED, text)
    text = _HEX_RUN.sub(REDACTED, text)
    return _LONG_RUN.sub(lambda match: REDACTED if _looks_random(match[0]) else match[0], text)


def _without_token(match: re.Match[str]) -> str:
    # "basic authentication" and "bearer credentials" are plain words
    return match[0] if match[3].isalpha() and match[3].islower() else f"{match[1]}{match[2]}{REDACTED}"


def _without_value(match: re.Match[str]) -> str:
    value = match["value"].strip("\"'")
    if not value or value.lower() in _ORDINARY_VALUES or value.startswith(REDACTED) or _NO_KEY.search(match["key"]):
        return match[0]
    return f"{match['key']}{match['mid']}{REDACTED}"


def _looks_random(run: str) -> bool:
    """Words change between upper case, lower case and digits now and then; a random token does so at every other letter."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "-" for c in run]
    changes = sum(1 for a, b in itertools.pairwise(kinds) if a != b and "-" not in (a, b))
    return {"d", "u", "l"} <= set(kinds) and changes >= len(run) / 4


# ---- one line


def one_line(text: str, limit: int, known: Iterable[str] = ()) -> str:
    """Redacted, without line breaks, colours and control characters, and at most `limit` characters long."""
    # Redacted before it is cut, so that no half of a secret is left at the cut.
    plain = _SPACE.sub(" ", redact(_ANSI.sub("", text[:_MAX_INPUT]), known)).strip()
    plain = plain.encode("utf-8", "replace").decode()
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


# ---- the line of a log that says why

_SAYS_NOTHING = re.compile(
    r"^\W*$|^\(Background on this error|^(?:\w+:\s+)?Application startup failed|^(?:HINT|DETAIL|CONTEXT|STATEMENT):"
    r"|^exit(?:ing|ed)?\b.{0,30}$|^\[?ERROR\]? Aborting|^(?:worker|server) stopped|^(?:LOG:\s*)?database system is shut down|^\[?Note\]?"
    r"|^Traceback \(most recent call last\)|^Shutting down",
    re.IGNORECASE,
)
_SEVERE = re.compile(
    r"\b(?:FATAL|PANIC|CRITICAL|ERROR|panic|fatal|exec format|no such file|cannot|can't|could not)\b|^Error"
    r"|\w(?:Error|Exception|Interrupt|Exit|Fault)\b(?::|$)"
)
_STAMP = re.compile(
    # 2025-11-21 08:00:00.123 UTC [1]  ·  2025-11-21T08:00:00Z  ·  2025-11-21  8:00:00 0 [
    r"^\[?\d{4}[-/]\d{2}[-/]\d{2}[T ]\s?\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?:\s?(?:Z|[A-Z]{3,4}|[+-]\d{2}:?\d{2}))?\]?\s*"
    r"(?:\[\d+\]\s*|\d+ (?=\[))?[-:]?\s*"
    # 1:M 21 Nov 2025 08:00:00.000 #
    r"|^\d+:[A-Z] \d{1,2} \w{3} \d{4} \d{2}:\d{2}:\d{2}\.\d+ [*#.-] "
)
_JSON_TEXT = re.compile(r'"(reason|exception|event|message|msg|level)"\s*:\s*"((?:[^"\\]|\\.)*)"')


def last_words(log: str) -> str:
    """The line of a crashed process's last lines that says why it ended; empty where there is none. Not redacted yet."""
    lines = [_heard(line) for line in _ANSI.sub("", log[-_MAX_INPUT:]).splitlines()]
    telling = [line for line in lines if not _SAYS_NOTHING.search(line.text)]
    for found in ([line for line in telling if line.severe], telling, [line for line in lines if line.text]):
        if found:
            return found[-1].text
    return ""


class _Line(NamedTuple):
    text: str
    severe: bool


def _heard(line: str) -> _Line:
    """A line as a person would say it: no time stamp, and of a JSON line what happened and why."""
    line = line.strip()
    if '"event":' in line or '"message":' in line or '"msg":' in line:
        spoken = _spoken(line)
        if spoken is not None:
            return spoken
    text = _STAMP.sub("", line, count=1).strip()
    return _Line(text, _SEVERE.search(text) is not None)


def _spoken(line: str) -> _Line | None:
    try:
        said: Any = json.loads(line)
    except (ValueError, RecursionError):
        # The kubelet keeps the end of a log: its first line may have lost its head.
        said = {match[1]: match[2].replace("\\n", "\n").replace('\\"', '"') for match in _JSON_TEXT.finditer(line)}
    if not isinstance(said, dict):
        return None
    event = _text(said.get("event") or said.get("message") or said.get("msg"))
    why = _text(said.get("reason")) or last_words(_text(said.get("exception")))
    text = ": ".join(part for part in (event, why) if part)
    return _Line(text, bool(why) or _text(said.get("level")) in ("error", "critical", "fatal")) if text else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# ---- news or not

_NUMBER = re.compile(r"(?<!exit code )(?<!\d)\d+")
_IMAGE = re.compile(r'image "[^"]*"')
_EPHEMERAL = re.compile(r"\b(?:read|write) (?:tcp|udp) \S+->\S+: ")


def without_passing(text: str) -> str:
    """Without what differs at every try although nothing changed: the caller's own port in a network error."""
    return _EPHEMERAL.sub("", text)


def same_but_numbers(one: str, other: str) -> bool:
    """Whether two texts differ in numbers only: times, counts, ports, ids. The names of images and exit codes do count."""
    return _NUMBER.sub("#", one) == _NUMBER.sub("#", other) and _IMAGE.findall(one) == _IMAGE.findall(other)


def listed(items: Sequence[str], *, most: int = 4, name: Callable[[str], str] = str) -> str:
    """`a, b and 3 more`."""
    shown = [name(item) for item in items[:most]]
    rest = len(items) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
