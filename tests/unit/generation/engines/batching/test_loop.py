"""The thread that steps: texts join while others write, leave when they are cancelled, fail alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.generation.engines.batching.counting_decoder import CountingDecoder, continued

from octavo_core.errors import EngineError, Unavailable
from octavo_generation.engines.batching.decoder import Chunk
from octavo_generation.engines.batching.loop import BatchLoop, Order
from octavo_generation.engines.port import Generation, Sampling

END = 96


class GatedDecoder(CountingDecoder):
    """Stands still before a step while its gate is closed."""

    def __init__(self, slots: int = 4) -> None:
        super().__init__(slots)
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def step(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        self.entered.set()
        assert self.gate.wait(20)
        return super().step(chunks)


class Letters:
    def piece(self, token: int) -> bytes:
        return f"{token} ".encode()

    def ends(self, token: int) -> bool:
        return token == END


@dataclass
class Listener:
    pieces: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    result: Generation | BaseException | None = None

    def order(self, tokens: Sequence[int], limit: int, owner: str = "a", on_token: Callable[[str], None] | None = None) -> Order:
        return Order(
            owner=owner,
            tokens=tokens,
            sampling=Sampling(max_tokens=limit, temperature=0, repetition_penalty=1.0),
            language=None,
            on_token=on_token or self.pieces.append,
            is_ended=self.ended.is_set,
            on_done=self._end,
            on_failed=self._end,
        )

    def _end(self, result: Generation | BaseException) -> None:
        assert self.result is None, "told twice"
        self.result = result
        self.over.set()

    def generation(self) -> Generation:
        assert self.over.wait(20)
        assert isinstance(self.result, Generation), self.result
        return self.result


@pytest.fixture
def decoder() -> GatedDecoder:
    return GatedDecoder()


@pytest.fixture
def loop(decoder: GatedDecoder) -> Iterator[BatchLoop]:
    loop = BatchLoop(decoder, Letters())
    threading.Thread(target=loop.run, daemon=True).start()
    yield loop
    decoder.gate.set()
    loop.stop()


def written(prompt: Sequence[int], limit: int) -> str:
    tokens = continued(prompt, limit)
    if END in tokens:
        tokens = tokens[: tokens.index(END)]
    return "".join(f"{token} " for token in tokens)


def test_many_texts_at_once_are_each_their_own(loop: BatchLoop) -> None:
    listeners = [Listener() for _ in range(30)]
    for number, listener in enumerate(listeners):
        loop.submit(listener.order([number + 1, 3], 12, owner=str(number % 3)))
    for number, listener in enumerate(listeners):
        generation = listener.generation()
        assert generation.text == "".join(listener.pieces) == written([number + 1, 3], 12)
        assert (generation.prompt_tokens, generation.finish_reason) in ((2, "length"), (2, "stop"))


def test_one_that_comes_later_is_done_before_one_that_is_long(loop: BatchLoop, decoder: GatedDecoder) -> None:
    long, short = Listener(), Listener()
    order: list[str] = []
    loop.submit(long.order([5], 60, on_token=lambda _: order.append("long")))
    decoder.gate.clear()
    decoder.entered.clear()
    loop.submit(short.order([6], 2, on_token=lambda _: order.append("short")))
    decoder.gate.set()
    short.generation()
    long.generation()
    assert order.index("short") < len(order) - 5


def test_a_cancelled_text_ends_at_the_next_step(loop: BatchLoop, decoder: GatedDecoder) -> None:
    gone, stays = Listener(), Listener()
    heard = threading.Event()

    def hear(piece: str) -> None:
        gone.pieces.append(piece)
        gone.ended.set()
        heard.set()

    loop.submit(gone.order([5], 60, on_token=hear))
    loop.submit(stays.order([7], 30))
    generation = gone.generation()
    assert (generation.finish_reason, generation.completion_tokens) == ("cancelled", 1)
    assert stays.generation().text == written([7], 30)


def test_a_step_that_breaks_fails_those_who_wrote_and_the_loop_goes_on(loop: BatchLoop, decoder: GatedDecoder) -> None:
    decoder.gate.clear()
    lost = Listener()
    loop.submit(lost.order([5], 60))
    assert decoder.entered.wait(20)
    decoder.fail_next = True
    decoder.gate.set()
    assert lost.over.wait(20)
    assert isinstance(lost.result, EngineError)
    after = Listener()
    loop.submit(after.order([5], 8))
    assert after.generation().text == written([5], 8)


def test_a_caller_that_raises_hurts_itself_alone(loop: BatchLoop) -> None:
    class Gone(Exception): ...

    def raises(_piece: str) -> None:
        raise Gone

    hurt, other = Listener(), Listener()
    loop.submit(hurt.order([5], 10, on_token=raises))
    loop.submit(other.order([6], 10))
    assert hurt.over.wait(20)
    assert isinstance(hurt.result, Gone)
    assert other.generation().text == written([6], 10)


def test_what_fits_in_no_slot_fails_with_a_reason(loop: BatchLoop) -> None:
    listener = Listener()
    loop.submit(listener.order([1] * 80, 5))
    assert listener.over.wait(20)
    assert isinstance(listener.result, EngineError)


def test_stopping_ends_everything_once(decoder: GatedDecoder) -> None:
    loop = BatchLoop(decoder, Letters())
    threading.Thread(target=loop.run, daemon=True).start()
    decoder.gate.clear()
    writing, waiting, late = Listener(), Listener(), Listener()
    loop.submit(writing.order([5], 60))
    assert decoder.entered.wait(20)
    loop.submit(waiting.order([6], 60))
    stopping = threading.Thread(target=loop.stop)
    stopping.start()
    decoder.gate.set()
    stopping.join(20)
    assert not stopping.is_alive()
    loop.submit(late.order([7], 5))
    for listener in (writing, late):
        assert listener.over.wait(20)
        assert isinstance(listener.result, Unavailable)


def test_stopping_before_the_start_is_no_harm(decoder: GatedDecoder) -> None:
    BatchLoop(decoder, Letters()).stop()
