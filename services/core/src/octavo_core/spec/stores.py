"""`spec.redis`, `spec.database` and `spec.storage`: what holds messages, jobs and pictures."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.references import Credentials, External
from octavo_core.spec.rule import Rule, immutable, one_of
from octavo_core.spec.scalars import HttpUrl, Quantity, SecretKey


class ManagedRedis(Model):
    """A Redis of this generator's own, which sleeps and goes with it."""

    storage: Quantity = Field("1Gi", description="Size of its volume. Losing it loses nothing: the database is the truth.")


class Redis(Model):
    """The bell and the event stream. A laptop uses the Redis that `octavo up` starts."""

    managed: ManagedRedis | None = Field(None, description="Octavo runs a Redis for this generator.")
    external: External | None = Field(None, description="A Redis that is there already, by a redis:// or rediss:// URL in a Secret.")

    rules: ClassVar[tuple[Rule, ...]] = (one_of("managed", "external", message="redis is either managed or external"),)


class ManagedDatabase(Model):
    """A database server of this generator's own."""

    type: Literal["postgresql", "mysql"] = Field(
        "postgresql",
        json_schema_extra=immutable("the type of a managed database"),
        description="Which server is run. It cannot change once the resource is made, for the jobs are in it.",
    )
    storage: Quantity = Field("5Gi", description="Size of its volume.")


class Database(Model):
    """Where the jobs are: the truth. A laptop uses SQLite in its `.octavo/` folder."""

    managed: ManagedDatabase | None = Field(None, description="Octavo runs a database for this generator.")
    external: External | None = Field(None, description="A database that is there already, by a postgresql:// or mysql:// URL in a Secret.")

    rules: ClassVar[tuple[Rule, ...]] = (one_of("managed", "external", message="database is either managed or external"),)


class S3Storage(Model):
    """A bucket of Amazon S3, or of a server that speaks its protocol."""

    bucket: SecretKey = Field(description="The bucket's name.")
    region: SecretKey | None = Field(None, description="The bucket's region, such as eu-west-1.")
    endpoint: HttpUrl | None = Field(None, description="Address of an S3-compatible server, such as MinIO. Left out: Amazon's.")


class AzureStorage(Model):
    """A container of Azure Blob storage."""

    account: SecretKey = Field(description="The storage account's name.")
    container: SecretKey = Field(description="The container's name.")
    endpoint: HttpUrl | None = Field(None, description="Address of the blob service. Left out: the account's public one.")


class Storage(Model):
    """Where pictures are kept, at YYYY/MM/DD/{id}.png."""

    backend: Literal["local", "s3", "azure"] = Field(
        "local", description="local: a folder, on a volume in a cluster. s3, azure: object storage."
    )
    s3: S3Storage | None = Field(None, description="Needed for the backend s3.")
    azure: AzureStorage | None = Field(None, description="Needed for the backend azure.")
    credentials: Credentials | None = Field(
        None, description="Access key of the object storage. Left out: the identity of the pod or of the machine."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            name="s3 and its bucket",
            cel="(self.backend == 's3') == has(self.s3)",
            message="backend s3 needs s3.bucket, and s3 belongs to backend s3 only",
            check=lambda storage: (storage.backend == "s3") == (storage.s3 is not None),
            reads=("backend", "s3"),
            at="s3",
        ),
        Rule(
            name="azure and its container",
            cel="(self.backend == 'azure') == has(self.azure)",
            message="backend azure needs azure.account and azure.container, and azure belongs to backend azure only",
            check=lambda storage: (storage.backend == "azure") == (storage.azure is not None),
            reads=("backend", "azure"),
            at="azure",
        ),
    )
