"""How Kubernetes, and the processes in its pods, spell that something fails. Everything that depends on somebody's wording is here."""

from __future__ import annotations

import re

from octavo_operator.resource import ContainerState, Pod
from octavo_operator.words import last_words

PULL_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable"}
)
_PULL_PREFIX = re.compile(
    r'^(?:(?:Back-off pulling|Failed to pull|failed to pull and unpack) image "[^"]*"(?:: )?|ErrImagePull: |rpc error: code = \w+ desc = )+'
)
_NOT_NEEDED = frozenset({"PodDisruptionBudget", "Ingress", "HTTPRoute", "ServiceMonitor", "PodMonitor", "NetworkPolicy", "EndpointSlice"})
_MISSED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(pattern, re.IGNORECASE))
    for reason, pattern in (
        # The database first: where both are missed, Redis is the lesser loss.
        (
            "DatabaseLoginRefused",
            r"InvalidPassword|InvalidAuthorization|password authentication failed|access denied for user|pg_hba\.conf|refuses the login",
        ),
        ("DatabaseMissing", r"InvalidCatalogName|database \S+ does not exist|unknown database"),
        ("DatabaseForbidden", r"InsufficientPrivilege|permission denied for (?:schema|table|database|relation)|command denied to user"),
        (
            "DatabaseUnreachable",
            r"(?:cannot reach|waiting for) (?:postgres|mysql|mariadb)|database of jobs (?:does not answer|is too busy)"
            r"|can't connect to (?:mysql|mariadb|local)|could not (?:connect to server|translate host name)"
            r"|(?:asyncpg|asyncmy|aiomysql|pymysql|psycopg)\S*\.\w*(?:Connection|Operational|Interface)",
        ),
        ("RedisLoginRefused", r"WRONGPASS|NOAUTH|NOPERM|redis[^\n]{0,80}(?:AuthenticationError|invalid username-password)"),
        ("RedisUnreachable", r"cannot reach redis|redis does not answer|waiting for redis|redis\.exceptions\.\w*(?:Connection|Timeout)"),
    )
)


def pull_words(waiting_message: str) -> str:
    """What the registry, or the way to it, said; empty where the kubelet only says that it waits for its next try."""
    return _PULL_PREFIX.sub("", waiting_message)


def missed_store(words: str) -> str | None:
    """Which store a process misses and how, by what it says: a condition's reason; None when it says something else."""
    return next((reason for reason, pattern in _MISSED if pattern.search(words)), None)


def crashes(container: ContainerState) -> bool:
    """Ended again and again; one that ended once, in the turmoil of a start, has another try first.

    Our own processes wait long for their stores before they end: when they say that they miss one, once is enough.
    """
    if container.waiting_reason == "CrashLoopBackOff":
        return True
    if container.ready or not container.exit_reason:
        return False
    if container.exit_reason == "OOMKilled" or container.restarts >= 2:
        # Between two back-offs it runs for a moment: the failure is the same one.
        return True
    return container.exit_code not in (None, 0) and missed_store(last_words(container.exit_message)) is not None


def waits_for_claim(pod: Pod) -> bool:
    """Whether the scheduler waits for a volume claim of the pod."""
    return "persistentvolumeclaim" in pod.unschedulable.lower() or "volume" in pod.unschedulable.lower()


def needed(kind: str) -> bool:
    """Whether requests need an object of this kind."""
    return kind not in _NOT_NEEDED


def immutable(words: str) -> bool:
    """Whether an API server refuses a change because the field can never change."""
    return "immutable" in words or "fields other than" in words


def camel(reason: str) -> str:
    """A controller's reason, in the form that a condition takes."""
    letters = re.sub(r"[^A-Za-z0-9]", "", reason)
    return letters[:128] if letters[:1].isalpha() else "ControllerTrouble"
