# What a change must pass, on a bare Debian machine or anywhere with Go, git,
# docker-registry, Docker, npm and rsync. `make test` installs what it needs and runs everything.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := build

# The test tools, their versions here and nowhere else; those of gitlab-ci-local
# and the node that it needs are in .ci/gitlab-ci-local.
REGISTRY_VERSION   := v3.1.2
LINT_VERSION       := v2.15.0
ACTIONLINT_VERSION := v1.7.12
CRANE_VERSION      := v0.22.1
REGCTL_VERSION     := v0.11.7
ACT_VERSION        := v0.2.89

BIN    := $(CURDIR)/.tools/bin
STAMPS := .tools/stamps
REGISTRY   := $(STAMPS)/registry@$(REGISTRY_VERSION)
LINT       := $(STAMPS)/golangci-lint@$(LINT_VERSION)
ACTIONLINT := $(STAMPS)/actionlint@$(ACTIONLINT_VERSION)
CRANE      := $(STAMPS)/crane@$(CRANE_VERSION)
REGCTL     := $(STAMPS)/regctl@$(REGCTL_VERSION)
ACT        := $(STAMPS)/act@$(ACT_VERSION)
GITLAB_CI_LOCAL := $(STAMPS)/gitlab-ci-local

ORACLE   := internal/oracletest
FUZZTIME := 4s

# The real registries of the tests. With CI set, a test that finds none fails.
export BASEKEEPER_REGISTRY_V3 := $(BIN)/registry

# What runs the action as GitHub would, and the component as GitLab would; the
# same holds.
export BASEKEEPER_ACT := $(BIN)/act
export BASEKEEPER_GITLAB_CI_LOCAL := $(BIN)/gitlab-ci-local

# A hook of git names its own repository; the tests make others.
unexport GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX

.PHONY: build demo test packages tools lint unit fuzz bench-once bench clean

build: ## the program, as ./basekeeper
	go build -o basekeeper ./cmd/basekeeper

demo:
	go run ./cmd/basekeeper demo

test: export CI := true
test: packages tools lint unit fuzz bench-once
	@echo 'make test: all passed'

packages: ## Debian's, where they are missing
	.ci/packages

tools: $(REGISTRY) $(LINT) $(ACTIONLINT) $(ACT) $(GITLAB_CI_LOCAL)

lint: $(LINT) $(ACTIONLINT)
	@unformatted=$$(gofmt -l cmd internal .ci); [ -z "$$unformatted" ] || { echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	go mod tidy -diff
	cd $(ORACLE) && go mod tidy -diff
	go vet ./... ./.ci/gotest
	cd $(ORACLE) && go vet ./...
	$(BIN)/golangci-lint run --allow-parallel-runners ./... ./.ci/gotest
	cd $(ORACLE) && $(BIN)/golangci-lint run --allow-parallel-runners ./...
	$(BIN)/actionlint .github/workflows/*.yml internal/config/workflow.yaml
	.ci/workflows $(BIN)/actionlint

unit: $(REGISTRY) $(ACT) $(GITLAB_CI_LOCAL)
	go build -o $(BIN)/gotest ./.ci/gotest
	$(BIN)/gotest -race -shuffle=on -timeout 20m $$(go list ./... ./.ci/gotest | grep -v /benchtest$$)
	$(BIN)/gotest -shuffle=on -timeout 20m ./internal/benchtest # counts requests of processes, thousands of them
	cd $(ORACLE) && $(BIN)/gotest -race -shuffle=on ./...

fuzz: ## every fuzz target for a short while; FUZZTIME=10m for longer
	.ci/fuzz $(FUZZTIME) . $(ORACLE)

bench-once: $(REGISTRY) ## so that benchmarks do not rot
	go test -short -run '^$$' -bench . -benchtime 1x ./...

bench: $(REGISTRY) $(CRANE) $(REGCTL) $(ACT)
	PATH="$(BIN):$$PATH" .ci/bench

clean:
	rm -rf .tools basekeeper

# install MODULE/PACKAGE@VERSION; the stamp's name holds the version.
define install
	@mkdir -p $(BIN) $(STAMPS)
	GOBIN=$(BIN) go install $(1)@$(2)
	@rm -f $(firstword $(subst @, ,$@))@*; touch $@
endef

$(REGISTRY):
	$(call install,github.com/distribution/distribution/v3/cmd/registry,$(REGISTRY_VERSION))

$(LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(LINT_VERSION))

$(ACTIONLINT):
	$(call install,github.com/rhysd/actionlint/cmd/actionlint,$(ACTIONLINT_VERSION))

$(CRANE):
	$(call install,github.com/google/go-containerregistry/cmd/crane,$(CRANE_VERSION))

$(REGCTL):
	$(call install,github.com/regclient/regclient/cmd/regctl,$(REGCTL_VERSION))

$(ACT):
	$(call install,github.com/nektos/act,$(ACT_VERSION))

# npm ci installs what the lock file names, if its hashes are right, and runs
# nothing of it.
$(GITLAB_CI_LOCAL): $(wildcard .ci/gitlab-ci-local/*)
	@mkdir -p $(BIN) $(STAMPS) .tools/gitlab-ci-local
	cp .ci/gitlab-ci-local/*.json .tools/gitlab-ci-local
	npm ci --prefix .tools/gitlab-ci-local --ignore-scripts --no-audit --no-fund
	cp .ci/gitlab-ci-local/gitlab-ci-local $(BIN)
	@touch $@
