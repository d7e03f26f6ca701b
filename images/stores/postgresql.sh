#!/bin/sh
# PostgreSQL on a volume. The first start makes the database in a folder beside $PGDATA and renames it when it is whole: a start that is
# killed anywhere leaves either nothing or all, and the next one does the rest. One pod at a time, as a StatefulSet with one replica has it.
set -eu
umask 077

say() { printf '%s octavo-postgresql: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >&2; }
fail() { say "$*"; exit 1; }

[ $# -gt 0 ] || set -- postgres
case "$1" in
  -*) set -- postgres "$@" ;;
  postgres) ;;
  *) exec "$@" ;;
esac
# As process 1 the shell would ignore both; it heeds them between two programs, and the servers get theirs after `exec`.
trap 'exit 143' TERM
trap 'exit 130' INT

volume=$(dirname "$PGDATA")
[ -w "$volume" ] || fail "cannot write to $volume as user $(id -u): mount a volume there that belongs to the pod's fsGroup"

# The password from POSTGRES_PASSWORD or from the file that POSTGRES_PASSWORD_FILE names.
password() {
  if [ -n "${POSTGRES_PASSWORD_FILE-}" ]; then
    [ -z "${POSTGRES_PASSWORD-}" ] || fail "POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set: keep one of them"
    [ -r "$POSTGRES_PASSWORD_FILE" ] || fail "POSTGRES_PASSWORD_FILE: cannot read $POSTGRES_PASSWORD_FILE as user $(id -u)"
    cat "$POSTGRES_PASSWORD_FILE"
  else
    printf '%s\n' "${POSTGRES_PASSWORD-}"
  fi
}

# initdb asks for the name of its user, which a number that the platform gave does not have.
with_a_name() {
  if getent passwd "$(id -u)" > /dev/null; then
    "$@"
  else
    printf 'postgres:x:%s:%s::/:/usr/sbin/nologin\n' "$(id -u)" "$(id -g)" > "$making.passwd"
    LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD="$making.passwd" NSS_WRAPPER_GROUP=/etc/group "$@"
  fi
}

initialise() {
  making=$PGDATA.initialising
  user=${POSTGRES_USER:-postgres}
  database=${POSTGRES_DB:-$user}
  secret=$(password)
  [ -n "$secret" ] || fail "no password for the user $user: set POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD), and not to nothing"
  case "$secret" in *"
"*) fail "the password has more than one line" ;; esac
  if [ -e "$PGDATA" ]; then
    rmdir "$PGDATA" 2> /dev/null ||
      fail "$PGDATA holds no database and cannot be replaced: it must be absent, or an empty folder inside the volume and not the mount itself"
  fi
  say "making the database $database of the user $user in $PGDATA"
  rm -rf "$making"
  # shellcheck disable=SC2086  # several arguments, as in the official image
  printf '%s\n' "$secret" | with_a_name initdb --pgdata="$making" --username="$user" --pwfile=/dev/stdin --encoding=UTF8 \
    --locale=C.UTF-8 --data-checksums --auth-local=trust --auth-host=scram-sha-256 --no-instructions ${POSTGRES_INITDB_ARGS-} >&2
  echo "host all all all scram-sha-256" >> "$making/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$making/postgresql.conf"
  if [ "$database" != postgres ]; then
    quoted=$(printf '%s' "$database" | sed 's/"/""/g')
    # Single-user mode: no server that somebody could take for the ready one. It reports a refused statement in its output alone.
    report=$(printf 'CREATE DATABASE "%s"\n' "$quoted" | with_a_name postgres --single -D "$making" postgres 2>&1) || fail "$report"
    case "$report" in *ERROR:*) fail "$report" ;; esac
  fi
  rm -f "$making.passwd"
  sync -f "$making"
  mv -T "$making" "$PGDATA"
  sync -f "$volume"
}

[ -s "$PGDATA/PG_VERSION" ] || initialise
unset POSTGRES_PASSWORD
# Kubernetes adds the group's rights when it mounts the volume; PostgreSQL refuses a folder that others may read.
chmod 0700 "$PGDATA"

sockets=/run/postgresql
[ -w "$sockets" ] || sockets=/tmp
[ -w "$sockets" ] || sockets=
shift
exec postgres -c "unix_socket_directories=$sockets" "$@"
