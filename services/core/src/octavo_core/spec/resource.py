"""The resource: `GeneratorService`, its `spec` and what follows from it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from octavo_core.spec.audiences import DEFAULT_AUDIENCES, AudienceName, AudienceParameters, Audiences
from octavo_core.spec.auth import Auth
from octavo_core.spec.engine import Engine
from octavo_core.spec.jobs import Jobs
from octavo_core.spec.limits import Fallback, Images, Limits, Moderation
from octavo_core.spec.model import Model
from octavo_core.spec.pipeline import Pipeline
from octavo_core.spec.providers import Provider
from octavo_core.spec.rule import Rule, immutable, one_of
from octavo_core.spec.scalars import Label, Loose, ResourceName
from octavo_core.spec.scripts import Scripts
from octavo_core.spec.status import Status
from octavo_core.spec.stores import Database, ManagedDatabase, ManagedRedis, Redis, Storage
from octavo_core.spec.tasks import DEFAULT_MODES, Mode, Task
from octavo_core.spec.translation import Translation
from octavo_core.spec.workloads import Api, Workers

GROUP = "octavo.dev"
VERSION = "v1alpha1"
KIND = "GeneratorService"
API_VERSION = f"{GROUP}/{VERSION}"


class Spec(Model):
    """What the generator does, with what, for whom, and how large. `task` and one of engine, providers and pipeline are enough."""

    task: Task = Field(
        json_schema_extra=immutable("task"),
        description="What the generator does; it decides the body of a request and of a result. It cannot change once"
        " the resource is made.",
    )
    engine: Engine | None = Field(None, description="A model that Octavo runs itself. Exactly one of engine, providers and pipeline.")
    providers: Annotated[tuple[Provider, ...], Loose] | None = Field(
        None,
        min_length=1,
        max_length=16,
        description="Models that others run, in order of preference: the next is asked when one fails, its circuit is open or its budget"
        " is spent. Exactly one of engine, providers and pipeline.",
    )
    pipeline: Pipeline | None = Field(
        None, description="A chain of steps over other generators; a blog is made so. Exactly one of engine, providers and pipeline."
    )
    audiences: Audiences | None = Field(
        None, description="For the task story: whom it writes for, each with its own parameters. Left out: children, young and adult."
    )
    jobs: Jobs = Field(default_factory=Jobs, json_schema_extra={"default": {}}, description="How durable and how patient its jobs are.")
    limits: Limits = Field(
        default_factory=Limits, json_schema_extra={"default": {}}, description="What a caller may ask for, and how often."
    )
    fallback: Fallback = Field(
        default_factory=Fallback, json_schema_extra={"default": {}}, description="How the providers stand in for each other."
    )
    images: Images | None = Field(None, description="For the task image: how pictures are asked for and kept.")
    scripts: Scripts | None = Field(None, description="For the task script: templates of your own, and where projects are read.")
    translation: Translation | None = Field(None, description="For the task translation: terms that are said in a certain way.")
    moderation: Moderation = Field(
        default_factory=Moderation, json_schema_extra={"default": {}}, description="What is refused for its content."
    )
    auth: Auth = Field(default_factory=Auth, json_schema_extra={"default": {}}, description="Who may call it.")
    api: Api = Field(default_factory=Api, json_schema_extra={"default": {}}, description="The HTTP side: replicas, resources, ingress.")
    workers: Workers = Field(
        default_factory=Workers, json_schema_extra={"default": {}}, description="The side that works: how many, when, and how large."
    )
    redis: Redis = Field(
        default_factory=lambda: Redis(managed=ManagedRedis()),
        json_schema_extra={"default": {"managed": {}}},
        description="The Redis that it uses. Left out: one of its own.",
    )
    database: Database = Field(
        default_factory=lambda: Database(managed=ManagedDatabase()),
        json_schema_extra={"default": {"managed": {}}},
        description="The database that it uses. Left out: a PostgreSQL of its own.",
    )
    storage: Storage = Field(default_factory=Storage, json_schema_extra={"default": {}}, description="Where its pictures are kept.")

    rules: ClassVar[tuple[Rule, ...]] = (
        one_of("engine", "providers", "pipeline", message="give exactly one of engine, providers and pipeline"),
        Rule(
            name="a blog is a pipeline",
            cel="self.task != 'blog' || has(self.pipeline)",
            message="the task blog is made by a pipeline; give pipeline in place of engine or providers",
            check=lambda spec: spec.task != "blog" or spec.pipeline is not None,
            reads=("task", "pipeline"),
            at="pipeline",
            missing=True,
            schema={"if": {"required": ["task"], "properties": {"task": {"enum": ["blog"]}}}, "then": {"required": ["pipeline"]}},
        ),
        Rule(
            name="audiences are for stories",
            cel="!has(self.audiences) || self.task == 'story'",
            message="only the task story has audiences; leave them out",
            check=lambda spec: spec.audiences is None or spec.task == "story",
            reads=("task", "audiences"),
            at="audiences",
            schema={"if": {"required": ["audiences"]}, "then": {"properties": {"task": {"enum": ["story"]}}}},
        ),
        Rule(
            name="images are for the task image",
            cel="!has(self.images) || self.task == 'image'",
            message="only the task image has settings of images; leave them out",
            check=lambda spec: spec.images is None or spec.task == "image",
            reads=("task", "images"),
            at="images",
            schema={"if": {"required": ["images"]}, "then": {"properties": {"task": {"enum": ["image"]}}}},
        ),
        Rule(
            name="scripts are for the task script",
            cel="!has(self.scripts) || self.task == 'script'",
            message="only the task script has settings of scripts; leave them out",
            check=lambda spec: spec.scripts is None or spec.task == "script",
            reads=("task", "scripts"),
            at="scripts",
            schema={"if": {"required": ["scripts"]}, "then": {"properties": {"task": {"enum": ["script"]}}}},
        ),
        Rule(
            name="scenes writes scripts",
            cel="!has(self.engine) || self.engine.name != 'scenes' || self.task == 'script'",
            message="the engine scenes writes scripts only; set task to script, or take another engine",
            check=lambda spec: spec.engine is None or spec.engine.name != "scenes" or spec.task == "script",
            reads=("task", "engine"),
            at="engine",
            allowed="task script, or another engine",
        ),
        Rule(
            name="translation is for the task translation",
            cel="!has(self.translation) || self.task == 'translation'",
            message="only the task translation has settings of translation; leave them out",
            check=lambda spec: spec.translation is None or spec.task == "translation",
            reads=("task", "translation"),
            at="translation",
            schema={"if": {"required": ["translation"]}, "then": {"properties": {"task": {"enum": ["translation"]}}}},
        ),
        Rule(
            name="sketch draws and describes",
            cel="!has(self.engine) || self.engine.name != 'sketch' || self.task in ['image', 'image-description']",
            message="the engine sketch makes and describes images only; set task to image or image-description, or take another engine",
            check=lambda spec: spec.engine is None or spec.engine.name != "sketch" or spec.task in ("image", "image-description"),
            reads=("task", "engine"),
            at="engine",
            allowed="task image or image-description, or another engine",
        ),
        Rule(
            name="the moderating provider is one of the providers",
            cel="!has(self.moderation) || !has(self.moderation.provider)"
            " || (has(self.providers) && self.providers.exists(p, p.name == self.moderation.provider))",
            message="moderation.provider names none of the providers",
            check=lambda spec: (
                spec.moderation.provider is None or any(provider.name == spec.moderation.provider for provider in spec.providers or ())
            ),
            reads=("moderation", "providers"),
            at="moderation",
        ),
        Rule(
            name="provider names are unique",
            cel="!has(self.providers) || self.providers.all(p, self.providers.exists_one(q, q.name == p.name))",
            message="two providers have the same name; rename one",
            check=lambda spec: spec.providers is None or len({provider.name for provider in spec.providers}) == len(spec.providers),
            reads=("providers",),
            at="providers",
        ),
    )

    @property
    def default_mode(self) -> Mode:
        """What a caller gets who sends no `Prefer`: `jobs.defaultMode`, else what suits the task."""
        return self.jobs.default_mode or DEFAULT_MODES[self.task]

    @property
    def audience_parameters(self) -> dict[AudienceName, AudienceParameters]:
        """The audiences served, every parameter filled in; empty where the task is not story."""
        if self.task != "story":
            return {}
        return dict(DEFAULT_AUDIENCES) if self.audiences is None else self.audiences.complete()

    @property
    def image_settings(self) -> Images:
        """`images`, or its defaults."""
        return self.images or Images()

    @property
    def script_settings(self) -> Scripts:
        """`scripts`, or its defaults."""
        return self.scripts or Scripts()

    @property
    def model_label(self) -> str:
        """What answers, in one line for people: `builtin://tiny-stories`, `xai/grok-4`, `pipeline of 4 steps`."""
        if self.engine is not None:
            return self.engine.model
        if self.providers:
            first = self.providers[0]
            return f"{first.type}/{first.model}" if first.model else first.type
        steps = len(self.pipeline.steps) if self.pipeline else 0
        return f"pipeline of {steps} step{'' if steps == 1 else 's'}"


class Metadata(Model):
    """Kubernetes' ObjectMeta: what a person writes, and what the API server adds."""

    name: ResourceName = Field(description="The generator's name: it stands in its URL and in the names of all that is made for it.")
    namespace: Label | None = Field(None, description="Namespace in the cluster. A laptop has only one.")
    labels: dict[str, str] = Field(
        default_factory=dict, json_schema_extra={"default": {}}, description="Labels, as on any Kubernetes object."
    )
    annotations: dict[str, str] = Field(
        default_factory=dict, json_schema_extra={"default": {}}, description="Annotations, as on any Kubernetes object."
    )
    uid: str | None = Field(None, description="Set by the API server.")
    resource_version: str | None = Field(None, description="Set by the API server.")
    generation: int | None = Field(None, description="Set by the API server: it counts the changes of `spec`.")
    creation_timestamp: str | None = Field(None, description="Set by the API server.")
    deletion_timestamp: str | None = Field(None, description="Set by the API server when the object is being deleted.")
    deletion_grace_period_seconds: int | None = Field(None, description="Set by the API server.")
    generate_name: str | None = Field(None, description="Prefix from which the API server made the name.")
    self_link: str | None = Field(None, description="Set by old API servers.")
    finalizers: Annotated[tuple[str, ...], Loose] = Field((), description="Who must agree before the object goes.")
    owner_references: Annotated[tuple[dict[str, object], ...], Loose] = Field((), description="The objects with which this one goes.")
    managed_fields: Annotated[tuple[dict[str, object], ...], Loose] = Field((), description="Set by the API server: who wrote which field.")


class GeneratorService(Model):
    """An AI generator: write one, and get a REST API, durable jobs, workers, a queue, a database and live progress."""

    api_version: Literal["octavo.dev/v1alpha1"] = Field("octavo.dev/v1alpha1", description="Version of this schema.")
    kind: Literal["GeneratorService"] = Field("GeneratorService", description="Kind of the resource.")
    metadata: Metadata = Field(description="Name, namespace, labels and annotations.")
    spec: Spec = Field(
        description="What the generator is to be: a task, and exactly one of engine, providers and pipeline to do it. All else has"
        " a default."
    )
    status: Status | None = Field(None, description="What the operator last saw. Not for you to write.")

    @property
    def name(self) -> str:
        return self.metadata.name
