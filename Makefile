# duosync's build. `make help` tells what there is.

VERSION = $(shell cat cmd/internal/version/VERSION)
COMMIT = $(shell git describe --always --abbrev=12 --exclude='*' --dirty 2>/dev/null)
DATE = $(shell TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
GOFLAGS_BUILD = -trimpath -ldflags "-s -w -X duosync/cmd/internal/version.commit=$(COMMIT) -X duosync/cmd/internal/version.date=$(DATE)"
LINT_VERSION = v2.15.0
# Tools are kept out of go.mod, in a folder of their own.
BIN = $(CURDIR)/.bin

export CGO_ENABLED = 0

.PHONY: help
help: #? this list
	@sed -n 's/^\([a-z-]*\):.*#? \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: build
build: #? bin/duosync, a static binary
	@mkdir -p bin
	go build $(GOFLAGS_BUILD) -o bin/duosync ./cmd/duosync

.PHONY: demo
demo: build #? the main job on a built-in directory and a simulated Duo; nothing else needed
	bin/duosync demo --dir "$$(mktemp -d)"

.PHONY: test
test: deps #? all tests with the race detector; installs the servers that they need where they are missing
	CGO_ENABLED=1 go test -race -timeout 18m ./...

# The tests start a real slapd, a real PostgreSQL, a real Prometheus, a real 389 Directory Server, a real Samba (as
# root: its ports are compiled in) and a real ApacheDS, the server in WSO2 Identity Server. Debian has
# all of them, though its apacheds does not depend on all that it needs; elsewhere install them yourself.
APACHEDS = apacheds libapache-directory-api-java libapache-directory-jdbm-java libcaffeine-java

.PHONY: deps
deps:
	@need=; \
	command -v slapd >/dev/null || [ -x /usr/sbin/slapd ] || [ -x /usr/libexec/slapd ] || need="slapd"; \
	command -v ldapmodify >/dev/null || need="$$need ldap-utils"; \
	for file in /usr/bin/java /usr/share/apacheds/lib/apacheds-jdbm1.jar /usr/share/java/apache-directory-api-all.jar /usr/share/java/caffeine.jar; do \
	  [ -e $$file ] || { need="$$need $(APACHEDS)"; break; }; \
	done; \
	[ -x /usr/sbin/ns-slapd ] || need="$$need 389-ds-base"; \
	{ [ -x /usr/sbin/samba ] && [ -e /usr/share/samba/setup/provision.ldif ]; } || need="$$need samba-ad-dc samba-ad-provision"; \
	command -v groff >/dev/null || need="$$need groff-base"; \
	command -v promtool >/dev/null && command -v prometheus >/dev/null || need="$$need prometheus"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || need="$$need postgresql"; \
	if [ -z "$$need" ]; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need; \
	else echo "The tests need OpenLDAP's slapd, ApacheDS, 389 Directory Server, Samba, PostgreSQL, Prometheus and groff; install them (Debian: apt-get install $$need), then run make test again." >&2; exit 1; fi

.PHONY: lint
lint: $(BIN)/golangci-lint-$(LINT_VERSION) #? golangci-lint, with the rules of .golangci.yml; and whether all of it is right for macOS, too
	$< run ./...
	GOOS=darwin GOARCH=arm64 go vet ./...

$(BIN)/golangci-lint-$(LINT_VERSION):
	@mkdir -p $(BIN)
	@if command -v golangci-lint >/dev/null && [ "v$$(golangci-lint version --short)" = "$(LINT_VERSION)" ]; then \
	  ln -s "$$(command -v golangci-lint)" $@; \
	else GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION) && mv $(BIN)/golangci-lint $@; fi

.PHONY: docs-check
docs-check: deps #? README and docs/ against the program: links, commands, keys, examples, words, messages; the commands of each page are run
	go test -count 1 ./cmd/internal/docs

.PHONY: deploy-check
deploy-check: $(BIN)/helm #? the units, the images, the manifests and the chart in deploy/, as far as that goes without running them for real; as root
	deploy/check.sh
	go test -count 1 ./deploy

.PHONY: bench
bench: build #? the whole program at SIZES (default "1000 10000 100000") beside ldapsearch; DOCS=docs writes docs/performance.md anew; ten minutes
	DUOSYNC_BENCH_BINARY=$(CURDIR)/bin/duosync DUOSYNC_BENCH_SIZES="$(or $(SIZES),1000 10000 100000)" DUOSYNC_BENCH_DOCS=$(abspath $(DOCS)) \
	  go test -run '^TestBench$$' -count 1 -timeout 12h -v ./cmd/internal/bench

.PHONY: bench-parts
bench-parts: #? speed and memory of parts, as ratios against something run side by side
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: soak
soak: deps #? 200 runs of the daemon under trouble, and what they leave in memory; about five minutes
	go test -tags soak -run TestSoak -count 1 -timeout 30m -v ./cmd/internal/daemon

.PHONY: directories
directories: deps #? the life of 1,600 people in 60 groups on a real server of each kind of directory; about five minutes
	go test -run '^TestServers$$' -count 1 -v ./ldapsrc/framed
	DUOSYNC_PEOPLE=$(or $(PEOPLE),1600) DUOSYNC_GROUPS=$(or $(GROUPS),60) go test -run '^Test(Life|TwoStores)$$' -count 1 -timeout 1h -v ./cmd/internal/directories

.PHONY: kill
kill: deps #? duosync killed KILLS times (default 200) in long runs on SQLite, and as often on PostgreSQL; about five minutes
	DUOSYNC_KILLS=$(or $(KILLS),200) go test -run '^TestKilled$$' -count 1 -timeout 3h -v ./cmd/internal/cli

.PHONY: fuzz
fuzz: #? each fuzz target for FUZZTIME (default 20s); ends at the first finding
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  targets=$$(go test -list '^Fuzz' $$dir); \
	  for target in $$(echo "$$targets" | grep '^Fuzz'); do \
	    echo "$$dir $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),20s) -fuzzminimizetime 2s $$dir; \
	  done; \
	done

# Tools of other projects, each at a version that is known to build.
PACKAGE_nfpm = github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.1
PACKAGE_cyclonedx-gomod = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
PACKAGE_helm = helm.sh/helm/v3/cmd/helm@v3.19.0

$(BIN)/nfpm $(BIN)/cyclonedx-gomod $(BIN)/helm: $(BIN)/%:
	@mkdir -p $(BIN)
	GOBIN=$(BIN) go install $(PACKAGE_$*)

.PHONY: dist
dist: $(BIN)/nfpm $(BIN)/cyclonedx-gomod $(if $(VULNDB),vuln) #? what is released, in dist/: archives, deb, rpm, bills of materials, checksums; the same bytes each time
	@rm -rf dist
	deploy/package/build.sh dist
	@cat dist/SHA256SUMS

.PHONY: package-check
package-check: $(BIN)/nfpm $(BIN)/cyclonedx-gomod #? the packages installed, used, upgraded, removed and purged in a clean Debian; as root, about three minutes
	deploy/package/check.sh

.PHONY: vuln
vuln: #? known flaws in what the program is built with; VULNDB=file:///FOLDER where the machine has no way to the database
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 $(if $(VULNDB),-db $(VULNDB)) ./cmd/duosync

.PHONY: clean
clean: #? removes what the other targets made
	rm -rf bin dist .bin
