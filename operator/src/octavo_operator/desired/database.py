"""StatefulSet `{name}-db`: PostgreSQL or MySQL, with the variables and paths of their official images.

The data directory keeps the password that it was made with. So the server itself is told the present one whenever it starts:
whoever changes it in the Secret, or finds the volume of a former generator again, gets a database that knows it.
"""

from __future__ import annotations

from octavo_core.spec import Resources
from octavo_operator import names
from octavo_operator.desired import credentials, pods
from octavo_operator.desired.stores import VOLUME, claim, stateful_set
from octavo_operator.desired.subject import Json, Subject

_PASSWORD_FILE = f"{pods.CREDENTIALS_PATH}/{names.DATABASE_PASSWORD_KEY}"
_SQL_FILE = f"{pods.CREDENTIALS_PATH}/{credentials.DATABASE_SQL}"
_CONNECTIONS_PER_POD = 10
_CONNECTIONS_SPARE = 20
_RUN_SIZE = "16Mi"
_TMP_SIZE = "1Gi"

_READY_POSTGRESQL = f"pg_isready --quiet --host=127.0.0.1 --username={credentials.DATABASE_USER} --dbname={credentials.DATABASE_NAME}"
_ADOPT_POSTGRESQL = f"""\
for _ in $(seq 600); do
  up=no
  {_READY_POSTGRESQL} && up=yes
  psql --no-psqlrc --no-password --quiet --host=/var/run/postgresql --username={credentials.DATABASE_USER} \
--dbname={credentials.DATABASE_NAME} --set=ON_ERROR_STOP=1 --file={_SQL_FILE} 2>/dev/null && exit 0
  if [ $up = yes ]; then
    echo "octavo: this server takes no password over its socket; it keeps the one that it has" > /proc/1/fd/2
    exit 0
  fi
  sleep 0.5
done
"""
"""Waits for the server and tells it the password over its own socket. Over TCP the real one alone answers; the one that makes the
database at the first start, which comes and goes, does not."""

_PING_MYSQL = f"""\
export MYSQL_PWD="$(cat {_PASSWORD_FILE})"
exec "$(command -v mariadb-admin || command -v mysqladmin)" --user={credentials.DATABASE_USER} --host=127.0.0.1 --connect-timeout=3 ping
"""


def stateful_sets(subject: Subject) -> list[Json]:
    managed = subject.spec.database.managed
    if managed is None:
        return []
    container, user, grace_seconds = _postgresql(subject) if managed.type == "postgresql" else _mysql(subject)
    port = names.DATABASE_PORTS[managed.type]
    container = {
        **container,
        "name": "database",
        "ports": [{"name": "database", "containerPort": port, "protocol": "TCP"}],
        "volumeMounts": [
            pods.mount("credentials", pods.CREDENTIALS_PATH, read_only=True),
            *container["volumeMounts"],
            pods.mount("tmp", "/tmp"),  # noqa: S108
        ],
    }
    secret = names.credentials(subject.name)
    template = pods.template(
        subject,
        "db",
        container=container,
        volumes=[
            pods.secret_volume("credentials", secret, names.DATABASE_PASSWORD_KEY, credentials.DATABASE_SQL),
            pods.empty_volume("run", _RUN_SIZE),
            pods.empty_volume("tmp", _TMP_SIZE),
        ],
        user=user,
        grace_seconds=grace_seconds,
        reads=credentials.fingerprint(subject, names.DATABASE_PASSWORD_KEY),
        labels={names.STORE_LABEL: "true"},
        priority_class_name=subject.spec.api.priority_class_name,
    )
    claims = [claim(subject, "db", managed.storage)]
    return [stateful_set(subject, "db", names.database(subject.name), template, claims, retain=managed.on_delete == "retain")]


def _postgresql(subject: Subject) -> tuple[Json, int, int]:
    settings = subject.settings
    ready = _READY_POSTGRESQL.split()
    container: Json = {
        "image": settings.image_postgresql,
        "env": [
            pods.variable("POSTGRES_USER", credentials.DATABASE_USER),
            pods.variable("POSTGRES_DB", credentials.DATABASE_NAME),
            pods.variable("POSTGRES_PASSWORD_FILE", _PASSWORD_FILE),
            pods.variable("POSTGRES_INITDB_ARGS", "--data-checksums"),
            # below the volume, whose own folder belongs to root and may hold lost+found
            pods.variable("PGDATA", "/var/lib/postgresql/data/pgdata"),
        ],
        "volumeMounts": [pods.mount(VOLUME, "/var/lib/postgresql/data"), pods.mount("run", "/var/run/postgresql")],
        "args": ["-c", f"max_connections={_connections(subject)}"],
        "resources": _resources(settings.resources_postgresql),
        "lifecycle": {"postStart": {"exec": {"command": ["/bin/sh", "-c", _ADOPT_POSTGRESQL]}}},
        "startupProbe": pods.exec_probe(*ready, periodSeconds=2, timeoutSeconds=5, failureThreshold=300),
        "readinessProbe": pods.exec_probe(*ready, periodSeconds=15, timeoutSeconds=5, failureThreshold=2),
        "livenessProbe": pods.tcp_probe(names.DATABASE_PORTS["postgresql"], periodSeconds=30, timeoutSeconds=10, failureThreshold=6),
    }
    return container, settings.user_postgresql, 60


def _mysql(subject: Subject) -> tuple[Json, int, int]:
    settings = subject.settings
    ready = ("/bin/sh", "-c", _PING_MYSQL)
    container: Json = {
        "image": settings.image_mysql,
        # names that the images of MySQL and of MariaDB both know; root is for the pod itself only
        "env": [
            pods.variable("MYSQL_USER", credentials.DATABASE_USER),
            pods.variable("MYSQL_DATABASE", credentials.DATABASE_NAME),
            pods.variable("MYSQL_PASSWORD_FILE", _PASSWORD_FILE),
            pods.variable("MYSQL_ROOT_PASSWORD_FILE", _PASSWORD_FILE),
            pods.variable("MYSQL_ROOT_HOST", "localhost"),
        ],
        # below the volume, as above
        "volumeMounts": [pods.mount(VOLUME, "/var/lib/mysql", sub_path="mysql"), pods.mount("run", "/var/run/mysqld")],
        "args": [f"--init-file={_SQL_FILE}", f"--max-connections={_connections(subject)}"],
        "resources": _resources(settings.resources_mysql),
        "startupProbe": pods.exec_probe(*ready, periodSeconds=2, timeoutSeconds=5, failureThreshold=300),
        "readinessProbe": pods.exec_probe(*ready, periodSeconds=15, timeoutSeconds=5, failureThreshold=2),
        # a bare connection would be warned of in its log each time
        "livenessProbe": pods.exec_probe(*ready, periodSeconds=30, timeoutSeconds=10, failureThreshold=6),
    }
    return container, settings.user_mysql, 120


def _resources(default: Resources) -> Json:
    return pods.resources(default, default)


def _connections(subject: Subject) -> int:
    """Room for every pod that may stand at once, in hundreds: the server restarts when this number changes."""
    most_pods = 2 * subject.spec.api.replicas + subject.spec.workers.max + 1
    return -(-(most_pods * _CONNECTIONS_PER_POD + _CONNECTIONS_SPARE) // 100) * 100
