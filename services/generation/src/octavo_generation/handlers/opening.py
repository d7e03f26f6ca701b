"""From a resource to what does its jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from octavo_core.clock import Clock
from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService
from octavo_generation.engines.registry import Serving, check_engine, check_installed, open_text_host
from octavo_generation.engines.translating.opening import check_is_no_translator, check_translator, open_translator_host, words_folder
from octavo_generation.handlers.handler import GeneratorHandler
from octavo_generation.images.library import ImageLibrary
from octavo_generation.images.opening import open_image_storage
from octavo_generation.moderation import BlockedWords, Moderator
from octavo_generation.policy.opening import check_policy, open_policy
from octavo_generation.policy.policy import ProviderPolicy
from octavo_generation.policy.spending import SpendLedger
from octavo_generation.providers.port import ModerationProvider
from octavo_generation.providers.registry import check_provider, is_fake
from octavo_generation.store import GenerationStore
from octavo_generation.uploads import UploadLimits

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Support:
    """What the handlers of a worker process share. `pictures` is the folder of those whose storage is local, `models` that of models which
    had to be fetched or converted."""

    environment: Mapping[str, str]
    store: GenerationStore
    ledger: SpendLedger
    pictures: Path
    models: Path
    uploads: UploadLimits
    clock: Clock


def check_handler(resource: GeneratorService, environment: Mapping[str, str]) -> None:
    """Raises what `open_handler` would for its engine and its providers, and imports no engine and no client for it."""
    if resource.spec.engine is not None:
        if resource.spec.task == "translation":
            check_translator(resource.spec.engine)
        else:
            check_engine(resource.spec.engine)
            check_is_no_translator(resource.spec.engine)
        check_installed(resource.spec.engine)
    for provider in resource.spec.providers or ():
        check_provider(provider, environment)
    check_policy(resource)


def open_handler(resource: GeneratorService, support: Support) -> GeneratorHandler:
    """Loads and connects nothing yet. Raises `Misconfigured` for what this version or this machine cannot do."""
    spec = resource.spec
    if spec.engine is not None:
        return _of_engine(resource, support)
    policy = open_policy(resource, environment=support.environment, ledger=support.ledger, clock=support.clock)
    moderator = _moderator(resource, policy)
    samples = frozenset(provider.name for provider in spec.providers or () if is_fake(provider, support.environment))
    if samples:
        log.warning("samples of the fake providers are given in place of answers", generator=resource.name, providers=sorted(samples))
    match spec.task:
        case "image":
            from octavo_generation.handlers.drawing import DrawingHandler, Keeping

            return DrawingHandler(policy, Keeping(_library(resource, support)), spec, moderator=moderator, samples=samples)
        case "image-description":
            from octavo_generation.handlers.describing import DescriptionHandler

            return DescriptionHandler(policy, support.uploads, moderator=moderator, samples=samples)
        case "script":
            from octavo_generation.handlers.chat import ChatHandler
            from octavo_generation.handlers.scripting import ProviderWriter, ScriptHandler
            from octavo_generation.scripts.drafts import Drafts

            chat = ChatHandler(policy, moderator=moderator, samples=samples)
            return ScriptHandler(ProviderWriter(policy), Drafts(support.store), chat=chat, moderator=moderator, samples=samples)
        case _:
            from octavo_generation.handlers.chat import ChatHandler

            return ChatHandler(policy, moderator=moderator, samples=samples)


def _of_engine(resource: GeneratorService, support: Support) -> GeneratorHandler:
    spec = resource.spec
    assert spec.engine is not None
    if spec.engine.name == "scenes":
        from octavo_generation.handlers.scripting import GrammarWriter, ScriptHandler

        check_engine(spec.engine)
        return ScriptHandler(GrammarWriter(), None, moderator=_moderator(resource, None))
    if spec.task == "translation":
        from octavo_generation.handlers.translating import TranslationHandler

        check_installed(spec.engine)
        host = open_translator_host(spec.engine, Serving(spec.workers.concurrency, support.models, support.environment))
        return TranslationHandler(host, words_folder(spec.engine), moderator=_moderator(resource, None))
    check_is_no_translator(spec.engine)
    if spec.engine.name != "sketch":
        from octavo_generation.handlers.engine import EngineHandler

        check_installed(spec.engine)
        host = open_text_host(spec.engine, Serving(spec.workers.concurrency, support.models, support.environment))
        return EngineHandler(host, moderator=_moderator(resource, None))
    check_engine(spec.engine)
    if spec.task == "image":
        from octavo_generation.handlers.drawing import Keeping, SketchDrawingHandler

        return SketchDrawingHandler(Keeping(_library(resource, support)), spec)
    from octavo_generation.handlers.describing import SketchDescriptionHandler

    return SketchDescriptionHandler(support.uploads)


def _library(resource: GeneratorService, support: Support) -> ImageLibrary | None:
    if not resource.spec.image_settings.store:
        return None
    storage = open_image_storage(resource.spec.storage, folder=support.pictures / resource.name, environment=support.environment)
    return ImageLibrary(support.store, storage, retention_days=resource.spec.storage.retention_days)


def _moderator(resource: GeneratorService, policy: ProviderPolicy | None) -> Moderator | None:
    moderation = resource.spec.moderation
    if not moderation.enabled:
        return None
    asked: ModerationProvider | None = None
    if moderation.provider is not None:
        opened: object = None if policy is None else policy.opened(moderation.provider)
        if not isinstance(opened, ModerationProvider):
            raise Misconfigured(f"spec.moderation.provider: {moderation.provider} has no moderation endpoint; name one of the type openai")
        asked = opened
    return Moderator(BlockedWords.shipped(moderation.blocked_words), asked, generator=resource.name)
