"""`spec.redis`, `spec.database` and `spec.storage`: what holds messages, jobs and pictures."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from octavo_core.spec.model import Model
from octavo_core.spec.references import Credentials, External
from octavo_core.spec.rule import Rule, immutable, one_of
from octavo_core.spec.scalars import HttpUrl, ObjectName, Quantity, SecretKey


class ManagedRedis(Model):
    """A Redis of this generator's own, which sleeps and goes with it."""

    storage: Quantity | None = Field(
        None,
        description="Size of its volume. Left out: it has none, and after a restart it begins empty. That loses no job, for the database is"
        " the truth; with a volume, clients that were away at the restart still find the events they missed.",
    )


class Redis(Model):
    """The bell and the event stream. A laptop uses the Redis that `octavo up` starts."""

    managed: ManagedRedis | None = Field(None, description="Octavo runs a Redis for this generator.")
    external: External | None = Field(None, description="A Redis that is there already, by a redis:// or rediss:// URL in a Secret.")

    rules: ClassVar[tuple[Rule, ...]] = (
        one_of("managed", "external", message="redis is either managed or external; give exactly one of the two"),
    )


class ManagedDatabase(Model):
    """A database server of this generator's own."""

    type: Literal["postgresql", "mysql"] = Field(
        "postgresql",
        json_schema_extra=immutable("the type of a managed database"),
        description="Which server is run. It cannot change once the resource is made, for the jobs are in it.",
    )
    storage: Quantity = Field(
        "5Gi",
        json_schema_extra=immutable(
            "the size of a managed database's volume", "where its storage class allows it, grow its PersistentVolumeClaim instead"
        ),
        description="Size of its volume. It cannot change here once the resource is made; where the storage class allows it, the"
        " PersistentVolumeClaim data-NAME-db-0 can be grown.",
    )
    on_delete: Literal["delete", "retain"] = Field(
        "delete",
        description="What becomes of its volume when this GeneratorService is deleted. delete: it goes, with all jobs in it. retain: it"
        " stays, and a GeneratorService of the same name finds its jobs again; remove it by hand when it is not needed any more.",
    )


class Database(Model):
    """Where the jobs are: the truth. A laptop uses SQLite in its `.octavo/` folder."""

    managed: ManagedDatabase | None = Field(None, description="Octavo runs a database for this generator.")
    external: External | None = Field(None, description="A database that is there already, by a postgresql:// or mysql:// URL in a Secret.")

    rules: ClassVar[tuple[Rule, ...]] = (
        one_of("managed", "external", message="database is either managed or external; give exactly one of the two"),
    )


class LocalStorage(Model):
    """The folder of pictures in a cluster: a volume that the API and the workers share. A laptop has a folder below `.octavo/`."""

    size: Quantity = Field(
        "10Gi", description="Size of the volume. It may grow where the storage class allows that; no volume ever becomes smaller."
    )
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = Field(
        "ReadWriteOnce",
        json_schema_extra=immutable("the access mode of a volume"),
        description="ReadWriteOnce: every storage class has it; all pods of the generator then stand on one node. ReadWriteMany: they stand"
        " anywhere, on a storage class that can do that (NFS, CephFS, Azure Files, EFS).",
    )
    storage_class_name: ObjectName | None = Field(
        None,
        json_schema_extra=immutable("the storage class of a volume"),
        description="StorageClass of the volume. Left out: that of managed stores.",
    )
    on_delete: Literal["delete", "retain"] | None = Field(
        None,
        description="What becomes of the pictures when this GeneratorService is deleted, or they are kept elsewhere from now on. delete:"
        " they go. retain: the PersistentVolumeClaim NAME-images stays, and a GeneratorService of the same name finds it again. Left out:"
        " as database.managed.onDelete says; delete where the database is external.",
    )


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


def _settings_of(backend: str, needed: str) -> tuple[Rule, Rule]:
    """A backend has the settings of its own name, and no other has them."""
    given = Rule(
        name=f"{backend} with its settings",
        cel=f"self.backend != '{backend}' || has(self.{backend})",
        message=f"backend {backend} needs {needed}",
        check=lambda storage: storage.backend != backend or getattr(storage, backend) is not None,
        reads=("backend", backend),
        at=backend,
        missing=True,
    )
    return given, _only_for(backend)


def _only_for(backend: str) -> Rule:
    return Rule(
        name=f"{backend} for its backend",
        cel=f"self.backend == '{backend}' || !has(self.{backend})",
        message=f"{backend} belongs to backend {backend} only; set backend to {backend}, or leave it out",
        check=lambda storage: storage.backend == backend or getattr(storage, backend) is None,
        reads=("backend", backend),
        at=backend,
    )


class Storage(Model):
    """Where pictures are kept, at YYYY/MM/DD/{id}.png."""

    backend: Literal["local", "s3", "azure"] = Field(
        "local", description="local: a folder, on a volume in a cluster. s3, azure: object storage."
    )
    local: LocalStorage | None = Field(None, description="The volume of the backend local, in a cluster. Left out: its defaults.")
    s3: S3Storage | None = Field(None, description="Needed for the backend s3.")
    azure: AzureStorage | None = Field(None, description="Needed for the backend azure.")
    credentials: Credentials | None = Field(
        None,
        description="Access key of the object storage: ID:SECRET for s3, the account's key or connection string for azure. Left out:"
        " the identity of the pod or of the machine.",
    )
    encryption_key: Credentials | None = Field(
        None,
        description="A key of 32 bytes in base64, with which pictures are encrypted (AES-256-GCM) before they leave the process. Left out:"
        " what the storage itself does.",
    )
    retention_days: int | None = Field(
        None, ge=1, le=36500, description="How many days pictures are kept. Left out: until they are deleted."
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        _only_for("local"),
        *_settings_of("s3", "s3.bucket"),
        *_settings_of("azure", "azure.account and azure.container"),
    )
