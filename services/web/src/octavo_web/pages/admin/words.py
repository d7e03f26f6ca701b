"""Words of the administration that stand in no template. English here; `N_` marks what a catalogue must translate."""

from __future__ import annotations

from collections.abc import Mapping

from octavo_web.pages.wording import N_

STATES: Mapping[str, tuple[str, str]] = {
    "healthy": (N_("healthy"), "good"),
    "unhealthy": (N_("unhealthy"), "bad"),
    "unreachable": (N_("unreachable"), "bad"),
    "idle": (N_("idle"), ""),
    "waiting": (N_("waiting"), "warm"),
    "working": (N_("at work"), "good"),
    "sleeping": (N_("asleep"), ""),
    "progressing": (N_("changing"), "warm"),
    "degraded": (N_("degraded"), "warm"),
    "unavailable": (N_("not available"), "bad"),
    "starting": (N_("starting"), "warm"),
    "queued": (N_("in the queue"), "warm"),
    "running": (N_("running"), "good"),
    "succeeded": (N_("done"), "good"),
    "failed": (N_("failed"), "bad"),
    "cancelled": (N_("cancelled"), ""),
    "active": (N_("active"), "good"),
    "suspended": (N_("suspended"), "bad"),
    "deleting": (N_("being deleted"), "warm"),
    "ok": (N_("done"), "good"),
    "refused": (N_("refused"), "bad"),
    "throttled": (N_("held back"), "warm"),
    "user": (N_("user"), ""),
    "admin": (N_("admin"), "good"),
}
"""By the API's own word: what people read, and the tone of its tag."""

LEVELS: Mapping[str, str] = {
    "debug": "",
    "info": "",
    "warning": "warm",
    "warn": "warm",
    "error": "bad",
    "exception": "bad",
    "critical": "bad",
}
"""Levels of log lines, which are the same in every language, and the tone of their tags."""

LABELS: Mapping[str, str] = {
    "state": N_("State"),
    "generator": N_("Generator or lane"),
    "user": N_("Id of a person"),
    "accepted_from": N_("Accepted from (UTC)"),
    "accepted_before": N_("Accepted before (UTC)"),
    "q": N_("Name, address or number"),
    "role": N_("Role"),
    "status": N_("Account"),
    "service": N_("Service, process or generator"),
    "level": N_("Level, at least"),
    "correlation_id": N_("Correlation id"),
    "text": N_("Text"),
    "since": N_("From (UTC)"),
    "until": N_("Before (UTC)"),
    "action": N_("What was done"),
    "outcome": N_("How it ended"),
    "limit": N_("How many, at most"),
    "confirm": N_("Type it here"),
    "cursor": N_("Page"),
}
"""Of the fields that lists are narrowed by."""

REFUSALS: frozenset[str] = frozenset(
    {
        # As the admin API, auth and these pages say it, to the letter.
        N_("there is no such job"),
        N_("there is no such user"),
        N_("only a failed or cancelled job can be run again"),
        N_("the job has ended (succeeded)"),
        N_("the job has ended (failed)"),
        N_("the job has ended (cancelled)"),
        N_("this is the last admin; make somebody else one first"),
        N_("is no moment such as 2026-11-28T13:00"),
        N_("is none of those that can be chosen"),
        N_("cannot be one"),
        N_("is a number from 1 to 500"),
        N_("is not the same"),
        N_("admin does not answer (ClientConnectorError)"),
        N_("admin does not answer (TimeoutError)"),
    }
)

SAID: frozenset[str] = REFUSALS | frozenset(LABELS.values())
"""What pages may be given to say in the visitor's language."""
