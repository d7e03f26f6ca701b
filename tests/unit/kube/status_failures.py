"""The ways in which a generator fails in a cluster, each as it is observed and what must be said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.unit.kube.status_scenes import (
    ASLEEP,
    container,
    crashed,
    down,
    external,
    foreign,
    observed,
    pod,
    situation,
    state,
    waiting,
)

from octavo_operator.plan import Refused
from octavo_operator.resource import Backlog, BacklogUnknown, Claim, Observed, Reference, Refusal, Situation

PULL = (
    'Back-off pulling image "registry.example/octavo/service:nope": ErrImagePull: rpc error: code = NotFound desc = failed to pull and'
    ' unpack image "registry.example/octavo/service:nope": failed to resolve reference "registry.example/octavo/service:nope": not found'
)
REFUSED = '{"event":"cannot reach postgresql at tales-db-0.tales-stores:5432: connection refused","level":"error","service":"api"}'
PASSWORD = (
    '{"event":"waiting for postgresql at shared:5432","reason":"password authentication failed for user \\"octavo\\"","level":"warning"}\n'
    '{"event":"cannot reach postgresql at shared:5432: password authentication failed for user \\"octavo\\"","level":"error"}'
)
UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available."
QUOTA = 'pods "tales-api-5d9c-" is forbidden: exceeded quota: small, requested: cpu=50m, used: cpu=1, limited: cpu=1'


def reference(kind: str, name: str) -> Reference:
    return Reference("v1", kind, name)


@dataclass(frozen=True)
class Case:
    what: str
    seen: Observed
    reason: str
    """Of the condition that names the cause."""
    says: tuple[str, ...]
    """What its message must contain."""
    ready: bool = False
    of: dict[str, Any] = field(default_factory=dict)
    at: Situation = field(default_factory=situation)
    refusals: tuple[Refusal | Refused, ...] = ()
    never: tuple[str, ...] = ()


CASES = [
    # ---- images
    Case(
        "image not found",
        observed(pod("api", waiting("ErrImagePull", PULL)), states=down("api")),
        "ImagePullBackOff",
        ("pod tales-api-5d9c-x2x4z", '"registry.example/octavo/service:nope"', "not found"),
        never=("rpc error", "Back-off"),
    ),
    Case(
        "registry asks for a login",
        observed(
            pod(
                "worker",
                waiting(
                    "ImagePullBackOff",
                    'Back-off pulling image "r/x:1": ErrImagePull: '
                    "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
                    name="worker",
                ),
            ),
            states=down("worker"),
        ),
        "ImagePullBackOff",
        ("r/x:1", "401 Unauthorized", "container worker"),
    ),
    Case(
        "kubelet waits for the next pull",
        observed(pod("api", waiting("ImagePullBackOff", 'Back-off pulling image "r/x:1"', image="r/x:1")), states=down("api")),
        "ImagePullBackOff",
        ('cannot pull image "r/x:1"',),
    ),
    Case(
        "policy Never",
        observed(
            pod(
                "db",
                waiting("ErrImageNeverPull", 'Container image "postgres:0" is not present with pull policy of Never', name="postgresql"),
            ),
            states=down("db", "api", "worker"),
        ),
        "ErrImageNeverPull",
        ("tales-db-0", "postgres:0", "Never"),
    ),
    Case(
        "image name is none",
        observed(
            pod("api", waiting("InvalidImageName", "couldn't parse image name: invalid reference format", image="Octavo/Service::x")),
            states=down("api"),
        ),
        "InvalidImageName",
        ("Octavo/Service::x", "invalid reference format"),
    ),
    Case(
        "old pods answer while the new image is missing",
        observed(
            pod("api", waiting("ErrImagePull", PULL)),
            pod("api", container(ready=True), name="tales-api-old", ready=True),
            states={"api": state(1, 1, updated=1)},
        ),
        "ImagePullBackOff",
        ("not found",),
        ready=True,
    ),
    # ---- crashes
    Case(
        "API crashes with a traceback",
        observed(
            pod("api", crashed('Traceback (most recent call last):\n  File "x.py", line 1\nValueError: bad model')), states=down("api")
        ),
        "CrashLoopBackOff",
        ("ValueError: bad model", "exit code 1"),
        never=("Traceback", "40s"),
    ),
    Case(
        "worker cannot load its model",
        observed(
            pod("worker", crashed('{"event":"the model builtin://nope is not here","level":"error"}', name="worker")), states=down("worker")
        ),
        "CrashLoopBackOff",
        ("the model builtin://nope is not here", "container worker"),
    ),
    Case(
        "it runs for a moment between two crashes",
        observed(pod("api", crashed("RuntimeError: no", backoff=False)), states=down("api")),
        "CrashLoopBackOff",
        ("RuntimeError: no",),
    ),
    Case(
        "it ends without an error, again and again",
        observed(pod("api", container(restarts=4, exit_reason="Completed", exit_code=0)), states=down("api")),
        "CrashLoopBackOff",
        ("exit code 0", "kubectl logs tales-api-5d9c-x2x4z --previous"),
    ),
    Case(
        "crash with a password in its words",
        observed(pod("api", crashed("ConnectError: https://octavo:geheim@host/x")), states=down("api")),
        "CrashLoopBackOff",
        ("[redacted]@host",),
        never=("geheim",),
    ),
    Case(
        "crash that repeats a generated password",
        observed(pod("api", crashed("ValueError: Database-Password-42 is odd")), states=down("api")),
        "CrashLoopBackOff",
        ("[redacted] is odd",),
        never=("Database-Password-42",),
    ),
    Case(
        "crash that shows a key",
        observed(pod("worker", crashed("KeyError: XAI_API_KEY=xai-abcdefghijklmnop1234", name="worker")), states=down("worker")),
        "CrashLoopBackOff",
        ("XAI_API_KEY=[redacted]",),
        never=("abcdefghijklmnop",),
    ),
    Case(
        "worker out of memory",
        observed(
            pod("worker", container("worker", restarts=2, waiting_reason="CrashLoopBackOff", exit_reason="OOMKilled", exit_code=137)),
            states=down("worker"),
        ),
        "OOMKilled",
        ("memory", "spec.workers.resources.limits.memory"),
    ),
    Case(
        "database out of memory",
        observed(
            pod("db", container("postgresql", restarts=1, exit_reason="OOMKilled", exit_code=137)), states=down("db", "api", "worker")
        ),
        "OOMKilled",
        ("tales-db-0", "memory"),
    ),
    Case(
        "wrong architecture",
        observed(pod("api", crashed("exec /usr/bin/python3: exec format error")), states=down("api")),
        "CrashLoopBackOff",
        ("exec format error",),
    ),
    # ---- configuration
    Case(
        "Secret is missing for a container",
        observed(pod("worker", waiting("CreateContainerConfigError", 'secret "xai" not found', name="worker")), states=down("worker")),
        "CreateContainerConfigError",
        ('secret "xai" not found',),
    ),
    Case(
        "key is missing in a Secret",
        observed(
            pod("worker", waiting("CreateContainerConfigError", "couldn't find key apiKey in Secret prod/xai", name="worker")),
            states=down("worker"),
        ),
        "CreateContainerConfigError",
        ("couldn't find key apiKey in Secret prod/xai",),
    ),
    Case(
        "the operator sees first that the Secret is missing",
        observed(
            pod("worker", waiting("CreateContainerConfigError", 'secret "xai" not found', name="worker")),
            states=down("worker"),
            missing=("xai",),
        ),
        "SecretMissing",
        ("Secret xai is missing", "spec.providers[0].credentials"),
        of={
            "task": "text",
            "engine": None,
            "providers": [
                {"name": "grok", "type": "xai", "model": "grok-4", "credentials": {"secretRef": {"name": "xai", "key": "apiKey"}}}
            ],
        },
    ),
    Case(
        "Secret of the database lacks its key",
        observed(states=down("api", "worker"), missing=("shared-db: key url",)),
        "SecretMissing",
        ("key url is missing in Secret shared-db", "spec.database.external"),
        of=external(),
    ),
    Case(
        "Secret goes while all run",
        observed(missing=("shared-db",)),
        "SecretMissing",
        ("Secret shared-db is missing",),
        ready=True,
        of=external(),
    ),
    Case(
        "container cannot be created",
        observed(
            pod("api", waiting("CreateContainerError", "failed to create containerd container: no space left on device")),
            states=down("api"),
        ),
        "CreateContainerError",
        ("no space left on device",),
    ),
    Case(
        "container cannot be run",
        observed(pod("api", waiting("RunContainerError", 'exec: "octavo": executable file not found in $PATH')), states=down("api")),
        "RunContainerError",
        ("executable file not found",),
    ),
    # ---- placing, volumes, quotas
    Case(
        "no node is large enough",
        observed(pod("worker", unschedulable="0/3 nodes are available: 3 Insufficient nvidia.com/gpu."), states=down("worker")),
        "Unschedulable",
        ("0/3 nodes are available: 3 Insufficient nvidia.com/gpu",),
    ),
    Case(
        "database fits nowhere",
        observed(pod("db", unschedulable="0/3 nodes are available: 3 Insufficient memory."), states=down("db", "api", "worker")),
        "Unschedulable",
        ("tales-db-0", "Insufficient memory"),
    ),
    Case(
        "no StorageClass",
        observed(
            pod("db", unschedulable=UNBOUND),
            states=down("db", "api", "worker"),
            claims=[
                Claim("data-tales-db-0", "db", "Pending", "no persistent volumes available for this claim and no storage class is set")
            ],
        ),
        "ClaimPending",
        ("PersistentVolumeClaim data-tales-db-0", "no storage class is set"),
    ),
    Case(
        "claim pends without a word",
        observed(
            pod("redis", unschedulable=UNBOUND),
            states=down("redis", "api", "worker"),
            claims=[Claim("data-tales-redis-0", "redis", "Pending")],
        ),
        "ClaimPending",
        ("data-tales-redis-0", "unbound immediate"),
    ),
    Case(
        "the pictures get no volume",
        observed(
            pod("api", unschedulable=UNBOUND),
            pod("worker", unschedulable=UNBOUND),
            states=down("api", "worker"),
            claims=[Claim("tales-images", "images", "Pending")],
        ),
        "ClaimPending",
        ("PersistentVolumeClaim tales-images gets no volume", "is there a StorageClass"),
    ),
    Case(
        "the pictures have lost their volume",
        observed(states=down("api", "worker"), claims=[Claim("tales-images", "images", "Lost")]),
        "ClaimLost",
        ("tales-images has lost its volume",),
    ),
    Case(
        "volume in another zone",
        observed(
            pod("db", unschedulable="0/2 nodes are available: 2 node(s) had volume node affinity conflict."),
            states=down("db", "api"),
            claims=[Claim("data-tales-db-0", "db", "Bound")],
        ),
        "Unschedulable",
        ("volume node affinity conflict",),
    ),
    Case(
        "volume lost",
        observed(states=down("db", "api"), claims=[Claim("data-tales-db-0", "db", "Lost")]),
        "ClaimLost",
        ("has lost its volume",),
    ),
    Case(
        "quota of pods",
        observed(states={"api": state(1, 0, updated=0, trouble=("FailedCreate", QUOTA))}),
        "QuotaExceeded",
        ("Deployment tales-api", "exceeded quota: small"),
    ),
    Case(
        "a policy refuses pods",
        observed(states={"worker": state(1, 0, updated=0, trouble=("FailedCreate", 'admission webhook "p" denied it'))}),
        "FailedCreate",
        ("Deployment tales-worker", "admission webhook"),
    ),
    Case(
        "quota refuses a child",
        observed(states=down("db", db=None)),
        "QuotaExceeded",
        ("StatefulSet tales-db", "exceeded quota: claims"),
        refusals=(Refusal(reference("StatefulSet", "tales-db"), 403, 'statefulsets "x" is forbidden: exceeded quota: claims'),),
    ),
    Case(
        "no right to write",
        observed(states=down("api", api=None)),
        "Forbidden",
        ("Deployment tales-api may not be written",),
        refusals=(Refusal(reference("Deployment", "tales-api"), 403, 'User "operator" cannot patch resource "deployments"'),),
    ),
    Case(
        "immutable field",
        observed(),
        "ChangeRefused",
        ("StatefulSet tales-db", "change it back"),
        ready=True,
        refusals=(
            Refusal(
                reference("StatefulSet", "tales-db"), 422, "updates to statefulset spec for fields other than 'replicas' are forbidden"
            ),
        ),
    ),
    Case(
        "volume cannot change in place",
        observed(),
        "ChangeRefused",
        ("Undo the change",),
        ready=True,
        refusals=(
            Refused(reference("StatefulSet", "tales-db"), "StatefulSet tales-db was made with another volume. Undo the change", False),
        ),
    ),
    Case(
        "a webhook refuses the ingress",
        observed(),
        "ChangeRefused",
        ("Ingress tales-api", "host is taken"),
        ready=True,
        refusals=(Refusal(reference("Ingress", "tales-api"), 422, "admission webhook: host is taken"),),
    ),
    # ---- names
    Case(
        "Service belongs to somebody",
        observed(children=[foreign("Service", "tales-api")]),
        "NameTaken",
        ("Service tales-api", "left alone"),
    ),
    Case(
        "budget belongs to somebody",
        observed(children=[foreign("PodDisruptionBudget", "tales-api")]),
        "NameTaken",
        ("PodDisruptionBudget tales-api",),
        ready=True,
    ),
    Case(
        "name is taken, as the plan finds",
        observed(states=down("api", api=None)),
        "NameTaken",
        ("Deployment tales-api",),
        refusals=(Refused(reference("Deployment", "tales-api"), "Deployment tales-api is there already", True),),
    ),
    Case(
        "name is taken, as the API server says",
        observed(states=down("api", api=None)),
        "NameTaken",
        ("ConfigMap tales-config",),
        refusals=(Refusal(reference("ConfigMap", "tales-config"), 409, "already exists"),),
    ),
    # ---- stores, as those who need them see it
    Case(
        "wrong password, external database",
        observed(
            pod("api", crashed(PASSWORD)),
            pod("worker", crashed(PASSWORD, name="worker")),
            states={"db": None, "redis": None, **down("api", "worker")},
        ),
        "DatabaseLoginRefused",
        ("password authentication failed", "Secret shared-db, key url"),
        of=external(),
    ),
    Case(
        "one refusal is enough: the process has waited already",
        observed(pod("api", crashed(PASSWORD, restarts=1, backoff=False)), states={"db": None, "redis": None, **down("api", "worker")}),
        "DatabaseLoginRefused",
        ("password authentication failed",),
        of=external(),
    ),
    Case(
        "volume of another password",
        observed(pod("api", crashed(PASSWORD)), states=down("api")),
        "DatabaseLoginRefused",
        ("tales-credentials", "tales-db"),
    ),
    Case(
        "wrong password, MySQL",
        observed(
            pod(
                "worker",
                crashed("cannot reach mysql at h:3306: Access denied for user 'octavo'@'10.1.1.1' (using password: YES)", name="worker"),
            ),
            states=down("worker"),
        ),
        "DatabaseLoginRefused",
        ("Access denied", "using password: YES"),
    ),
    Case(
        "external database is away",
        observed(
            pod("api", crashed("cannot reach postgresql at shared:5432: no answer in time")),
            states={"db": None, "redis": None, **down("api")},
        ),
        "DatabaseUnreachable",
        ("no answer in time", "spec.database.external"),
        of=external(),
    ),
    Case(
        "database is not there",
        observed(
            pod("api", crashed('cannot reach postgresql at shared:5432: database "octavo" does not exist')),
            states={"db": None, "redis": None, **down("api")},
        ),
        "DatabaseMissing",
        ("does not exist",),
        of=external(),
    ),
    Case(
        "schema may not be made",
        observed(
            pod("api", crashed("cannot reach postgresql at s:5432: permission denied for schema public")),
            states={"db": None, "redis": None, **down("api")},
        ),
        "DatabaseForbidden",
        ("permission denied for schema public",),
        of=external(),
    ),
    Case(
        "Redis refuses the password",
        observed(
            pod("api", crashed("cannot reach redis at shared:6379: WRONGPASS invalid username-password pair")),
            states={"db": None, "redis": None, **down("api")},
        ),
        "RedisLoginRefused",
        ("WRONGPASS", "spec.redis.external"),
        of=external(),
    ),
    Case(
        "API answers that its database is away",
        observed(
            backlog=BacklogUnknown("the database of jobs does not answer (TimeoutError)", said=True), states={"db": None, "redis": None}
        ),
        "DatabaseUnreachable",
        ("the API of tales", "TimeoutError"),
        of=external(),
    ),
    Case(
        "API answers an error",
        observed(backlog=BacklogUnknown("something went wrong here", said=True)),
        "ApiFails",
        ("something went wrong",),
        ready=True,
    ),
    Case(
        "worker cannot load its model",
        observed(backlog=Backlog(3, 0, 0, 9.0, model_trouble="the model hub at https://hub.invalid cannot be reached (ConnectError)")),
        "ModelNotLoaded",
        ("a worker of tales cannot load its model", "https://hub.invalid cannot be reached"),
    ),
    # ---- the root wins over its consequences
    Case(
        "database crashes, so all do",
        observed(
            pod("db", crashed('FATAL:  data directory "/data" has wrong ownership', name="postgresql")),
            pod("api", crashed(REFUSED)),
            pod("worker", crashed(REFUSED, name="worker")),
            states=down("db", "api", "worker"),
        ),
        "CrashLoopBackOff",
        ("tales-db-0", "has wrong ownership"),
        never=("tales-api",),
    ),
    Case(
        "image of the database is missing, so all crash",
        observed(
            pod("db", waiting("ImagePullBackOff", PULL, name="postgresql")),
            pod("api", crashed(REFUSED)),
            states=down("db", "api", "worker"),
        ),
        "ImagePullBackOff",
        ("tales-db-0",),
    ),
    Case(
        "rollout is stuck because the image is missing",
        observed(
            pod("api", waiting("ErrImagePull", PULL)),
            states={"api": state(1, 1, updated=1, trouble=("ProgressDeadlineExceeded", "ReplicaSet has timed out progressing."))},
        ),
        "ImagePullBackOff",
        ("not found",),
        ready=True,
    ),
    Case(
        "rollout is stuck, nobody says why",
        observed(states={"api": state(1, 1, trouble=("ProgressDeadlineExceeded", "timed out"))}),
        "ProgressDeadlineExceeded",
        ("Deployment tales-api", "1 of its pods answer"),
        ready=True,
    ),
    Case(
        "quota comes before the rollout's summary",
        observed(
            states={
                "api": state(1, 0, updated=0, trouble=("FailedCreate", QUOTA)),
                "worker": state(1, 0, trouble=("ProgressDeadlineExceeded", "timed out")),
            }
        ),
        "QuotaExceeded",
        ("tales-api",),
    ),
    Case(
        "worker fails, API answers",
        observed(pod("worker", waiting("ErrImagePull", PULL, name="worker")), states=down("worker")),
        "ImagePullBackOff",
        ("tales-worker",),
    ),
    Case(
        "one of two workers fails",
        observed(pod("worker", waiting("ErrImagePull", PULL, name="worker")), states={"worker": state(2, 1)}),
        "ImagePullBackOff",
        ("tales-worker",),
        ready=True,
        at=situation(1, 2),
    ),
    Case(
        "asleep, and a Secret goes",
        observed(states=dict.fromkeys(("db", "redis", "api", "worker"), state(0, 0)), missing=("xai",)),  # type: ignore[arg-type]
        "SecretMissing",
        ("Secret xai is missing",),
        ready=True,
        at=ASLEEP,
    ),
]
