#!/usr/bin/env bash
# Builds the packages twice, and proves them by installing: in a clean Debian without systemd and in
# one that has it, over an installation by hand, and an upgrade under a running daemon; remove, purge;
# the rpm by rpm. Run it as root: make package-check
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo "deploy/package/check.sh installs packages into folders, so it must be run as root" >&2; exit 1; }
# Mounts of its own, which end with it.
[ -n "${DUOSYNC_CHECK_MOUNTS:-}" ] || DUOSYNC_CHECK_MOUNTS=own exec unshare --mount "$0"

work=$(mktemp -d)
chmod 0755 "$work"
pids=()
cleanup() {
  for pid in "${pids[@]}" $(cat "$work"/*/run/daemon.pid 2>/dev/null); do kill "$pid" 2>/dev/null || true; done
  for root in "$work"/root-*; do
    if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
  done
  rm -rf "$work"
}
trap cleanup EXIT

say() { echo "package: $*"; }
fail() { echo "package: FAILED: $*" >&2; exit 1; }
# shellcheck source=deploy/neighbours.sh
. "$top/deploy/neighbours.sh"
need debootstrap debootstrap
need lintian lintian
need rpm rpm
need slapd slapd

# ---------------------------------------------------------------- building
arch=$(dpkg --print-architecture)
version=$(cat "$top/cmd/internal/version/VERSION")
next=99.0.0
deb=$work/one/duosync_${version}_$arch.deb
newer=$work/next/duosync_${next}_$arch.deb

# build_all builds the version twice, in two places, and one to come with another configuration.
build_all() {
  export TOOLS=$top/.bin SYSTEMS=linux ARCHS=$arch COMMIT=check DATE=2026-11-30T08:00:00Z
  mkdir -p "$work/elsewhere/sources"
  tar -C "$top" --exclude=./.git --exclude=./.bin --exclude=./bin --exclude=./dist -cf - . | tar -C "$work/elsewhere/sources" -xf -
  "$top/deploy/package/build.sh" "$work/one" >/dev/null
  "$work/elsewhere/sources/deploy/package/build.sh" "$work/two" >/dev/null
  diff "$work/one/SHA256SUMS" "$work/two/SHA256SUMS" || fail "two builds differ"
  (cd "$work/one" && sha256sum --quiet --check SHA256SUMS)
  say "two builds in two folders: the same checksums of $(wc -l <"$work/one/SHA256SUMS") files"
  echo '# a line of the next version' >>"$work/elsewhere/sources/cmd/internal/config/example.yaml"
  VERSION=$next DATE=2027-01-01T00:00:00Z "$work/elsewhere/sources/deploy/package/build.sh" "$work/next" >/dev/null
  mkdir "$work/archive"
  tar -C "$work/archive" --strip-components=1 -xzf "$work/one/duosync-$version-linux-$arch.tar.gz"
  host=$work/archive/duosync
}

check_files() {
  lintian --fail-on error "$deb" >"$work/lintian" 2>/dev/null || { cat "$work/lintian" >&2; fail "lintian"; }
  say "lintian: no error, $(grep -c ^W: "$work/lintian" || true) warnings"
  local modules named
  modules=$(go version -m "$host" | awk '$1 == "dep" { print $2 "@" $3 }' | sort)
  named=$(sed -n 's/^      "bom-ref": "pkg:golang\/\([^?"]*\)?type=module",*$/\1/p' "$work/one/duosync-$version-linux-$arch.cdx.json" | grep -v '^std@' | sort)
  [ "$modules" = "$named" ] || { diff <(echo "$modules") <(echo "$named") >&2; fail "the bill of materials is not of these modules"; }
  say "the bill of materials names all $(wc -l <<<"$modules") modules of go version -m"
  "$host" version | grep -q "duosync $version (commit check, 2026-11-30, go" || fail "version: $("$host" version)"
}

# ---------------------------------------------------------------- clean roots
cache=${DUOSYNC_CHECK_CACHE:-/var/cache/duosync-package-check}/root

# new_root NAME makes one, $root.
new_root() {
  if [ ! -e "$cache/usr/bin/mandb" ]; then
    rm -rf "$cache" && mkdir -p "$cache"
    debootstrap --variant=minbase --include=passwd,man-db,bash-completion,ca-certificates bookworm "$cache" >"$work/debootstrap" 2>&1 ||
      { tail "$work/debootstrap" >&2; rm -rf "$cache"; fail "debootstrap"; }
  fi
  root=$work/root-$1
  cp -a "$cache" "$root"
  rm -f "$root/etc/dpkg/dpkg.cfg.d/"*
  mount -t proc proc "$root/proc"
}
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
install_deb() { # FILE [OPTIONS]
  cp "$1" "$root/tmp/package.deb"
  inside dpkg "${@:2}" --install /tmp/package.deb >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "dpkg --install $(basename "$1")"; }
  rm "$root/tmp/package.deb"
}
mode_of() { inside stat -c '%a %U:%G' "$1"; }
is() { # PATH MODE OWNER
  [ "$(mode_of "$1")" = "$2 $3" ] || fail "$1 is $(mode_of "$1"), want $2 $3"
}
files() { (cd "$root" && find . -path ./proc -prune -o \( -type f -o -type l -o -type d \) -print | grep -vE '^\./(var/(cache|lib/dpkg|log)|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|tmp|run)' | sort); }

# configure the installation as an administrator would: one file, and the secrets.
configure() {
  sed -i -e "s#ldap://localhost:10389#ldap://127.0.0.1:$port#" -e 's#uid=admin,ou=system#cn=admin,dc=WSO2,dc=ORG#' \
    -e "s#host: api-xxxxxxxx.duosecurity.com#host: $(of host)\n  ca_file: ca.pem#" -e "s#DIXXXXXXXXXXXXXXXXXX#$(of integration_key)#" \
    -e 's#  \# at_start: true .*#  cron: "@every 1h"#' "$root/etc/duosync/config.yaml"
  printf planted-ldap-password | inside install -m 0640 -g duosync /dev/stdin /etc/duosync/credentials/ldap-password
  of secret_key | inside install -m 0640 -g duosync /dev/stdin /etc/duosync/credentials/duo-secret-key
  install -m 0644 "$work/duo/ca.pem" "$root/etc/duosync/ca.pem"
}
of() { sed -n "0,/^  $1: /s/^  $1: //p" "$work/duo/duo.yaml"; }

# as_unit UNIT [MORE]: what the unit starts, as its user and with the secrets, and nothing of systemd.
as_unit() {
  local start
  start=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/$1")
  # shellcheck disable=SC2086 # words
  inside setpriv --reuid=duosync --regid=duosync --clear-groups --no-new-privs \
    env CREDENTIALS_DIRECTORY=/etc/duosync/credentials $start "${@:2}"
}
# by_hand CODE ARGS: a command as documented, with its exit code; the output is in $work/out.
by_hand() {
  local got=0
  inside setpriv --reuid=duosync --regid=duosync --clear-groups \
    env CREDENTIALS_DIRECTORY=/etc/duosync/credentials duosync "${@:2}" >"$work/out" 2>&1 || got=$?
  [ "$got" = "$1" ] || { cat "$work/out" >&2; fail "duosync ${*:2}: exit $got, want $1"; }
}

# ---------------------------------------------------------------- without systemd
check_clean() {
  new_root clean
  files >"$work/before"
  install_deb "$deb"
  is /usr/bin/duosync 755 root:root
  is /etc/duosync 750 root:duosync
  is /etc/duosync/config.yaml 640 root:duosync
  is /etc/duosync/credentials 750 root:duosync
  is /var/lib/duosync 700 duosync:duosync
  is /usr/lib/systemd/system/duosync.timer 644 root:root
  inside dpkg --verify duosync | grep . && fail "dpkg --verify"
  configure
  by_hand 0 check
  by_hand 0 sync --dry-run
  as_unit duosync.service >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "the timer's run"; }
  by_hand 0 sync --dry-run --detailed-exitcode
  [ -z "$(find "$root/var/lib/duosync" ! -uid "$(inside id -u duosync)")" ] || fail "not all of the state is duosync's"
  say "installed without systemd, configured, run as the timer runs it"

  for page in duosync duosync-sync "5 duosync.yaml"; do
    # shellcheck disable=SC2086 # words
    inside env MANWIDTH=80 man --warnings $page >"$work/out" 2>"$work/err" || fail "man $page"
    [ ! -s "$work/err" ] || { cat "$work/err" >&2; fail "man $page warns"; }
  done
  completes "duosync history " last
  completes "duosync config init --preset free" freeipa
  completes "duosync --log-level de" debug
  say "man finds its pages, bash completes ids of runs and presets"

  inside dpkg --remove duosync >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "remove"; }
  [ -e "$root/var/lib/duosync/duosync.db" ] && [ -e "$root/etc/duosync/config.yaml" ] && [ ! -e "$root/usr/bin/duosync" ] || fail "remove took too much, or too little"
  install_deb "$deb"
  by_hand 0 sync --dry-run --detailed-exitcode
  inside dpkg --purge duosync >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "purge"; }
  files >"$work/after"
  diff "$work/before" "$work/after" >"$work/out" || { cat "$work/out" >&2; fail "a purge leaves this"; }
  say "removed: state and configuration stay, and serve the next installation; purged: nothing is left but the account"
}

completes() { # LINE WANT
  cat >"$root/tmp/complete" <<-BASH
	. /usr/share/bash-completion/bash_completion
	. /usr/share/bash-completion/completions/duosync
	COMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}
	read -ra COMP_WORDS <<<"\$COMP_LINE"
	[ "\${COMP_LINE: -1}" != " " ] || COMP_WORDS+=("")
	COMP_CWORD=\$((\${#COMP_WORDS[@]} - 1)); COMP_TYPE=9
	__start_duosync
	printf '%s\n' "\${COMPREPLY[@]}"
	BASH
  inside bash /tmp/complete >"$work/out" 2>&1
  grep -q "^$2" "$work/out" || { cat "$work/out" >&2; fail "'$1' is not completed to $2"; }
}

# ---------------------------------------------------------------- with systemd, as far as the package sees it
# A systemctl that knows one unit, whose process is the real daemon, and keeps what it was asked.
fake_systemd() {
  mkdir -p "$root/run/systemd/system" "$root/etc/systemd/system"
  cat >"$root/usr/bin/systemctl" <<'SH'
#!/bin/sh
echo "$*" >>/run/asked
stop() {
  [ -s /run/daemon.pid ] || return 0
  kill -TERM "$(cat /run/daemon.pid)"
  while kill -0 "$(cat /run/daemon.pid)" 2>/dev/null; do sleep 0.1; done
  rm /run/daemon.pid
}
start() {
  setpriv --reuid=duosync --regid=duosync --clear-groups env CREDENTIALS_DIRECTORY=/etc/duosync/credentials \
    sh -c 'echo $$ >&3; exec duosync run --config /etc/duosync/config.yaml --log-level info' 3>/run/daemon.pid >>/run/daemon.log 2>&1 </dev/null &
}
case "$*" in
  "start duosync-daemon.service") start ;;
  "try-restart duosync-daemon.service") if [ -s /run/daemon.pid ]; then stop; start; fi ;;
  stop*duosync-daemon.service*) stop ;;
esac
SH
  chmod 0755 "$root/usr/bin/systemctl"
}
runs() { by_hand 0 history --format json; grep -o '"run_id"' "$work/out" | wc -l; }
wait_for_runs() {
  for _ in $(seq 150); do [ "$(runs)" -ge "$1" ] && return; sleep 0.2; done
  cat "$root/run/daemon.log" >&2
  fail "the daemon made $(runs) runs, want $1"
}

check_upgrade() {
  new_root upgrade
  fake_systemd
  install_deb "$deb"
  configure
  by_hand 0 sync --adopt anna --adopt ravi --adopt zoe # whom the first installation made
  inside systemctl start duosync-daemon.service
  wait_for_runs 2
  local old
  old=$(cat "$root/run/daemon.pid")
  echo '# edited' >>"$root/etc/duosync/config.yaml"

  install_deb "$newer" --force-confold
  grep -q "^try-restart duosync-daemon.service" "$root/run/asked" || fail "an upgrade does not restart the daemon"
  for _ in $(seq 50); do [ -s "$root/run/daemon.pid" ] && break; sleep 0.1; done
  [ "$(cat "$root/run/daemon.pid")" != "$old" ] || fail "the daemon is the old one"
  wait_for_runs 3
  inside duosync version | grep -q "duosync $next " || fail "version after the upgrade"
  grep -q '^# edited' "$root/etc/duosync/config.yaml" || fail "an edited configuration was replaced"
  grep -q 'a line of the next version' "$root/etc/duosync/config.yaml.dpkg-dist" || fail "the new configuration is not beside the edited one"
  is /etc/duosync/config.yaml 640 root:duosync
  say "upgraded under a running daemon: it went on as the new version; the edited configuration stayed"

  # Back to the earlier version: the schema is the same, so it goes on. A state of a schema to come
  # is refused, and told.
  install_deb "$deb" --force-confold
  by_hand 0 due
  inside systemctl stop duosync-daemon.service
  cp -a "$root/var/lib/duosync/duosync.db" "$work/kept.db"
  go run "$top/deploy/package/newer" "$root/var/lib/duosync/duosync.db"
  by_hand 1 sync
  grep -q 'newer duosync' "$work/out" && grep -q '→.*update duosync' "$work/out" || { cat "$work/out" >&2; fail "a downgrade is not told"; }
  cp -a "$work/kept.db" "$root/var/lib/duosync/duosync.db"
  by_hand 0 sync
  say "a downgrade goes on where the schema is the same, and is refused with a remedy where it is not"

  inside systemctl start duosync-daemon.service
  for _ in $(seq 50); do [ -s "$root/run/daemon.pid" ] && break; sleep 0.1; done
  inside dpkg --purge duosync >"$work/dpkg" 2>&1 || { cat "$work/dpkg" >&2; fail "purge"; }
  [ ! -e "$root/run/daemon.pid" ] || fail "the daemon outlives the package"
  grep -q '^--quiet disable duosync.timer' "$root/run/asked" || fail "the timer stays enabled"
  [ ! -e "$root/var/lib/duosync" ] && [ ! -e "$root/etc/duosync" ] || fail "a purge leaves something"
  say "purged under a running daemon: it ended first"
}

# ---------------------------------------------------------------- over an installation by hand
check_by_hand() {
  new_root hand
  # As docs/schedule.md has it.
  install -m 0755 "$host" "$root/usr/local/bin/duosync"
  inside useradd --system --user-group --home-dir /var/lib/duosync --shell /usr/sbin/nologin duosync
  inside install -d -m 0750 -g duosync /etc/duosync /etc/duosync/credentials
  inside install -d -m 0700 -o duosync -g duosync /var/lib/duosync
  install -D -m 0644 "$top/deploy/systemd/duosync.service" "$root/etc/systemd/system/duosync.service"
  "$host" config init --units - >"$root/etc/duosync/config.yaml"
  echo '# mine' >>"$root/etc/duosync/config.yaml"
  inside chgrp duosync /etc/duosync/config.yaml
  chmod 0640 "$root/etc/duosync/config.yaml"
  configure
  by_hand 0 sync --adopt anna --adopt ravi --adopt zoe
  local id
  id=$(inside id -u duosync)

  install_deb "$deb" --force-confold
  grep -q '/usr/local/bin/duosync, from an installation by hand' "$work/dpkg" && grep -q '/etc/systemd/system/duosync.service, from' "$work/dpkg" ||
    { cat "$work/dpkg" >&2; fail "nothing is said of the installation by hand"; }
  grep -q '^# mine' "$root/etc/duosync/config.yaml" || fail "the configuration was replaced"
  [ "$(inside id -u duosync)" = "$id" ] || fail "the account is another"
  is /etc/duosync/config.yaml 640 root:duosync
  rm "$root/usr/local/bin/duosync" "$root/etc/systemd/system/duosync.service"
  by_hand 0 sync --dry-run --detailed-exitcode
  say "installed over an installation by hand: state and configuration stay, and what comes before the package is named"
}

# ---------------------------------------------------------------- rpm
check_rpm() {
  local file
  file=$(ls "$work"/one/*.rpm)
  rpm -qlp "$file" >"$work/rpm.list"
  for path in /usr/bin/duosync /etc/duosync/config.yaml /usr/lib/systemd/system/duosync.timer /usr/lib/sysusers.d/duosync.conf \
    /usr/share/man/man1/duosync-sync.1.gz /usr/share/man/man5/duosync.yaml.5.gz /usr/share/bash-completion/completions/duosync; do
    grep -qx "$path" "$work/rpm.list" || fail "the rpm has no $path"
  done
  [ "$(rpm -qcp "$file")" = /etc/duosync/config.yaml ] || fail "the rpm's configuration: $(rpm -qcp "$file")"
  new_root rpm
  rpm --root "$root" --initdb
  rpm --root "$root" --nodeps --install "$file" >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "rpm --install"; }
  is /etc/duosync/config.yaml 640 root:duosync
  is /var/lib/duosync 700 duosync:duosync
  configure
  by_hand 0 sync --adopt anna --adopt ravi --adopt zoe
  rpm --root "$root" --nodeps --upgrade "$work"/next/*.rpm >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "rpm --upgrade"; }
  [ -e "$root/etc/duosync/config.yaml.rpmnew" ] || fail "the edited configuration was replaced"
  by_hand 0 sync --dry-run --detailed-exitcode
  rpm --root "$root" --erase duosync >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "rpm --erase"; }
  [ -e "$root/var/lib/duosync/duosync.db" ] && [ -e "$root/etc/duosync/config.yaml.rpmsave" ] && [ ! -e "$root/usr/bin/duosync" ] || fail "rpm --erase took too much, or too little"
  say "rpm: $(wc -l <"$work/rpm.list") files; installed, used, upgraded, erased: state and configuration stay"
}

build_all
check_files
start_neighbours "$host"
check_clean
check_upgrade
check_by_hand
check_rpm
say "all is well"
