"""One loaded engine, fed by many jobs: batches, stages, cancelled jobs, failures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from octavo_core.errors import EngineError
from octavo_generation.engines.hosting import EngineHost
from octavo_generation.engines.port import EngineProfile, Generation, TextRequest


class EchoEngine:
    """Meets the port; echoes prompts letter by letter, and waits in a batch for its gate."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.loads = 0
        self.load_failures = 0
        self.unloaded = False
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def load(self, on_stage: Callable[[str], None]) -> EngineProfile:
        self.loads += 1
        on_stage("reading")
        if self.load_failures:
            self.load_failures -= 1
            raise EngineError("the model is broken")
        return EngineProfile("echo", "file:///echo", ("en",), 100, max_batch=3, deterministic=True)

    def generate(
        self, batch: Sequence[TextRequest], on_token: Callable[[int, str], None], cancelled: Callable[[int], bool]
    ) -> list[Generation]:
        self.batches.append([request.prompt for request in batch])
        self.entered.set()
        assert self.gate.wait(10)
        answers = []
        for index, request in enumerate(batch):
            if request.prompt == "break":
                raise EngineError("the engine broke")
            if cancelled(index):
                answers.append(Generation("", 1, 0, "cancelled"))
                continue
            for letter in request.prompt:
                on_token(index, letter)
            answers.append(Generation(request.prompt, 1, len(request.prompt), "stop"))
        return answers

    def unload(self) -> None:
        self.unloaded = True


@pytest.fixture
def engine() -> EchoEngine:
    return EchoEngine()


@pytest.fixture
async def host(engine: EchoEngine) -> AsyncIterator[EngineHost]:
    host = EngineHost(lambda: engine)
    yield host
    engine.gate.set()
    await host.close()


def ask(host: EngineHost, prompt: str, tokens: list[str] | None = None, ended: threading.Event | None = None) -> asyncio.Task[Generation]:
    heard = [] if tokens is None else tokens
    generating = host.generate(TextRequest(prompt), owner="someone", on_token=heard.append, is_ended=(ended or threading.Event()).is_set)
    return asyncio.create_task(generating)


async def test_it_loads_once_and_tells_all_who_wait(host: EngineHost, engine: EchoEngine) -> None:
    stages: list[str] = []
    others: list[str] = []
    profiles = await asyncio.gather(host.profile(stages.append), host.profile(others.append), host.profile(others.append))
    assert engine.loads == 1
    assert len(set(profiles)) == 1
    assert stages == ["reading"]
    assert others == ["reading"] * 2


async def test_a_load_that_failed_is_tried_again_by_the_next(host: EngineHost, engine: EchoEngine) -> None:
    engine.load_failures = 1
    with pytest.raises(EngineError):
        await host.profile(lambda _: None)
    assert (await host.profile(lambda _: None)).name == "echo"
    assert engine.loads == 2


async def test_who_leaves_during_the_load_does_not_stop_it_for_others(host: EngineHost, engine: EchoEngine) -> None:
    leaving = asyncio.create_task(host.profile(lambda _: None))
    staying = asyncio.create_task(host.profile(lambda _: None))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).name == "echo"
    assert engine.loads == 1


async def test_what_comes_while_it_works_goes_together_up_to_what_it_takes(host: EngineHost, engine: EchoEngine) -> None:
    await host.profile(lambda _: None)
    engine.gate.clear()
    first = ask(host, "first")
    await asyncio.to_thread(engine.entered.wait, 10)
    tokens: dict[str, list[str]] = {prompt: [] for prompt in ("a1", "b2", "c3", "d4")}
    rest = [ask(host, prompt, heard) for prompt, heard in tokens.items()]
    await asyncio.sleep(0)
    engine.gate.set()
    answers = [(await task).text for task in (first, *rest)]
    assert answers == ["first", "a1", "b2", "c3", "d4"]
    assert engine.batches == [["first"], ["a1", "b2", "c3"], ["d4"]]
    assert {prompt: "".join(heard) for prompt, heard in tokens.items()} == {prompt: prompt for prompt in tokens}


async def test_who_left_while_waiting_takes_no_place(host: EngineHost, engine: EchoEngine) -> None:
    await host.profile(lambda _: None)
    engine.gate.clear()
    first = ask(host, "first")
    await asyncio.to_thread(engine.entered.wait, 10)
    left, stayed = ask(host, "left"), ask(host, "stayed")
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.sleep(0)
    engine.gate.set()
    assert (await stayed).text == "stayed"
    assert engine.batches == [["first"], ["stayed"]]
    await first


async def test_a_job_that_has_ended_stops_in_the_engine(host: EngineHost, engine: EchoEngine) -> None:
    await host.profile(lambda _: None)
    ended = threading.Event()
    ended.set()
    assert (await ask(host, "x", ended=ended)).finish_reason == "cancelled"


async def test_a_batch_that_breaks_fails_its_own_and_no_other(host: EngineHost, engine: EchoEngine) -> None:
    await host.profile(lambda _: None)
    with pytest.raises(EngineError, match="the engine broke"):
        await ask(host, "break")
    assert (await ask(host, "after")).text == "after"


async def test_closing_unloads(engine: EchoEngine) -> None:
    host = EngineHost(lambda: engine)
    await host.close()
    assert not engine.unloaded, "it was never loaded"
    host = EngineHost(lambda: engine)
    await host.profile(lambda _: None)
    await host.close()
    assert engine.unloaded
