"""Scripts: scene by scene, until they are as long as they shall be. Each answer is kept as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from octavo_core.errors import EngineError
from octavo_core.spec import ScriptTemplate
from octavo_generation.engines.scenes import LANGUAGES, MODEL, NAME, SceneRequest, SceneWriter
from octavo_generation.engines.stories.prompt import spoken_language
from octavo_generation.handlers.calling import call_of
from octavo_generation.handlers.chat import ChatHandler
from octavo_generation.handlers.outcome import outcome
from octavo_generation.moderation import Moderator, Subject
from octavo_generation.policy.policy import ProviderPolicy
from octavo_generation.scripts import fountain, metrics
from octavo_generation.scripts.draft import Draft, Made
from octavo_generation.scripts.drafts import Drafts
from octavo_generation.scripts.plan import plan_of
from octavo_generation.scripts.progress import Ask, next_ask
from octavo_generation.scripts.prompting import Brief, heading_of, question_for

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job

EXPORTS = ("fountain", "json", "pdf")
_AFTER_RETENTION_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    was_cut: bool
    made: Made


class Writer(Protocol):
    """Writes one part. Raises what a job may fail with; nobody retries in here."""

    async def write(self, ask: Ask, draft: Draft, brief: Brief, heading: str, seed: int, job: Job, context: JobContext) -> Answer: ...

    async def close(self) -> None: ...


class ProviderWriter:
    def __init__(self, policy: ProviderPolicy) -> None:
        self._policy = policy

    async def write(self, ask: Ask, draft: Draft, brief: Brief, heading: str, seed: int, job: Job, context: JobContext) -> Answer:
        question = question_for(ask, draft.plan, brief, draft.body, draft.headings, heading, seed=seed)
        done = await self._policy.chat(question, call_of(job, context))
        made = Made(
            provider=done.provider,
            model=done.model,
            tried=tuple(one.as_dict() for one in done.tried),
            prompt_tokens=done.usage.prompt_tokens,
            completion_tokens=done.usage.completion_tokens,
            cost_usd=done.cost_usd,
        )
        return Answer(done.answer.text, done.answer.finish_reason == "length", made)

    async def close(self) -> None:
        await self._policy.close()


class GrammarWriter:
    """By the engine that ships with Octavo."""

    def __init__(self) -> None:
        self._scenes = SceneWriter()

    async def write(self, ask: Ask, draft: Draft, brief: Brief, heading: str, seed: int, job: Job, context: JobContext) -> Answer:
        kinds = [draft.plan.scenes[part.scene].beat.kind for part in draft.parts]
        roles = brief.template.roles
        named = () if roles is None else (roles.es if brief.language.startswith("es") else roles.en)
        request = SceneRequest(
            title=brief.title,
            description=brief.description,
            language=brief.language,
            form=brief.template.form,
            scenes=[
                *((kind, part.asked) for kind, part in zip(kinds, draft.parts, strict=True)),
                (draft.plan.scenes[ask.scene].beat.kind, ask.words),
            ],
            heading=heading if ask.mode in ("scene", "more") else None,
            seed=seed,
            cast=brief.characters or named,
        )
        # The loop's other work is not kept waiting by a long script.
        await asyncio.sleep(0)
        text = self._scenes.write(request)
        return Answer(text, False, Made(provider=NAME, model=MODEL))

    async def close(self) -> None:
        """Nothing is open."""


class ScriptHandler:
    """`drafts`: where parts are kept; None for a writer that costs nothing and writes the same again."""

    def __init__(
        self,
        writer: Writer,
        drafts: Drafts | None,
        *,
        chat: ChatHandler | None = None,
        moderator: Moderator | None = None,
        samples: Collection[str] = (),
    ) -> None:
        """`chat` answers conversations (OpenAI's wire)."""
        self._writer = writer
        self._drafts = drafts
        self._chat = chat
        self._moderator = moderator
        self._samples = samples

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        if self._chat is not None and "chat" in payload:
            return await self._chat(job, context)
        if "template_body" not in payload:
            raise EngineError("the job holds no script to write")
        subject = Subject(user=job.owner, job=job.id, correlation_id=job.correlation_id)
        brief, seed = brief_of(payload), payload.get("seed", int(job.id[-8:], 16))
        if self._moderator is not None:
            await self._moderator.check_prompt([brief.title, brief.description, brief.about, *brief.characters], subject)
        draft = await self._write(job, context, brief, Draft(plan_of(brief.template, payload["length_target"], brief.language)), seed)
        text = fountain.with_title_page(draft.body, [("Title", brief.title), ("Credit", "Written with Octavo"), ("Notes", _note(draft))])
        if self._moderator is not None:
            await self._moderator.check_result(text, subject)
        return self._outcome(job, payload, brief, draft, text)

    async def close(self) -> None:
        await self._writer.close()

    async def _write(self, job: Job, context: JobContext, brief: Brief, draft: Draft, seed: int) -> Draft:
        if self._drafts is not None and job.attempt > 1:
            for part in await self._drafts.read(job.id):
                draft.add(part)
            metrics.KEPT_PARTS.labels(job.queue).inc(len(draft.parts))
        expires_at = job.updated_at + job.policy.retention_ms + _AFTER_RETENTION_MS
        while (ask := next_ask(draft.plan, draft.parts)) is not None:
            scene = draft.plan.scenes[ask.scene]
            context.progress(
                f"writing scene {scene.number} of {len(draft.plan.scenes)}", draft.words / draft.plan.target, words=draft.words
            )
            heading = heading_of(scene, brief, seed)
            answer = await self._writer.write(ask, draft, brief, heading, seed, job, context)
            part = draft.next_part(ask, answer.text, heading, answer.made, was_cut=answer.was_cut)
            if self._drafts is not None:
                part = await self._drafts.keep(job.id, job.owner, part, expires_at=expires_at)
            draft.add(part)
            metrics.PARTS.labels(job.queue, ask.mode).inc()
            # What is moderated is not shown before it is known whole.
            if self._moderator is None and part.text:
                context.token(part.text + "\n\n")
        if not draft.words:
            raise EngineError("the writer answered with nothing that is a script")
        return draft

    def _outcome(self, job: Job, payload: Mapping[str, Any], brief: Brief, draft: Draft, text: str) -> str:
        _, scenes = fountain.read(text)
        project = payload.get("project") or {}
        warnings = [*draft.warnings(text), *([project["warning"]] if project.get("warning") else [])]
        last = draft.made[-1]
        if last.model == MODEL and brief.language.partition("-")[0] not in LANGUAGES:
            warnings.append(f"the local writer writes {' and '.join(LANGUAGES)} only; it wrote English")
        tried = list({(one["name"], one["error"]): one for made in draft.made for one in made.tried}.values())
        provider: dict[str, Any] = {"name": last.provider, "model": last.model, "tried": tried, "calls": len(draft.made)}
        if any(made.provider in self._samples for made in draft.made):
            provider["sample"] = True
        result = {
            "title": brief.title,
            "text": text,
            "format": "fountain",
            "script_type": payload["script_type"],
            "template": brief.template.id,
            "project_id": payload.get("project_id"),
            "episode_id": payload.get("episode_id"),
            "language": brief.language,
            "length_target": draft.plan.target,
            "words": draft.words,
            "scenes": [{"number": number, "heading": one.heading, "words": one.words} for number, one in enumerate(scenes, 1)],
            "warnings": warnings,
            "exports": [{"format": name} for name in EXPORTS],
        }
        metrics.WRITTEN.labels(job.queue, brief.template.id).inc()
        metrics.WORDS.labels(job.queue, brief.template.id).inc(draft.words)
        metrics.LENGTH.labels(job.queue).observe(draft.words / draft.plan.target)
        return outcome(result, provider=provider, usage=draft.usage(), cost_usd=draft.cost_usd())


def brief_of(payload: Mapping[str, Any]) -> Brief:
    """What the request says counts before what its project says."""
    project = payload.get("project") or {}
    language = payload.get("language") or project.get("language")
    if language is None:
        language = "es" if spoken_language(f"{payload['title']}. {payload['description']}") == "es" else "en"
    return Brief(
        title=payload["title"],
        description=payload["description"],
        language=language,
        template=ScriptTemplate.model_validate(payload["template_body"]),
        characters=tuple(payload.get("characters") or project.get("characters") or ()),
        about=project.get("about", ""),
    )


def _note(draft: Draft) -> str:
    """That the local writer's words are a grammar's stands in the script itself, for files are passed on."""
    return f"Put together by rules from lines written by hand ({MODEL})" if draft.made[-1].model == MODEL else ""
