"""Who writes at which step, where, and what is not computed twice."""

from __future__ import annotations

import random

import pytest
from tests.unit.generation.engines.batching.counting_decoder import CountingDecoder, continued, following

from octavo_generation.engines.batching.scheduler import Keep, Plan, Scheduler, Share, Text


def scheduler_of(decoder: CountingDecoder, worth_copying: int = 8) -> Scheduler:
    return Scheduler(slots=decoder.slots, slot_tokens=decoder.slot_tokens, step_tokens=decoder.step_tokens, worth_copying=worth_copying)


def do(scheduler: Scheduler, decoder: CountingDecoder) -> Plan:
    """One step; greedy."""
    plan = scheduler.plan()
    for move in plan.moves:
        if isinstance(move, Keep):
            decoder.keep(move.slot, move.tokens)
        else:
            decoder.share(move.source, move.target, move.tokens)
    if plan.chunks:
        rows = decoder.step(plan.chunks)
        for text, row in zip(plan.texts, rows, strict=True):
            if not scheduler.append(text, int(row.argmax())):
                scheduler.end(text)
    return plan


def run(scheduler: Scheduler, decoder: CountingDecoder) -> None:
    for _ in range(10_000):
        if scheduler.idle:
            return
        do(scheduler, decoder)
    raise AssertionError("it does not come to an end")


@pytest.mark.parametrize("seed", range(25))
def test_whatever_comes_when_every_text_is_what_it_would_be_alone(seed: int) -> None:
    rng = random.Random(seed)
    decoder = CountingDecoder(slots=rng.randint(1, 6), slot_tokens=60, step_tokens=rng.randint(6, 40))
    scheduler = scheduler_of(decoder, worth_copying=rng.choice((4, 12, 100)))
    beginnings = [[rng.randint(1, 90) for _ in range(rng.randint(1, 30))] for _ in range(3)]
    texts, cancelled = [], set()
    for _ in range(60):
        if rng.random() < 0.6:
            prompt = rng.choice(beginnings)[: rng.randint(1, 30)] + [rng.randint(1, 90) for _ in range(rng.randint(0, 9))]
            text = Text(rng.choice("abc"), list(prompt), rng.randint(1, 20))
            scheduler.submit(text)
            texts.append((list(prompt), text))
        if texts and rng.random() < 0.1:
            victim = rng.choice(texts)[1]
            if victim.written < victim.limit:
                cancelled.add(id(victim))
            scheduler.end(victim)
        do(scheduler, decoder)
    run(scheduler, decoder)
    for prompt, text in texts:
        written = text.tokens[len(prompt) :]
        expected = continued(prompt, text.limit)
        assert written == (expected[: len(written)] if id(text) in cancelled else expected)


def test_a_text_joins_those_that_write_at_the_next_step() -> None:
    decoder = CountingDecoder()
    scheduler = scheduler_of(decoder)
    scheduler.submit(Text("a", [1, 2, 3], 10))
    do(scheduler, decoder)
    do(scheduler, decoder)
    scheduler.submit(Text("b", [4, 5], 10))
    plan = do(scheduler, decoder)

    assert [(chunk.slot, len(chunk.tokens)) for chunk in plan.chunks] == [(0, 1), (1, 2)]


def test_a_long_prompt_goes_in_pieces_and_stops_nobody() -> None:
    decoder = CountingDecoder(step_tokens=8)
    scheduler = scheduler_of(decoder)
    writing = Text("a", [1], 30)
    scheduler.submit(writing)
    do(scheduler, decoder)
    scheduler.submit(Text("b", list(range(1, 31)), 3))
    sizes = []
    while len(sizes) < 5:
        before = writing.written
        plan = do(scheduler, decoder)
        assert writing.written == before + 1
        sizes.append(sum(len(chunk.tokens) for chunk in plan.chunks))
    assert sizes == [8, 8, 8, 8, 3], "7 of the prompt with 1 of the text, and the rest"


def test_owners_take_turns() -> None:
    decoder = CountingDecoder(slots=1)
    scheduler = scheduler_of(decoder)
    first = [Text("many", [1], 1) for _ in range(5)]
    for text in first:
        scheduler.submit(text)
    one = Text("one", [2], 1)
    scheduler.submit(one)
    do(scheduler, decoder)
    do(scheduler, decoder)

    assert one.written == 1
    assert [text.written for text in first] == [1, 0, 0, 0, 0]


def test_a_cancelled_text_gives_its_slot_to_the_next_step() -> None:
    decoder = CountingDecoder(slots=1)
    scheduler = scheduler_of(decoder)
    long, waiting, gone = Text("a", [1], 50), Text("a", [2], 5), Text("a", [3], 5)
    for text in (long, gone, waiting):
        scheduler.submit(text)
    do(scheduler, decoder)
    scheduler.end(gone)
    scheduler.end(long)
    plan = do(scheduler, decoder)

    assert plan.texts == (waiting,)
    assert gone.written == 0


def test_the_same_beginning_is_computed_once() -> None:
    decoder = CountingDecoder(slots=2, step_tokens=60)
    scheduler = scheduler_of(decoder)
    beginning = list(range(1, 31))
    scheduler.submit(Text("a", [*beginning, 40], 2))
    run(scheduler, decoder)
    before = decoder.computed
    again = Text("b", [*beginning, 50], 2)
    scheduler.submit(again)
    run(scheduler, decoder)

    assert again.reused == 30
    assert decoder.computed - before == 2, "the last of the prompt and the first that was written"
    assert again.tokens[31:] == continued([*beginning, 50], 2)


def test_a_beginning_that_another_text_has_is_copied_while_that_writes() -> None:
    decoder = CountingDecoder(slots=3, step_tokens=60)
    scheduler = scheduler_of(decoder, worth_copying=10)
    beginning = list(range(1, 31))
    scheduler.submit(Text("a", [*beginning, 40], 20))
    do(scheduler, decoder)
    same, short = Text("b", [*beginning, 50], 20), Text("b", [*beginning[:6], 51], 20)
    scheduler.submit(same)
    scheduler.submit(short)
    plan = do(scheduler, decoder)

    assert Share(0, 1, 30) in plan.moves
    assert (same.reused, short.reused) == (30, 0), "six tokens are not worth a copy"


def test_texts_move_together_when_nobody_waits() -> None:
    decoder = CountingDecoder(slots=4)
    scheduler = scheduler_of(decoder)
    texts = [Text("a", [number], 1 if number in (1, 2) else 40) for number in range(1, 5)]
    for text in texts:
        scheduler.submit(text)
    for _ in range(4):
        do(scheduler, decoder)

    assert sorted(text.slot for text in texts if text.written < text.limit and text.slot >= 0 and text in texts[2:]) == [0, 1]
    run(scheduler, decoder)
    assert [text.tokens[1:] for text in texts] == [continued([number], text.limit) for number, text in enumerate(texts, 1)]


def test_after_a_failed_step_nothing_is_taken_for_held() -> None:
    decoder = CountingDecoder(slots=2, step_tokens=60)
    scheduler = scheduler_of(decoder)
    beginning = list(range(1, 31))
    lost = Text("a", [*beginning, 1], 9)
    scheduler.submit(lost)
    do(scheduler, decoder)

    assert scheduler.forget() == [lost]
    for slot in range(2):
        decoder.keep(slot, 0)
    again = Text("a", [*beginning, 2], 3)
    scheduler.submit(again)
    run(scheduler, decoder)
    assert again.reused == 0
    assert again.tokens[31:] == continued([*beginning, 2], 3)


def test_what_fits_in_no_slot_is_refused() -> None:
    scheduler = scheduler_of(CountingDecoder(slot_tokens=64))
    for tokens, limit in (([1] * 60, 5), ([], 5), ([1], 0)):
        with pytest.raises(ValueError, match="not for a slot"):
            scheduler.submit(Text("a", tokens, limit))
    assert scheduler.idle


def test_the_decoder_of_these_tests_tells_texts_apart() -> None:
    assert len({following([1, 2, 3]), following([3, 2, 1]), following([1, 2, 4])}) == 3
