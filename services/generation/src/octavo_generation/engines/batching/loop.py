"""The loop of the one thread that owns a decoder: takes what was asked for, and steps as long as anyone writes.

`submit` may be called from any thread. What an order's functions are called with comes from the loop's thread: `on_token` with each new
piece of text, then exactly one of `on_done` and `on_failed`. `is_ended` is asked once a step; a text of which it is true gives its slot
up before the next one. A step that fails is the end of the texts that took part in it, and of no others; the loop goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from octavo_core.errors import EngineError, Unavailable
from octavo_generation.engines.batching.decoder import Decoder
from octavo_generation.engines.batching.sampling import Choosing, choose
from octavo_generation.engines.batching.scheduler import Keep, Plan, Scheduler, Text
from octavo_generation.engines.batching.writing import Writing
from octavo_generation.engines.port import FinishReason, Generation, Sampling

log = structlog.get_logger(__name__)


_AWAY = "the model is being put away"


class Vocabulary(Protocol):
    """From any thread, at once."""

    def piece(self, token: int) -> bytes:
        """The bytes of the text that a token stands for; none for a control token."""
        ...

    def ends(self, token: int) -> bool:
        """Whether a text is over with it."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """`tokens` begin the text. Those and `sampling.max_tokens` fit into a slot, and neither is nothing."""

    owner: str
    tokens: Sequence[int]
    sampling: Sampling
    language: str | None
    on_token: Callable[[str], None]
    is_ended: Callable[[], bool]
    on_done: Callable[[Generation], None]
    on_failed: Callable[[BaseException], None]


@dataclass(slots=True)
class _Underway:
    order: Order
    choosing: Choosing
    text: Writing = field(default_factory=Writing)


class BatchLoop:
    def __init__(self, decoder: Decoder, vocabulary: Vocabulary) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._scheduler = Scheduler(slots=decoder.slots, slot_tokens=decoder.slot_tokens, step_tokens=decoder.step_tokens)
        self._texts: dict[Text, _Underway] = {}
        self._inbox: list[Order] = []
        self._stopping = False
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._over.set()

    def submit(self, order: Order) -> None:
        with self._changed:
            if not self._stopping:
                self._inbox.append(order)
                self._changed.notify()
                return
        order.on_failed(Unavailable(_AWAY))

    def stop(self) -> None:
        """Returns when `run` has; what was being written has failed with `Unavailable`."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._over.wait()

    def run(self) -> None:
        """Blocks its thread, which owns the decoder from here on, until `stop`; once."""
        self._over.clear()
        try:
            self._step_until_stopped()
        except Exception:
            log.exception("the batcher has ended; what it wrote has failed")
        finally:
            with self._changed:
                self._stopping = True
                orders, self._inbox = self._inbox, []
            for order in orders:
                order.on_failed(Unavailable(_AWAY))
            for text in list(self._texts):
                self._fail(text, Unavailable(_AWAY))
            self._over.set()

    def _step_until_stopped(self) -> None:
        while self._take_orders():
            for text, writing in list(self._texts.items()):
                if writing.order.is_ended():
                    self._finish(text, "cancelled")
            plan = self._scheduler.plan()
            if plan.chunks:
                self._step(plan)

    def _take_orders(self) -> bool:
        """Waits where there is nothing to do. False once the loop shall end."""
        with self._changed:
            while not self._inbox and self._scheduler.idle and not self._stopping:
                self._changed.wait()
            orders, self._inbox = self._inbox, []
            stopping = self._stopping
        for order in orders:
            text = Text(order.owner, list(order.tokens), order.sampling.max_tokens)
            self._texts[text] = _Underway(order, Choosing(order.sampling, set(order.tokens)))
            try:
                self._scheduler.submit(text)
            except ValueError as error:
                self._fail(text, EngineError(str(error)))
        return not stopping

    def _step(self, plan: Plan) -> None:
        try:
            for move in plan.moves:
                if isinstance(move, Keep):
                    self._decoder.keep(move.slot, move.tokens)
                else:
                    self._decoder.share(move.source, move.target, move.tokens)
            logits = self._decoder.step(plan.chunks)
            tokens = choose(logits, [self._texts[text].choosing for text in plan.texts]) if plan.texts else []
        except Exception as error:
            log.exception("a step of the model failed", texts=self._scheduler.writing)
            self._recover(error)
            return
        for text, token in zip(plan.texts, tokens, strict=True):
            try:
                self._append(text, token)
            except Exception as error:
                # The caller's own: what its functions raise is nobody else's concern.
                self._fail(text, error)

    def _recover(self, error: Exception) -> None:
        for text in self._scheduler.forget():
            self._fail(text, error)
        for slot in range(self._decoder.slots):
            self._decoder.keep(slot, 0)

    def _append(self, text: Text, token: int) -> None:
        if self._vocabulary.ends(token):
            self._finish(text, "stop")
            return
        writing = self._texts[text]
        goes_on = self._scheduler.append(text, token)
        if piece := writing.text.feed(self._vocabulary.piece(token)):
            writing.order.on_token(piece)
        if not goes_on:
            self._finish(text, "length")

    def _finish(self, text: Text, reason: FinishReason) -> None:
        self._scheduler.end(text)
        writing = self._texts.pop(text)
        order = writing.order
        try:
            order.on_done(Generation(writing.text.whole, text.prompt, text.written, reason, order.language))
        except Exception as error:
            order.on_failed(error)

    def _fail(self, text: Text, error: BaseException) -> None:
        self._scheduler.end(text)
        self._texts.pop(text).order.on_failed(error)
