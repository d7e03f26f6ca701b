#!/bin/sh
# FerretDB where MongoDB's official image would be: the same folder and port. It knows no accounts, so whoever reaches it may do everything;
# a NetworkPolicy says who does. What it is told as `mongod` it ignores, but for the port.
set -eu
umask 077

fail() { printf '%s octavo-mongodb: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >&2; exit 1; }

data=/data/db
port=27017
[ $# -gt 0 ] || set -- mongod
case "$1" in
  mongod | -*)
    while [ $# -gt 0 ]; do
      case "$1" in
        --port) port=${2:?--port needs a number}; shift ;;
        --port=*) port=${1#--port=} ;;
      esac
      shift
    done ;;
  *) exec "$@" ;;
esac
[ -z "${MONGO_INITDB_ROOT_USERNAME-}${MONGO_INITDB_ROOT_USERNAME_FILE-}" ] ||
  fail "there are no accounts here: leave MONGO_INITDB_ROOT_USERNAME away, or take MongoDB's own image"
[ -w "$data" ] || fail "cannot write to $data as user $(id -u): mount a volume there that belongs to the pod's fsGroup"
[ -w /tmp ] || fail "cannot write to /tmp as user $(id -u): mount an emptyDir there"
exec ferretdb -listen ":$port" -folder "$data"
