"""Secret `{name}-credentials`: three generated passwords, and what follows from them for those who cannot take a password as it is.

The passwords are the truth, also after somebody edited them: all else is made anew of them, pods roll, and a managed database takes
its new password when it starts (see `database`). They stand in this object and nowhere else.
"""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

from octavo_core.spec import GeneratorService
from octavo_core.spec.stores import ManagedRedis
from octavo_operator import names
from octavo_operator.desired.subject import Json, Subject, digest
from octavo_operator.resource import Passwords
from octavo_operator.settings import OperatorSettings

REDIS_CONF = "redis.conf"
DATABASE_SQL = "database.sql"
DATABASE_USER = "octavo"
DATABASE_NAME = "octavo"

_MEMORY_SHARE = 0.7
_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "": 1}


def secret(subject: Subject) -> Json:
    data = {key: b64encode(value.encode()).decode() for key, value in subject.secrets.items()}
    return subject.child("v1", "Secret", names.credentials(subject.name), "credentials", type="Opaque", data=data)


def values(resource: GeneratorService, passwords: Passwords, settings: OperatorSettings) -> dict[str, str]:
    """The Secret's data in plain."""
    name = resource.metadata.name
    found = {names.FORWARDING_KEY: passwords.forwarding}
    redis, database = resource.spec.redis, resource.spec.database
    if redis.managed is not None:
        host = names.store_host(name, names.redis(name))
        found[names.REDIS_PASSWORD_KEY] = passwords.redis
        found[names.REDIS_URL_KEY] = f"redis://:{quote(passwords.redis, safe='')}@{host}:{names.REDIS_PORT}/0"
        found[REDIS_CONF] = _redis_conf(redis.managed, passwords.redis, settings)
    if database.managed is not None:
        host, kind = names.store_host(name, names.database(name)), database.managed.type
        password = quote(passwords.database, safe="")
        found[names.DATABASE_PASSWORD_KEY] = passwords.database
        found[names.DATABASE_URL_KEY] = f"{kind}://{DATABASE_USER}:{password}@{host}:{names.DATABASE_PORTS[kind]}/{DATABASE_NAME}"
        found[DATABASE_SQL] = _database_sql(kind, passwords.database)
    return found


def fingerprint(subject: Subject, *keys: str) -> str:
    """Changes with these values, and tells nobody without the Secret even whether a guess of one is right: the forwarding key, which
    nobody guesses, is in it."""
    return digest([subject.secrets[key] for key in (names.FORWARDING_KEY, *keys)])


def _redis_conf(redis: ManagedRedis, password: str, settings: OperatorSettings) -> str:
    lines = [
        f"requirepass {_quoted(password)}",
        f"port {names.REDIS_PORT}",
        "dir /data",
        # a snapshot doubles the memory for a moment; the log does not, and loses a second at most
        'save ""',
        f"appendonly {'no' if redis.storage is None else 'yes'}",
        # streams of events have a time to live and may go; the bell has none and stays
        "maxmemory-policy volatile-ttl",
    ]
    limit = settings.resources_redis.limits.get("memory")
    size = None if limit is None else _bytes(limit)
    if size is not None:
        lines.append(f"maxmemory {round(size * _MEMORY_SHARE)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """As redis.conf reads a string between double quotes."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else "".join(f"\\x{byte:02x}" for byte in c.encode()) for c in text) + '"'


def _database_sql(kind: str, password: str) -> str:
    """Run by the server itself when it starts, so that it knows the password that its clients use."""
    if kind == "mysql":
        # one line, for that is how the server reads this file
        text = password.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
        return f"ALTER USER IF EXISTS '{DATABASE_USER}'@'%' IDENTIFIED BY '{text}';\n"
    text = password.replace("'", "''")
    # first that it is not logged, not even when it fails
    quiet = "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1;"
    return f"{quiet}\nSET standard_conforming_strings = on;\nALTER USER {DATABASE_USER} PASSWORD '{text}';\n"


def _bytes(quantity: str) -> int | None:
    """Of a Kubernetes quantity in its usual spelling; None for any other."""
    number = quantity.rstrip("KMGTikmE")
    unit = _UNITS.get(quantity[len(number) :])
    if unit is None or not number.replace(".", "", 1).isdigit():
        return None
    return int(float(number) * unit)
