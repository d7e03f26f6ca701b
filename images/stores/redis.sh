#!/bin/sh
# Redis with the arguments of the official image: none, options, or a configuration file (where the password belongs, not in argv).
set -eu
umask 077
[ $# -gt 0 ] || set -- redis-server
case "$1" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
