#!/usr/bin/env bash
# Checks what is in this folder as far as that goes without a cluster, a Docker
# daemon or systemd as the first process: the units by systemd's own tools, the
# image by doing what the Dockerfile says and running the outcome as user 65532 on
# a read-only root. The manifests' keys are checked by deploy_test.go.
# Run it as root: make deploy-check
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "deploy/check.sh mounts and changes users, so it must be run as root" >&2; exit 1; }
# Mounts of its own, which end with it.
[ -n "${DUOSYNC_CHECK_MOUNTS:-}" ] || DUOSYNC_CHECK_MOUNTS=own exec unshare --mount "$0"

work=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  mountpoint -q "$work/image" && umount --recursive "$work/image"
  rm -rf "$work"
}
trap cleanup EXIT

say() { echo "deploy: $*"; }
fail() { echo "deploy: FAILED: $*" >&2; exit 1; }

# shellcheck source=deploy/neighbours.sh
. "$top/deploy/neighbours.sh"

need systemd-analyze systemd
need slapd slapd
need strace strace
need promtool prometheus
[ -s /etc/ssl/certs/ca-certificates.crt ] || need update-ca-certificates ca-certificates

# ---------------------------------------------------------------- the image
image=$work/image dockerfile=$top/deploy/container/Dockerfile

# stage DOCKERFILE gives its build stage, a step a line.
stage() { sed -e ':join' -e '/\\$/{N;s/\\\n//;bjoin}' "$1" | sed -n '/^FROM scratch/q;p'; }

# pack_image carries out the build stage for a released program, and holds the outcome against
# the image from the sources.
pack_image() {
  local packed=$work/packed
  mkdir "$packed"
  stage "$dockerfile.release" | sed -n -e '/^RUN apt-get /d' -e 's/^RUN //p' -e 's/^COPY duosync \(.*\)/install -D -m 0755 duosync \1/p' >"$work/steps"
  (cd "$image/usr/local/bin" && set -e && while read -r step; do eval "${step//\/image\//$packed/}"; done <"$work/steps")
  diff <(cd "$image" && find . -printf '%p %m %U:%G %s\n' | sed 's/ 4096$//' | sort) <(cd "$packed" && find . -printf '%p %m %U:%G %s\n' | sed 's/ 4096$//' | sort) ||
    fail "the image of a released program is another than that from the sources"
  cmp "$image/usr/local/bin/duosync" "$packed/usr/local/bin/duosync"
  say "the image of a released program is that from the sources"
}

# build_image carries out the build stage, on the files that COPY would bring.
build_image() {
  mkdir -p "$work/src" "$image"
  tar -C "$top" --exclude='*_test.go' --exclude=testdata -cf - cmd duo ldapsrc state sync go.mod go.sum | tar -C "$work/src" -xf -
  stage "$dockerfile" | sed -n 's/^RUN //p' >"$work/steps"
  (cd "$work/src" && set -e && export CGO_ENABLED=0 COMMIT=check DATE= && while read -r step; do eval "${step//\/image\//$image/}"; done <"$work/steps")
  ! ldd "$image/usr/local/bin/duosync" >/dev/null 2>&1 || fail "the binary is not static"
}

# configure puts config.yaml, the secrets and the authority where compose.yaml and
# the CronJob mount them.
configure() {
  sed -e "s#ldaps://directory.example.com:636#ldap://127.0.0.1:$port#" -e 's#uid=admin,ou=system#cn=admin,dc=WSO2,dc=ORG#' \
    -e "s#api-xxxxxxxx.duosecurity.com#$(of host)\n  ca_file: ca.pem#" -e "s#DIXXXXXXXXXXXXXXXXXX#$(of integration_key)#" \
    "$top/deploy/config.yaml" >"$image/etc/duosync/config.yaml"
  # A schedule for the daemon below.
  echo 'schedule: {cron: "@every 1h", jitter: 0s, timezone: Europe/Berlin}' >>"$image/etc/duosync/config.yaml"
  cp "$work/duo/ca.pem" "$image/etc/duosync/ca.pem"
  chmod 0644 "$image"/etc/duosync/*
  printf 'planted-ldap-password\n' >"$image/run/secrets/ldap-password"
  of secret_key >"$image/run/secrets/duo-secret-key"
  chown 65532:65532 "$image"/run/secrets/*
  chmod 0400 "$image"/run/secrets/*
}

# mount_image makes the root read-only, with the mounts of compose.yaml.
mount_image() {
  mkdir "$work/state"
  chown --reference="$image/var/lib/duosync" "$work/state"
  chmod --reference="$image/var/lib/duosync" "$work/state"
  mount --bind "$image" "$image"
  mount --bind "$work/state" "$image/var/lib/duosync"
  mount -o remount,bind,ro "$image"
  mount_tmp
}
mount_tmp() { mount -t tmpfs -o noexec,nosuid,nodev,mode=1777,size=256m tmpfs "$image/tmp"; }

# exits CODE ARGS: runs a command in the image and checks its exit code; its
# output is in $work/out
exits() {
  local want=$1 got=0
  shift
  "${run_image[@]}" "$@" >"$work/out" 2>&1 || got=$?
  [ "$got" = "$want" ] || { cat "$work/out" >&2; fail "duosync $*: exit $got, want $want"; }
  ! grep -qF -e planted-ldap-password -e "$(of secret_key)" "$work/out" || fail "duosync $* shows a secret"
}

check_image() {
  local final
  final=$(sed -n '/^FROM scratch/,$p' "$dockerfile")
  settings=$(sed -n 's/^ENV //p' <<<"$final")
  user=$(sed -n 's/^USER //p' <<<"$final")
  entrypoint=$(sed -n 's/^ENTRYPOINT \["\(.*\)"\]/\1/p' <<<"$final")
  healthcheck=$(sed -n 's/^HEALTHCHECK .*duosync", //p' <<<"$final" | tr -d '",[]')
  # The image's command, with the Dockerfile's user and environment. Each part
  # executes the next, so that a signal reaches duosync itself.
  # shellcheck disable=SC2206 # words
  run_image=("$(command -v env)" -i $settings "$(command -v setpriv)" --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid
    "$(command -v chroot)" --userspec="$user" --groups= "$image" "$entrypoint")
  [ "$user" = 65532:65532 ] || fail "the image runs as $user"

  exits 0 version
  exits 0 config show
  exits 0 sync --dry-run
  [ -z "$(ls -A "$work/state")" ] || fail "a dry run left files in the state's folder"
  exits 0 sync
  exits 0 sync --dry-run --detailed-exitcode
  exits 0 check

  # A dry run copies the state: without /tmp it says what is missing.
  umount "$image/tmp"
  exits 1 sync --dry-run
  grep -q TMPDIR "$work/out" || { cat "$work/out" >&2; fail "a dry run without /tmp does not speak of TMPDIR"; }
  mount_tmp

  "${run_image[@]}" run >"$work/daemon.out" 2>&1 &
  local daemon=$!
  pids+=($daemon)
  for _ in $(seq 200); do
    "${run_image[@]}" history --format json >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "history"; }
    [ "$(grep -o '"run_id"' "$work/out" | wc -l)" -ge 2 ] && break
    sleep 0.1
  done
  [ "$(grep -o '"run_id"' "$work/out" | wc -l)" -ge 2 ] || { cat "$work/daemon.out" >&2; fail "the daemon made no run"; }
  # shellcheck disable=SC2086 # words
  exits 0 $healthcheck
  local code=0
  kill -TERM $daemon
  wait $daemon || code=$?
  [ $code = 0 ] || { cat "$work/daemon.out" >&2; fail "the daemon ended with $code after SIGTERM"; }

  [ -z "$(find "$work/state" ! -uid 65532)" ] || fail "not all of the state is user 65532's"
  [ -z "$(ls -A "$image/tmp")" ] || fail "/tmp still holds $(ls -A "$image/tmp")"
  say "the image's binary runs as $user on a read-only root"
}

# ---------------------------------------------------------------- the units

# members SET...: the system calls of some of systemd's sets
members() {
  systemd-analyze syscall-filter "$@" | sed -n 's/^    \([-@a-z_0-9]*\)$/\1/p' | while read -r name; do
    case $name in @*) members "$name" ;; *) echo "$name" ;; esac
  done
}

# filters START: the sets in those SystemCallFilter= lines of the service
filters() { sed -n "s/^SystemCallFilter=\($1.*\)/\1/p" "$work/units/duosync.service" | tr -d '~'; }

check_units() {
  mkdir "$work/units"
  for unit in "$top"/deploy/systemd/*.{service,timer}; do
    sed "s#/usr/local/bin/duosync#$image/usr/local/bin/duosync#" "$unit" >"$work/units/$(basename "$unit")"
  done
  systemd-analyze verify --man=no "$work"/units/* >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "systemd-analyze verify"; }
  # Unknown keys are warnings only.
  [ ! -s "$work/out" ] || { cat "$work/out" >&2; fail "systemd-analyze verify is not clean"; }
  systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$work/units/duosync.timer")" >/dev/null
  mkdir -p "$work/sysusers/etc"
  systemd-sysusers --root="$work/sysusers" "$top/deploy/systemd/duosync.sysusers" 2>/dev/null
  grep -q '^duosync:' "$work/sysusers/etc/passwd" || fail "duosync.sysusers makes no user duosync"
  for unit in "$work"/units/*.service; do
    systemd-analyze security --offline=true --threshold=19 --no-pager "$unit" >"$work/out" ||
      { cat "$work/out" >&2; fail "$(basename "$unit") is exposed too much"; }
    say "$(basename "$unit"): $(sed -n 's/^→ Overall exposure level[^:]*: \([0-9.]*\).*/exposure \1/p' "$work/out")"
  done

  # The system calls of a run, against the filter.
  # shellcheck disable=SC2046 # words
  comm -23 <(members $(filters '[^~]') | sort -u) <(members $(filters '~') | sort -u) >"$work/allowed"
  chmod 0711 "$work"
  mkdir "$work/traced"
  sed "s#/var/lib/duosync#$work/traced#" "$image/etc/duosync/config.yaml" >"$work/traced/config.yaml"
  cp "$work/duo/ca.pem" "$work/traced/"
  chown -R 65532:65532 "$work/traced"
  for args in "sync --adopt anna" "sync --dry-run" "sync --refresh" "history"; do
    # 4: the others in Duo belong to the image's own state, above.
    # shellcheck disable=SC2086 # words
    CREDENTIALS_DIRECTORY=$image/run/secrets setpriv --reuid=65532 --regid=65532 --clear-groups strace -f -qq -o "$work/traced/calls" \
      "$image/usr/local/bin/duosync" $args --config "$work/traced/config.yaml" >"$work/out" 2>&1 || [ $? = 4 ] || { cat "$work/out" >&2; fail "duosync $args under strace"; }
    sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' "$work/traced/calls" >>"$work/calls"
  done
  comm -23 <(sort -u "$work/calls") "$work/allowed" >"$work/refused"
  # Go tries to raise the limit of open files, and goes on without.
  grep -vx setrlimit "$work/refused" && fail "system calls of a run that SystemCallFilter= refuses"
  say "SystemCallFilter= allows the $(sort -u "$work/calls" | wc -l) system calls of a run"
}

# ---------------------------------------------------------------- the alerts

check_alerts() {
  promtool check rules "$top/deploy/prometheus/duosync.rules.yml" >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "promtool check rules"; }
  (cd "$top/deploy/prometheus" && promtool test rules duosync.rules.test.yml) >"$work/out" 2>&1 || { cat "$work/out" >&2; fail "promtool test rules"; }
  say "the alerts fire when they should, and only then"
}

check_alerts
build_image
pack_image
start_neighbours "$image/usr/local/bin/duosync"
configure
mount_image
check_image
check_units
say "all is well"
