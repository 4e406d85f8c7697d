#!/usr/bin/env bash
# Builds what is released into a folder: archives for Linux and macOS, deb and rpm, the Helm chart, a
# bill of materials for each program, checksums. The same sources give the same bytes, wherever they lie.
#
#   deploy/package/build.sh FOLDER        (make dist)
#
# ARCHS and SYSTEMS narrow it, for tests: SYSTEMS=linux ARCHS=amd64. VERSION, COMMIT and DATE stand in
# for what VERSION and git say, where the sources are no repository.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/deploy/package
dist=$(mkdir -p "${1:?a folder}" && cd "$1" && pwd)
tools=${TOOLS:-$top/.bin}
cd "$top"

export VERSION=${VERSION:-$(cat cmd/internal/version/VERSION)}
COMMIT=${COMMIT-$(git describe --always --abbrev=12 --exclude='*' --dirty 2>/dev/null || true)}
export DATE=${DATE:-$(TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null || echo 2026-01-01T00:00:00Z)}
tag=$(git tag --points-at HEAD --list 'v*' 2>/dev/null || true)
[ -z "$tag" ] || [ "$tag" = "v$VERSION" ] || { echo "build.sh: the tag is $tag, and cmd/internal/version/VERSION says $VERSION" >&2; exit 1; }
# Whoever gives packages to others says who they are.
MAINTAINER=${MAINTAINER:-"The duosync authors <duosync@example.org>"}
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(date -u -d "$DATE" +%s)
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -trimpath -buildvcs=false" TZ=UTC LC_ALL=C
umask 022

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-s -w -X duosync/cmd/internal/version.commit=$COMMIT -X duosync/cmd/internal/version.date=$DATE -X duosync/cmd/internal/version.number=$VERSION"

# same FOLDER: gives all in it one time, and modes that no umask of a checkout changes.
same() {
  find "$1" -type d -exec chmod 0755 {} + -o -type f -perm /0111 -exec chmod 0755 {} + -o -type f -exec chmod 0644 {} +
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# What is the same for all systems.
all=$work/all
mkdir -p "$all"/{man,completions}
host=$work/host
go build -ldflags "$flags" -o "$host" ./cmd/duosync
go run ./cmd/internal/release man "${DATE%T*}" "$all/man"
go run ./cmd/internal/release completions "$all/completions"
cp -r README.md LICENSE CHANGELOG.md config.example.yaml docs deploy "$all/"
rm -r "$all/deploy/package" "$all"/deploy/*.sh "$all"/deploy/*_test.go # for the sources only

build() { # SYSTEM ARCH
  local name=duosync-$VERSION-$1-$2
  echo "$name"
  mkdir -p "$work/$name"
  GOOS=$1 GOARCH=$2 go build -ldflags "$flags" -o "$work/$name/duosync" ./cmd/duosync
  go run ./cmd/internal/release licences "$work/$name/duosync" "$work/$name/LICENSES.txt"
  "$tools/cyclonedx-gomod" bin -json -noserial -notimestamp -std -version "$VERSION" "$work/$name/duosync" 2>/dev/null |
    go run ./cmd/internal/release materials "$work/$name/duosync" "$dist/$name.cdx.json"
  cp -r "$all"/. "$work/$name/"
  same "$work/$name"
  tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"
}

package() { # ARCH
  local name=duosync-$VERSION-linux-$1 stage=$work/stage-$1
  mkdir -p "$stage"/{units,man1,man5,doc}
  cp "$work/$name/duosync" "$work/$name/LICENSES.txt" LICENSE "$here/lintian-overrides" "$stage/"
  for unit in deploy/systemd/*.{service,timer}; do
    sed 's#/usr/local/bin/duosync#/usr/bin/duosync#g' "$unit" >"$stage/units/$(basename "$unit")"
  done
  cp deploy/systemd/duosync.sysusers "$stage/sysusers"
  cp deploy/systemd/duosync.tmpfiles "$stage/tmpfiles"
  "$host" config init --units - >"$stage/config.yaml"
  cp "$all"/man/*.1 "$stage/man1/" && cp "$all"/man/*.5 "$stage/man5/"
  gzip -9n "$stage"/man?/*
  cp -r "$all/completions" "$stage/"
  cp -r README.md CHANGELOG.md config.example.yaml docs "$stage/doc/"
  mkdir -p "$stage/doc/deploy" # what the pages link to
  cp -r deploy/config.yaml deploy/container deploy/grafana deploy/helm deploy/kubernetes deploy/prometheus deploy/systemd "$stage/doc/deploy/"
  sed -i 's#/usr/local/bin/duosync#/usr/bin/duosync#g; s#](../CHANGELOG.md)#](../CHANGELOG.md.gz)#g' "$stage"/doc/docs/*.md
  gzip -9n "$stage/doc/CHANGELOG.md"
  gzip -9nc "$stage/LICENSES.txt" >"$stage/doc/LICENSES.txt.gz"
  {
    sed -n '1,/^===/p' "$stage/LICENSES.txt" | sed '$d'
    echo "The Apache License, Version 2.0, is in /usr/share/common-licenses/Apache-2.0. The texts of"
    echo "all licences, with the names of their holders, are in /usr/share/doc/duosync/LICENSES.txt.gz."
    printf '\nCopyright 2026 The duosync authors, and those of the modules.\n'
  } >"$stage/copyright"
  printf 'duosync (%s) stable; urgency=medium\n\n  * See /usr/share/doc/duosync/CHANGELOG.md.gz.\n\n -- %s  %s\n' \
    "$VERSION" "$MAINTAINER" "$(date -u -R -d "$DATE")" | gzip -9n >"$stage/changelog.gz"
  cat "$here/account.sh" "$here/after-install.sh" >"$stage/after-install.sh"
  same "$stage"
  chmod 0640 "$stage/config.yaml"
  sed -e "s#\${STAGE}#$stage#; s#\${SCRIPTS}#$here#; s#\${ARCH}#$1#; s#\${VERSION}#$VERSION#; s#\${DATE}#$DATE#" \
    -e "s#\${MAINTAINER}#$MAINTAINER#" "$here/nfpm.yaml" >"$work/nfpm.yaml"
  cp "$work/nfpm.yaml" "$work/nfpm.both"
  nfpm deb "$dist/duosync_${VERSION}_$1.deb"
  cp "$work/nfpm.both" "$work/nfpm.yaml"
  local machine=x86_64
  [ "$1" = amd64 ] || machine=aarch64
  nfpm rpm "$dist/duosync-$VERSION-1.$machine.rpm"
}

nfpm() { # KIND FILE
  [ "$1" != deb ] || sed -i '/^license:/d' "$work/nfpm.yaml" # no field of Debian's; see copyright
  "$tools/nfpm" package --config "$work/nfpm.yaml" --packager "$1" --target "$2" >"$work/nfpm.out" 2>&1 || { cat "$work/nfpm.out" >&2; exit 1; }
}

for system in ${SYSTEMS:-linux darwin}; do
  for arch in ${ARCHS:-amd64 arm64}; do
    build "$system" "$arch"
    [ "$system" != linux ] || package "$arch"
  done
done

# The Helm chart, as helm packs one.
cp -r deploy/helm "$work/duosync"
rm -r "$work/duosync/ci"
same "$work/duosync"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf - duosync | gzip -9n >"$dist/duosync-chart-$VERSION.tgz"

cd "$dist"
sha256sum -- *.tar.gz *.tgz *.deb *.rpm *.cdx.json >SHA256SUMS
