# duosync's build. `make help` tells what there is.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOFLAGS_BUILD = -trimpath -ldflags "-s -w -X duosync/cmd/internal/cli.version=$(VERSION)"
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
test: deps #? all tests with the race detector; installs OpenLDAP's slapd where it is missing
	CGO_ENABLED=1 go test -race ./...

# The tests start a real slapd. Debian calls it slapd; elsewhere install
# OpenLDAP's server yourself.
.PHONY: deps
deps:
	@if command -v slapd >/dev/null || [ -x /usr/sbin/slapd ] || [ -x /usr/libexec/slapd ]; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slapd; \
	else echo "The tests need OpenLDAP's slapd; install it (Debian: apt-get install slapd), then run make test again." >&2; exit 1; fi

.PHONY: lint
lint: $(BIN)/golangci-lint-$(LINT_VERSION) #? golangci-lint, with the rules of .golangci.yml
	$< run ./...

$(BIN)/golangci-lint-$(LINT_VERSION):
	@mkdir -p $(BIN)
	@if command -v golangci-lint >/dev/null && [ "v$$(golangci-lint version --short)" = "$(LINT_VERSION)" ]; then \
	  ln -s "$$(command -v golangci-lint)" $@; \
	else GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION) && mv $(BIN)/golangci-lint $@; fi

.PHONY: bench
bench: #? speed and memory, as ratios against something run side by side
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: fuzz
fuzz: #? each fuzz target for FUZZTIME (default 30s)
	@for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),30s) $$pkg || exit 1; \
	  done; \
	done

.PHONY: dist
dist: #? release archives in dist/, with checksums
	@rm -rf dist && mkdir -p dist
	@for arch in amd64 arm64; do \
	  name=duosync-$(VERSION)-linux-$$arch; mkdir -p dist/$$name && \
	  GOOS=linux GOARCH=$$arch go build $(GOFLAGS_BUILD) -o dist/$$name/duosync ./cmd/duosync && \
	  cp -r README.md LICENSE CHANGELOG.md config.example.yaml docs dist/$$name/ && \
	  tar -C dist -czf dist/$$name.tar.gz $$name && rm -r dist/$$name || exit 1; \
	done
	@cd dist && sha256sum *.tar.gz > SHA256SUMS && cat SHA256SUMS

.PHONY: clean
clean: #? removes what the other targets made
	rm -rf bin dist .bin
