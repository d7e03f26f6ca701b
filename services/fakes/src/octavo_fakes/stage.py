"""What every call goes through, whichever vendor is asked: `Endpoint`.

In this order: down, body, key, rule (rate limit, hang, latency, status), the vendor's own answer, and its sending (pace, cut). The
hot path of a call without rules is one pass through here with no task, no thread and no copy of the body.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import orjson
from starlette.types import Receive, Scope, Send

from octavo_fakes.answer import JSON, Answer, Headers, Stream, header
from octavo_fakes.call import BodyTooLarge, Call, CallerLeft, WireFault
from octavo_fakes.journal import Journal
from octavo_fakes.pictures import Pictures
from octavo_fakes.playbook import Allowance, Playbook, Standing, now
from octavo_fakes.script import Rule
from octavo_fakes.tasks import Tasks

log = logging.getLogger(__name__)

SAMPLE: Headers = ((b"x-octavo-sample", b"true"),)
"""On every answer: what a careful client can look at."""
_DOWN = Answer(503, b"no healthy upstream", ((b"content-type", b"text/plain"),))
_WATCHED_FROM_S = 0.2
"""Shorter waits are slept through; in longer ones a caller who leaves is noticed at once."""


class Vendor(Protocol):
    """What differs between vendors at every endpoint."""

    name: str

    def check_key(self, call: Call) -> None:
        """Raises `WireFault` for a key that is missing or wrong."""
        ...

    def error(self, fault: WireFault, call: Call) -> Answer:
        """In this vendor's shape; the type and code that go with the status where the fault has none."""
        ...

    def headers(self, allowance: Allowance | None) -> Headers:
        """That go with every answer; the vendor's own of its rate limits among them."""
        ...


@dataclass(slots=True)
class Asked(Call):
    """A call at an endpoint, which knows where in it model and prompt are."""

    read_model: Callable[[Asked], str] = field(default=lambda call: "")
    read_prompt: Callable[[Asked], str] = field(default=lambda call: "")

    @property
    def model(self) -> str:
        return _quietly(self.read_model, self)

    @property
    def prompt(self) -> str:
        return _quietly(self.read_prompt, self)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a vendor answers: the call, and what the rule wants said."""

    call: Asked
    text: str | None = None
    refusal: Literal["error", "answer"] | bool = False
    takes_s: float = 0.0
    """How long a task shall take that is begun with this call."""


Handler = Callable[[Turn], Awaitable[Answer | Stream]]


@dataclass(slots=True)
class House:
    """What is shared by all vendors in one process."""

    latency: Mapping[str, float]
    playbook: Playbook = field(default_factory=Playbook)
    journal: Journal = field(default_factory=Journal)
    pictures: Pictures = field(default_factory=Pictures)
    tasks: Tasks = field(default_factory=Tasks)


class Endpoint:
    """An ASGI application: one operation of one vendor. `begins_task`: latency is the task's, not the answer's."""

    def __init__(
        self,
        house: House,
        vendor: Vendor,
        handler: Handler,
        *,
        read_model: Callable[[Asked], str],
        read_prompt: Callable[[Asked], str],
        form: bool = False,
        keyed: bool = True,
        begins_task: bool = False,
        instant: bool = False,
    ) -> None:
        """`instant`: the default latency is not for it. `keyed`: it asks for a key."""
        self._house = house
        self._vendor = vendor
        self._handler = handler
        self._read_model, self._read_prompt = read_model, read_prompt
        self._form, self._keyed, self._begins_task = form, keyed, begins_task
        self._latency_s = 0.0 if instant else house.latency.get(vendor.name, 0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Asked(self._vendor.name, scope, read_model=self._read_model, read_prompt=self._read_prompt)
        entry = self._house.journal.begin(call)
        sending = _Sending(send)
        try:
            if self._vendor.name in self._house.playbook.down:
                await sending.whole(_DOWN, SAMPLE)
                return
            await self._answer(call, receive, sending)
        except CallerLeft:
            sending.ended = "gone"
        except asyncio.CancelledError:
            # At the end of the process, or where the server gives a connection up.
            sending.ended = "gone"
            raise
        finally:
            self._house.journal.end(entry, sending.status, sending.ended)
            call.forget()

    async def _answer(self, call: Asked, receive: Receive, sending: _Sending) -> None:
        allowance: Allowance | None = None
        try:
            try:
                await call.read(receive)
            except BodyTooLarge:
                raise WireFault(413, "The body of the request is too large.") from None
            if self._keyed:
                self._vendor.check_key(call)
            if self._form:
                await call.read_form()
            standing = self._house.playbook.find(call)
            if standing is None:
                if self._latency_s and not self._begins_task:
                    await _pause(self._latency_s, receive)
                result = await self._handler(Turn(call, takes_s=self._latency_s))
                await self._send(result, None, None, receive, sending)
                return
            allowance = standing.take(now())
            if allowance is not None and allowance.exceeded:
                raise WireFault(429, f"Too many requests: {allowance.limit} are allowed here. Come back in {allowance.reset_s:.3f} s.")
            result = await self._play(call, standing, receive)
            await self._send(result, standing.rule, allowance, receive, sending)
        except Exception as error:
            fault = error if isinstance(error, WireFault) else self._own(error, sending)
            answer = self._vendor.error(fault, call)
            await sending.whole(answer, self._vendor.headers(allowance) + _retry_after(answer, allowance) + SAMPLE)

    def _own(self, error: Exception, sending: _Sending) -> WireFault:
        """A fault of this server, told on stderr and answered as the vendor would answer one of its own."""
        if isinstance(error, CallerLeft) or sending.status is not None:
            raise error
        log.error("a sample could not be made for %s", self._vendor.name, exc_info=error)
        return WireFault(500, "The sample could not be made; the log of the fake providers says why.")

    async def _play(self, call: Asked, standing: Standing, receive: Receive) -> Answer | Stream:
        rule = standing.rule
        if rule.hang:
            await until_gone(receive)
            raise CallerLeft
        latency = standing.latency_s()
        latency = self._latency_s if latency is None else latency
        begins_task = self._begins_task and rule.status is None
        if latency and not begins_task:
            await _pause(latency, receive)
        if rule.status is not None:
            return self._scripted(rule, rule.status, call)
        return await self._handler(Turn(call, text=rule.text, refusal=rule.refusal, takes_s=latency))

    def _scripted(self, rule: Rule, status: int, call: Asked) -> Answer:
        if rule.body is None:
            return self._vendor.error(WireFault(status, f"This failure was scripted: status {status}."), call)
        if isinstance(rule.body, str):
            return Answer(status, rule.body.encode(), ((b"content-type", b"text/plain; charset=utf-8"),))
        return Answer(status, orjson.dumps(rule.body), JSON)

    async def _send(
        self, result: Answer | Stream, rule: Rule | None, allowance: Allowance | None, receive: Receive, sending: _Sending
    ) -> None:
        headers = self._vendor.headers(allowance) + SAMPLE
        if rule is None:
            if isinstance(result, Answer):
                await sending.whole(result, headers)
            else:
                await sending.stream(result, headers, receive)
            return
        own = tuple(header(name, value) for name, value in rule.headers.items())
        names = {name for name, _ in own}
        headers = tuple(pair for pair in headers if pair[0] not in names) + own
        if isinstance(result, Answer):
            result.headers = tuple(pair for pair in result.headers if pair[0] not in names)
            if rule.status == 429 and b"retry-after" not in names:
                headers += _retry_after(result, allowance)
            await sending.whole(result, headers, cut_after=rule.cut_after_bytes)
            return
        pace = rule.stream
        await sending.stream(
            result,
            headers,
            receive,
            delay_s=pace.delay_s if pace else 0.0,
            stop_after=pace.stop_after if pace else None,
            cut_after=rule.cut_after_bytes,
        )


class _Sending:
    """One answer on its way. Returning before a body is whole makes the server close the connection: that is how it is cut."""

    __slots__ = ("_send", "ended", "status")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.ended: Literal["answered", "cut", "gone"] = "answered"

    async def whole(self, answer: Answer, headers: Headers, *, cut_after: int | None = None) -> None:
        body = answer.body
        self.status = answer.status
        await self._send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [*answer.headers, *headers, (b"content-length", b"%d" % len(body))],
            }
        )
        if cut_after is not None and cut_after < len(body):
            await self._send({"type": "http.response.body", "body": body[:cut_after], "more_body": True})
            self.ended = "cut"
            return
        await self._send({"type": "http.response.body", "body": body})

    async def stream(
        self,
        stream: Stream,
        headers: Headers,
        receive: Receive,
        *,
        delay_s: float = 0.0,
        stop_after: int | None = None,
        cut_after: int | None = None,
    ) -> None:
        self.status = 200
        await self._send({"type": "http.response.start", "status": 200, "headers": [*stream.headers, *headers]})
        texts = sent = 0
        for event in stream.events:
            if event.text:
                if stop_after is not None and texts >= stop_after:
                    self.ended = "cut"
                    return
                if delay_s and texts:
                    await _pause(delay_s, receive)
                texts += 1
            data = event.data
            if cut_after is not None and sent + len(data) > cut_after:
                await self._send({"type": "http.response.body", "body": data[: cut_after - sent], "more_body": True})
                self.ended = "cut"
                return
            sent += len(data)
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})


async def until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pause(seconds: float, receive: Receive) -> None:
    """Raises `CallerLeft` when the caller leaves in a pause that is long enough to notice."""
    if seconds < _WATCHED_FROM_S:
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await until_gone(receive)
    except TimeoutError:
        return
    raise CallerLeft


def _retry_after(answer: Answer, allowance: Allowance | None) -> Headers:
    """Of a 429, where the vendor's own answer has none: whole seconds, as vendors send it."""
    if answer.status != 429:
        return ()
    seconds = allowance.reset_s if allowance is not None else 1.0
    return (header("retry-after", max(1, int(-(-seconds // 1)))),)


def _quietly(read: Callable[[Asked], Any], call: Asked) -> str:
    try:
        value = read(call)
    except (WireFault, KeyError, TypeError, AttributeError, IndexError):
        return ""
    return value if isinstance(value, str) else ""
