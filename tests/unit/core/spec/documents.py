"""Resources as a person writes them, sound and faulty: the tables that the tests of the resource share."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

ENGINE: Document = {"name": "ctranslate2", "model": "builtin://tiny-stories"}
PROVIDER: Document = {"name": "grok", "type": "xai", "model": "grok-4"}
SECRET: Document = {"secretRef": {"name": "keys", "key": "apiKey"}}
STEP: Document = {"name": "outline", "uses": "generator/chat"}


def resource(name: str = "demo", **spec: Any) -> Document:
    """A GeneratorService document with exactly this spec."""
    return {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": name}, "spec": spec}


def story(**spec: Any) -> Document:
    """The smallest story generator, and what is given on top."""
    return resource(task="story", engine=ENGINE, **spec)


def text(*providers: Document, **spec: Any) -> Document:
    """The smallest text generator over these providers."""
    return resource(task="text", providers=list(providers) or [PROVIDER], **spec)


def blog(*steps: Document, **spec: Any) -> Document:
    return resource(task="blog", pipeline={"steps": list(steps)}, **spec)


def engine(**fields: Any) -> Document:
    return resource(task="story", engine={**ENGINE, **fields})


def provider(**fields: Any) -> Document:
    return text({**PROVIDER, **fields})


def step(name: str, *needs: str) -> Document:
    return {"name": name, "uses": "generator/chat", "needs": list(needs)}


INVALID: list[tuple[str, Document, str, str]] = [
    # what is wrong, the document, the path that the fault names, a part of its message
    ("no name", {**story(), "metadata": {}}, "metadata.name", "is needed"),
    ("upper case name", {**story(), "metadata": {"name": "Demo"}}, "metadata.name", "right form"),
    ("long name", {**story(), "metadata": {"name": "a" * 47}}, "metadata.name", "too long: 47"),
    ("name begins with a digit", {**story(), "metadata": {"name": "4demo"}}, "metadata.name", "right form"),
    ("empty name", {**story(), "metadata": {"name": ""}}, "metadata.name", "may not be empty"),
    ("name ends in a hyphen", {**story(), "metadata": {"name": "demo-"}}, "metadata.name", "right form"),
    ("name is a number", {**story(), "metadata": {"name": 7}}, "metadata.name", "must be text, not a number"),
    ("unknown metadata", {**story(), "metadata": {"name": "demo", "lables": {}}}, "metadata.lables", "did you mean `labels`"),
    ("other version", {**story(), "apiVersion": "octavo.dev/v1"}, "apiVersion", "`octavo.dev/v1` is not one of"),
    ("no version", {key: value for key, value in story().items() if key != "apiVersion"}, "apiVersion", "is needed"),
    ("no kind", {key: value for key, value in story().items() if key != "kind"}, "kind", "is needed"),
    ("other kind", {"apiVersion": "apps/v1", "kind": "Deployment"}, "kind", "`Deployment` is not a kind"),
    ("no spec", {key: value for key, value in story().items() if key != "spec"}, "spec", "is needed"),
    ("spec is a list", {**story(), "spec": []}, "spec", "must be a mapping of fields, not a list"),
    ("unknown top field", {**story(), "specs": {}}, "specs", "did you mean `spec`"),
    ("no task", resource(engine=ENGINE), "spec.task", "is needed"),
    ("unknown task", resource(task="stori", engine=ENGINE), "spec.task", "did you mean `story`"),
    ("nothing answers", resource(task="story"), "spec", "exactly one of engine, providers and pipeline"),
    ("two answer", story(providers=[PROVIDER]), "spec", "exactly one of engine, providers and pipeline"),
    ("unknown field of spec", story(worker={}), "spec.worker", "did you mean `workers`"),
    ("field at the wrong level", story(leaseSeconds=5), "spec.leaseSeconds", "it belongs at spec.jobs.leaseSeconds"),
    ("blog without pipeline", resource(task="blog", providers=[PROVIDER]), "spec.pipeline", "made by a pipeline"),
    ("audiences of a text", text(audiences={"adult": {}}), "spec.audiences", "only the task story"),
    ("sketch writes", engine(name="sketch"), "spec.engine", "images only"),
    ("unknown engine", engine(name="ctranslate"), "spec.engine.name", "did you mean `ctranslate2`"),
    ("engine without model", resource(task="story", engine={"name": "ctranslate2"}), "spec.engine.model", "is needed"),
    ("model without scheme", engine(model="tiny-stories"), "spec.engine.model", "known scheme"),
    ("model of unknown scheme", engine(model="ftp://host/model"), "spec.engine.model", "known scheme"),
    ("hub model without organisation", engine(model="hf://gpt2"), "spec.engine.model", "not a hf:// model"),
    ("bucket without path", engine(model="s3://models"), "spec.engine.model", "not a s3:// model"),
    ("model climbs", engine(model="pvc://models/../../etc"), "spec.engine.model", "climbs out"),
    ("unknown quantization", engine(quantization="int4"), "spec.engine.quantization", "not one of the choices"),
    ("quantization of another engine", engine(quantization="q4_k_m"), "spec.engine.quantization", "does not know"),
    ("llamacpp in int8", engine(name="llamacpp", quantization="int8"), "spec.engine.quantization", "it knows auto, float16"),
    ("torch in int16", engine(name="transformers", quantization="int16"), "spec.engine.quantization", "it knows auto, int8, float16"),
    (
        "sketch in a number format",
        resource(task="image", engine={"name": "sketch", "model": "builtin://sketch", "quantization": "int8"}),
        "spec.engine.quantization",
        "it knows auto",
    ),
    ("snake case", story(audiences={"adult": {"max_tokens": 9}}), "spec.audiences.adult.max_tokens", "did you mean `maxTokens`"),
    ("no audience", story(audiences={}), "spec.audiences", "at least one audience"),
    ("unknown audience", story(audiences={"child": {}}), "spec.audiences.child", "did you mean `children`"),
    ("hot", story(audiences={"adult": {"temperature": 2.5}}), "spec.audiences.adult.temperature", "2.5 is too large"),
    ("too many tokens", story(audiences={"young": {"maxTokens": 4097}}), "spec.audiences.young.maxTokens", "too large"),
    ("tokens as text", story(audiences={"young": {"maxTokens": "9"}}), "spec.audiences.young.maxTokens", "a whole number, not text"),
    ("tokens as a fraction", story(audiences={"young": {"maxTokens": 1.5}}), "spec.audiences.young.maxTokens", "a whole number"),
    ("no providers", resource(task="text", providers=[]), "spec.providers", "may not be empty"),
    ("provider is text", resource(task="text", providers=["grok"]), "spec.providers[0]", "must be a mapping of fields, not text"),
    ("providers is a mapping", resource(task="text", providers=PROVIDER), "spec.providers", "must be a list, not a mapping"),
    ("unknown provider type", provider(type="grok"), "spec.providers[0].type", "`grok` is not one of the choices"),
    ("provider without name", text({"type": "fake"}), "spec.providers[0].name", "is needed"),
    ("two providers of one name", text(PROVIDER, PROVIDER), "spec.providers", "the same name"),
    ("too many providers", text(*({**PROVIDER, "name": f"p{n}"} for n in range(17))), "spec.providers", "too many entries"),
    ("chat without model", text({"name": "a", "type": "anthropic"}), "spec.providers[0].model", "need model"),
    ("compatible without address", provider(type="openai-compatible"), "spec.providers[0].baseUrl", "need baseUrl"),
    ("azure without address", provider(type="azure-openai"), "spec.providers[0].baseUrl", "need baseUrl"),
    ("password in the address", provider(baseUrl="https://me:secret@host/v1"), "spec.providers[0].baseUrl", "right form"),
    ("address without scheme", provider(baseUrl="localhost:8000"), "spec.providers[0].baseUrl", "right form"),
    ("moderated by nobody", resource(task="text", providers=[PROVIDER], moderation={"provider": "b"}), "spec.moderation", "none of the"),
    (
        "scenes writes no texts",
        resource(task="text", engine={"name": "scenes", "model": "builtin://tiny-scripts"}),
        "spec.engine",
        "scripts only",
    ),
    ("scripts of a text", resource(task="text", providers=[PROVIDER], scripts={"templates": []}), "spec.scripts", "only the task script"),
    (
        "scenes in a number format",
        resource(task="script", engine={"name": "scenes", "model": "builtin://tiny-scripts", "quantization": "int8"}),
        "spec.engine.quantization",
        "it knows auto",
    ),
    ("images of a text", resource(task="text", providers=[PROVIDER], images={"store": False}), "spec.images", "only the task image"),
    (
        "glossary of a text",
        resource(task="text", providers=[PROVIDER], translation={"glossary": [{"term": "a", "translation": "b"}]}),
        "spec.translation",
        "only the task translation",
    ),
    ("no credentials", provider(credentials={}), "spec.providers[0].credentials", "at least one of the two"),
    ("a key, not its name", provider(credentials={"env": "xai-12/3"}), "spec.providers[0].credentials.env", "right form"),
    ("secret without key", provider(credentials={"secretRef": {"name": "a"}}), "spec.providers[0].credentials.secretRef.key", "is needed"),
    ("no patience", provider(timeoutSeconds=0), "spec.providers[0].timeoutSeconds", "0 is too small"),
    ("no steps", blog(), "spec.pipeline.steps", "may not be empty"),
    ("two steps of one name", blog(STEP, STEP), "spec.pipeline.steps", "the same name"),
    ("step needs an unknown one", blog(step("a", "b")), "spec.pipeline.steps", "not above it"),
    ("step needs itself", blog(step("a", "a")), "spec.pipeline.steps", "not above it"),
    ("steps in a circle", blog(step("a", "b"), step("b", "a")), "spec.pipeline.steps", "not above it"),
    ("step of nobody", blog({"name": "a", "uses": "chat"}), "spec.pipeline.steps[0].uses", "right form"),
    ("step input is a number", blog({**STEP, "with": {"n": 3}}), "spec.pipeline.steps[0].with.n", "must be text, not a number"),
    ("no attempt", story(jobs={"maxAttempts": 0}), "spec.jobs.maxAttempts", "too small"),
    ("lease too short", story(jobs={"leaseSeconds": 1}), "spec.jobs.leaseSeconds", "too small"),
    ("lease too long", story(jobs={"leaseSeconds": 601}), "spec.jobs.leaseSeconds", "too large"),
    ("unknown mode", story(jobs={"defaultMode": "sync"}), "spec.jobs.defaultMode", "did you mean `async`"),
    ("retry backwards", story(jobs={"retry": {"baseSeconds": 9, "maxSeconds": 3}}), "spec.jobs.retry.baseSeconds", "may not exceed"),
    ("endless wait", story(jobs={"retry": {"maxSeconds": float("inf")}}), "spec.jobs.retry.maxSeconds", "finite"),
    ("no prompt", story(limits={"maxPromptChars": 0}), "spec.limits.maxPromptChars", "too small"),
    ("negative budget", story(limits={"budget": {"usdPerDay": -1}}), "spec.limits.budget.usdPerDay", "too small"),
    ("yes as text", story(moderation={"enabled": "yes"}), "spec.moderation.enabled", "must be true or false, not text"),
    ("empty word", story(moderation={"blockedWords": ["a", ""]}), "spec.moderation.blockedWords[1]", "may not be empty"),
    ("oidc without issuer", story(auth={"mode": "oidc"}), "spec.auth.issuer", "needs the issuer"),
    ("issuer of an open door", story(auth={"issuer": "https://id.example.org"}), "spec.auth.mode", "say nothing in auth mode none"),
    ("no api", story(api={"replicas": 0}), "spec.api.replicas", "too small"),
    ("never is 0", story(api={"sleepSeconds": -1}), "spec.api.sleepSeconds", "-1 is too small"),
    ("route of no gateway", story(api={"httpRoute": {"parentRefs": []}}), "spec.api.httpRoute.parentRefs", "may not be empty"),
    ("route of somebody", story(api={"httpRoute": {}}), "spec.api.httpRoute.parentRefs", "is needed"),
    (
        "host with a star within",
        story(api={"httpRoute": {"parentRefs": [{"name": "g"}], "hostnames": ["a.*.org"]}}),
        "spec.api.httpRoute.hostnames[0]",
        "right form",
    ),
    ("priority in words", story(workers={"priorityClassName": "Very High"}), "spec.workers.priorityClassName", "right form"),
    ("kept by half", story(database={"managed": {"onDelete": "keep"}}), "spec.database.managed.onDelete", "not one of the choices"),
    ("host in upper case", story(api={"ingress": {"host": "Example.org"}}), "spec.api.ingress.host", "right form"),
    ("min above max", story(workers={"min": 3, "max": 2}), "spec.workers.min", "may not exceed workers.max"),
    ("no workers ever", story(workers={"max": 0}), "spec.workers.max", "too small"),
    ("bad quantity", story(workers={"resources": {"limits": {"cpu": "two"}}}), "spec.workers.resources.limits.cpu", "right form"),
    ("fraction as quantity", story(api={"resources": {"requests": {"cpu": 0.5}}}), "spec.api.resources.requests.cpu", "not a number"),
    ("redis of nobody", story(redis={}), "spec.redis", "either managed or external"),
    ("two redis", story(redis={"managed": {}, "external": SECRET}), "spec.redis", "either managed or external"),
    ("two databases", story(database={"managed": {}, "external": SECRET}), "spec.database", "either managed or external"),
    ("unknown database", story(database={"managed": {"type": "oracle"}}), "spec.database.managed.type", "not one of the choices"),
    ("external without secret", story(redis={"external": {}}), "spec.redis.external.secretRef", "is needed"),
    ("s3 without bucket", story(storage={"backend": "s3"}), "spec.storage.s3", "needs s3.bucket"),
    ("bucket of a folder", story(storage={"s3": {"bucket": "b"}}), "spec.storage.s3", "belongs to backend s3 only"),
    (
        "container of a folder",
        story(storage={"azure": {"account": "a", "container": "c"}}),
        "spec.storage.azure",
        "belongs to backend azure",
    ),
    (
        "volume of a bucket",
        story(storage={"backend": "s3", "s3": {"bucket": "b"}, "local": {"size": "1Gi"}}),
        "spec.storage.local",
        "belongs to backend local only",
    ),
    ("azure without container", story(storage={"backend": "azure"}), "spec.storage.azure", "needs azure.account"),
]

VALID: list[tuple[str, Document]] = [
    ("smallest story", story()),
    ("smallest text", text()),
    ("an image provider has a usual model", resource(task="image", providers=[{"name": "f", "type": "flux"}])),
    ("scenes writes", resource(task="script", engine={"name": "scenes", "model": "builtin://tiny-scripts"})),
    ("sketch draws", resource(task="image", engine={"name": "sketch", "model": "builtin://sketch"})),
    ("smallest blog", blog(STEP)),
    ("steps that need others", blog(step("a"), step("b", "a"), step("c", "a", "b"))),
    ("fallback", text(PROVIDER, {"name": "second", "type": "openai", "model": "m", "credentials": {"env": "OPENAI_API_KEY"}})),
    ("own server", provider(type="openai-compatible", baseUrl="http://127.0.0.1:8000/v1")),
    ("one audience", story(audiences={"children": {}})),
    ("null is absent", story(providers=None, limits=None, workers={"max": None})),
    ("external stores", story(redis={"external": SECRET}, database={"external": SECRET})),
    ("mysql", story(database={"managed": {"type": "mysql", "storage": "10Gi", "onDelete": "retain"}})),
    ("redis with a volume", story(redis={"managed": {"storage": "1Gi"}})),
    ("never sleeps", story(api={"sleepSeconds": 0, "priorityClassName": "in-front"}, workers={"priorityClassName": "behind"})),
    (
        "two ways in",
        story(
            api={
                "ingress": {"host": "a.example.org"},
                "httpRoute": {"parentRefs": [{"name": "g", "namespace": "n", "sectionName": "https"}], "hostnames": ["*.example.org"]},
            }
        ),
    ),
    ("quantities", story(workers={"resources": {"limits": {"cpu": 2, "memory": "1.5Gi", "nvidia.com/gpu": "1"}}})),
    ("oidc", story(auth={"mode": "oidc", "issuer": "https://id.example.org/tenant", "audience": "octavo"})),
    ("jwt", story(auth={"mode": "jwt"})),
    ("volume", story(storage={"local": {"size": "50Gi", "accessMode": "ReadWriteMany", "storageClassName": "nfs", "onDelete": "retain"}})),
    ("s3", story(storage={"backend": "s3", "s3": {"bucket": "pictures", "endpoint": "http://minio:9000"}})),
    ("azure", story(storage={"backend": "azure", "azure": {"account": "a", "container": "c"}, "credentials": SECRET})),
    ("hub model", engine(model="hf://gpt2-org/gpt2-medium@v1.0", name="transformers")),
    ("hub file", engine(model="hf://org/name@main/model-q4.gguf", name="llamacpp", quantization="q4_k_m")),
    ("model on a volume", engine(model="pvc://models/gpt2/v1..2")),
    ("always awake", story(workers={"min": 2, "max": 2})),
]
