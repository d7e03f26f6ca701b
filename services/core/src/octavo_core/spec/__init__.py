"""The resource `GeneratorService`: one description that the laptop, the operator and the generators themselves read."""

from octavo_core.spec.audiences import AUDIENCE_NAMES, DEFAULT_AUDIENCES, AudienceName, AudienceParameters, Audiences
from octavo_core.spec.auth import Auth
from octavo_core.spec.engine import Engine, EngineName, Quantization
from octavo_core.spec.jobs import Jobs, Retry
from octavo_core.spec.limits import Breaker, Budget, Fallback, Images, Limits, Moderation
from octavo_core.spec.load import load_resources
from octavo_core.spec.model_uri import ModelUri, parse_model_uri
from octavo_core.spec.parse import parse_resource
from octavo_core.spec.pipeline import Pipeline, Step
from octavo_core.spec.providers import Provider, ProviderPrice, ProviderType
from octavo_core.spec.references import Credentials, External, SecretRef
from octavo_core.spec.resource import API_VERSION, GROUP, KIND, VERSION, GeneratorService, Metadata, Spec
from octavo_core.spec.scripts import ScriptBeat, Scripts, ScriptTemplate, Words
from octavo_core.spec.status import Condition, QueueStatus, Status, WorkersStatus
from octavo_core.spec.stores import AzureStorage, Database, LocalStorage, Redis, S3Storage, Storage
from octavo_core.spec.tasks import DEFAULT_MODES, TASKS, Mode, Task
from octavo_core.spec.workloads import Api, HttpRoute, Ingress, ParentRef, Resources, Scaling, Workers

__all__ = [
    "API_VERSION",
    "AUDIENCE_NAMES",
    "DEFAULT_AUDIENCES",
    "DEFAULT_MODES",
    "GROUP",
    "KIND",
    "TASKS",
    "VERSION",
    "Api",
    "AudienceName",
    "AudienceParameters",
    "Audiences",
    "Auth",
    "AzureStorage",
    "Breaker",
    "Budget",
    "Condition",
    "Credentials",
    "Database",
    "Engine",
    "EngineName",
    "External",
    "Fallback",
    "GeneratorService",
    "HttpRoute",
    "Images",
    "Ingress",
    "Jobs",
    "Limits",
    "LocalStorage",
    "Metadata",
    "Mode",
    "ModelUri",
    "Moderation",
    "ParentRef",
    "Pipeline",
    "Provider",
    "ProviderPrice",
    "ProviderType",
    "Quantization",
    "QueueStatus",
    "Redis",
    "Resources",
    "Retry",
    "S3Storage",
    "Scaling",
    "ScriptBeat",
    "ScriptTemplate",
    "Scripts",
    "SecretRef",
    "Spec",
    "Status",
    "Step",
    "Storage",
    "Task",
    "Words",
    "Workers",
    "WorkersStatus",
    "load_resources",
    "parse_model_uri",
    "parse_resource",
]
