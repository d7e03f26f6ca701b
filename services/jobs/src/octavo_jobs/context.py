"""What a handler may say while it works: progress, tokens, and whether anyone still wants the result."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import orjson

from octavo_core.clock import Clock, SystemClock
from octavo_jobs.events import Event, EventPublisher
from octavo_jobs.lifecycle import Job

TOKENS_EVERY_S = 0.05
"""Pieces of text that come within this time of the last event go out as one; the first one goes at once."""
TOKEN_BUFFER_CHARS = 65_536


class JobContext:
    """For one attempt. `token` and `is_ended` may be called from any thread, the rest on the loop. After the attempt's end
    all of it is ignored, so that an engine that notices late does no harm."""

    def __init__(self, job: Job, publisher: EventPublisher, clock: Clock | None = None) -> None:
        self.job = job
        self._clock = clock or SystemClock()
        self._publisher = publisher
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._ended = threading.Event()
        self._seq = 0
        self._pieces: list[str] = []
        self._buffered = 0
        self._flushed_at = -TOKENS_EVERY_S
        self._flush_timer: asyncio.TimerHandle | None = None
        self.progress_json: str | None = None
        """The latest progress, for the row; written with the next renewal of the lease."""

    @property
    def is_ended(self) -> bool:
        """True once nobody wants the result any more: cancelled, timed out, or lease lost."""
        return self._ended.is_set()

    def end(self) -> None:
        self._ended.set()

    def progress(self, stage: str, fraction: float | None = None, **data: Any) -> None:
        """An honest stage in a few words, and how far it is (0..1) where that is known."""
        if self.is_ended:
            return
        body = {"status": "running", "stage": stage, **data}
        if fraction is not None:
            body["fraction"] = round(min(max(fraction, 0.0), 1.0), 4)
        self.progress_json = orjson.dumps(body).decode()
        self._send("job.progress", body)

    def token(self, text: str) -> None:
        """A piece of the text being generated; pieces joined in the order of `seq` are the text so far."""
        if self.is_ended:
            return
        if threading.get_ident() == self._thread:
            # At once: put off, a handler's last word would come after the flush that precedes the job's end.
            self._add_piece(text)
        else:
            self._loop.call_soon_threadsafe(self._add_piece, text)

    def flush(self) -> None:
        """Everything said before is in the publisher's hands, ahead of the job's end."""
        self._flush_pieces(force=True)

    def _add_piece(self, text: str) -> None:
        self._pieces.append(text)
        self._buffered += len(text)
        wait_s = self._flushed_at + TOKENS_EVERY_S - self._loop.time()
        if self._buffered >= TOKEN_BUFFER_CHARS or (wait_s <= 0 and self._flush_timer is None):
            self._flush_pieces()
        elif self._flush_timer is None:
            self._flush_timer = self._loop.call_later(wait_s, self._flush_pieces)

    def _flush_pieces(self, *, force: bool = False) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        self._flushed_at = self._loop.time()
        text = "".join(self._pieces)
        self._pieces, self._buffered = [], 0
        if text and (force or not self.is_ended):
            self._send("job.token", {"text": text})

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        self._seq += 1
        body = {**data, "seq": self._seq, "attempt": self.job.attempt, "correlation_id": self.job.correlation_id}
        job = self.job
        self._publisher.publish(Event(kind, job.id, job.queue, job.owner, job.version, self._clock.now_ms(), body, transition=False))
