#!/bin/sh
# MariaDB on a volume. The first start makes the database in a folder of the volume, renames it when it is whole, and then moves its
# content up, which a later start can take up where it was cut off: a start that is killed anywhere never leaves half a database.
# (The data folder is the mount itself, so that it cannot be renamed as a whole.) One pod at a time.
set -eu
umask 077

say() { printf '%s octavo-mysql: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >&2; }
fail() { say "$*"; exit 1; }

[ $# -gt 0 ] || set -- mariadbd
case "$1" in
  -*) set -- mariadbd "$@" ;;
  mysqld) shift; set -- mariadbd "$@" ;;
  mariadbd) ;;
  *) exec "$@" ;;
esac
# As process 1 the shell would ignore both; it heeds them between two programs, and the server gets its own after `exec`.
trap 'exit 143' TERM
trap 'exit 130' INT

data=/var/lib/mysql
making=$data/.initialising
made=$data/.initialised
[ -w "$data" ] || fail "cannot write to $data as user $(id -u): mount a volume there that belongs to the pod's fsGroup"
[ -w /tmp ] || fail "cannot write to /tmp as user $(id -u): mount an emptyDir there"

# The value of the first of the variables that is there, or the content of the file that its _FILE twin names.
setting() {
  for name; do
    eval "value=\${$name-} file=\${${name}_FILE-}"
    if [ -n "$file" ]; then
      [ -z "$value" ] || fail "$name and ${name}_FILE are both set: keep one of them"
      [ -r "$file" ] || fail "${name}_FILE: cannot read $file as user $(id -u)"
      value=$(cat "$file")
    fi
    case "$value" in *"
"*) fail "$name has more than one line" ;; esac
    if [ -n "$value" ]; then
      printf '%s' "$value"
      return
    fi
  done
}

text() { printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g"; }
name() { printf '%s' "$1" | sed 's/`/``/g'; }

# One statement a line. printf and not echo, which would take backslashes for itself.
accounts() {
  echo "FLUSH PRIVILEGES;"
  [ -z "$database" ] || printf 'CREATE DATABASE `%s`;\n' "$(name "$database")"
  if [ -n "$user" ]; then
    printf "CREATE USER '%s'@'%%' IDENTIFIED BY '%s';\n" "$(text "$user")" "$(text "$password")"
    # In the name of what is granted, _ and % would stand for others.
    [ -z "$database" ] || printf "GRANT ALL ON \`%s\`.* TO '%s'@'%%';\n" "$(name "$database" | sed 's/[_%]/\\&/g')" "$(text "$user")"
  fi
  if [ -n "$root_password" ]; then
    printf "ALTER USER 'root'@'localhost' IDENTIFIED BY '%s';\n" "$(text "$root_password")"
    if [ "$root_host" != localhost ]; then
      printf "CREATE USER 'root'@'%s' IDENTIFIED BY '%s';\n" "$(text "$root_host")" "$(text "$root_password")"
      printf "GRANT ALL ON *.* TO 'root'@'%s' WITH GRANT OPTION;\n" "$(text "$root_host")"
    fi
  fi
}

initialise() {
  user=$(setting MARIADB_USER MYSQL_USER)
  database=$(setting MARIADB_DATABASE MYSQL_DATABASE)
  password=$(setting MARIADB_PASSWORD MYSQL_PASSWORD)
  root_password=$(setting MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
  root_host=${MARIADB_ROOT_HOST:-${MYSQL_ROOT_HOST:-%}}
  random=${MARIADB_RANDOM_ROOT_PASSWORD-}${MYSQL_RANDOM_ROOT_PASSWORD-}
  [ -n "$root_password" ] || [ -n "$random" ] || [ -n "$user" ] ||
    fail "no account: set MARIADB_USER and MARIADB_PASSWORD_FILE, or MARIADB_ROOT_PASSWORD_FILE"
  [ -z "$user" ] || [ -n "$password" ] || fail "no password for the user $user: set MARIADB_PASSWORD_FILE (or MARIADB_PASSWORD), and not to nothing"
  for entry in "$data"/* "$data"/.[!.]*; do
    case "$entry" in
      "$data/lost+found" | "$making") ;;
      *) [ ! -e "$entry" ] || fail "$data holds no database, and is not empty either: $(basename "$entry") is there" ;;
    esac
  done
  say "making the database ${database:-(none)} of the user ${user:-root} in $data"
  rm -rf "$making"
  mkdir "$making"
  # Without a password root may come by the socket alone, and only as the system's root, which nobody is in this container.
  mariadb-install-db --datadir="$making" --cross-bootstrap --skip-name-resolve --skip-test-db \
    --auth-root-authentication-method=socket --auth-root-socket-user=mysql >&2
  accounts | mariadbd --datadir="$making" --bootstrap --silent-startup >&2
  sync -f "$making"
  mv -T "$making" "$made"
}

move_up() {
  for entry in "$made"/* "$made"/.[!.]*; do
    [ ! -e "$entry" ] || mv -T "$entry" "$data/$(basename "$entry")"
  done
  sync -f "$data"
  rmdir "$made"
}

[ -d "$made" ] || [ -d "$data/mysql" ] || initialise
[ ! -d "$made" ] || move_up
unset MARIADB_PASSWORD MARIADB_ROOT_PASSWORD MYSQL_PASSWORD MYSQL_ROOT_PASSWORD

run=/run/mysqld
[ -w "$run" ] || run=/tmp
shift
exec mariadbd --datadir="$data" --socket="$run/mysqld.sock" --pid-file="$run/mysqld.pid" "$@"
