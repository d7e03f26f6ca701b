"""Stories, texts and conversations from providers."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from octavo_generation.handlers.calling import call_of
from octavo_generation.handlers.outcome import answered_by, outcome
from octavo_generation.moderation import Moderator, Subject
from octavo_generation.policy.policy import ProviderPolicy
from octavo_generation.providers.port import ChatPrompt, Message, Picture

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job

_STORY_SYSTEM = {
    "children": "Write a short, gentle story for children of about six: short sentences, simple words, a happy ending.",
    "young": "Write a story for readers of about fourteen: adventure, dialogue, a clear turn and an ending.",
    "adult": "Write a story for adults: longer sentences, reflection, an ending that stays in the mind.",
}


class ChatHandler:
    """Asks the providers in their order of preference; the result says who answered and who did not."""

    def __init__(self, policy: ProviderPolicy, *, moderator: Moderator | None = None, samples: Collection[str] = ()) -> None:
        self._policy = policy
        self._moderator = moderator
        self._samples = samples

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        prompt = chat_prompt(payload)
        subject = Subject(user=job.owner, job=job.id, correlation_id=job.correlation_id)
        if self._moderator is not None:
            await self._moderator.check_prompt([message.text for message in prompt.messages], subject)
        # What is moderated is not shown before it is known whole.
        streams = payload.get("stream") and self._moderator is None
        done = await self._policy.chat(prompt, call_of(job, context, user=prompt.user), context.token if streams else None)
        if self._moderator is not None:
            await self._moderator.check_result(done.answer.text, subject)
        result = {"text": done.answer.text, "finish_reason": done.answer.finish_reason}
        return outcome(result, provider=answered_by(done, self._samples), usage=done.usage, cost_usd=done.cost_usd)

    async def close(self) -> None:
        await self._policy.close()


def chat_prompt(payload: Mapping[str, Any]) -> ChatPrompt:
    """Of a conversation (`chat`), or of a story's or a text's own payload."""
    if (chat := payload.get("chat")) is not None:
        given = {name: value for name, value in chat.items() if name not in ("messages", "stop")}
        return ChatPrompt(messages=tuple(_message(one) for one in chat["messages"]), stop=tuple(chat.get("stop", ())), **given)
    sampling = payload.get("sampling", payload)
    system = payload.get("system") or _STORY_SYSTEM.get(payload.get("audience", ""))
    if payload.get("language") and system:
        system += f" Write in the language {payload['language']}."
    messages = (Message("system", system),) if system else ()
    return ChatPrompt(
        messages=(*messages, Message("user", payload["prompt"])),
        max_tokens=sampling.get("max_tokens"),
        temperature=sampling.get("temperature"),
        top_p=sampling.get("top_p"),
        seed=payload.get("seed"),
    )


def _message(said: Mapping[str, Any]) -> Message:
    pictures = tuple(Picture(base64.b64decode(one["data"]), one["media_type"]) for one in said.get("pictures", ()))
    return Message(said["role"], said["text"], pictures)
