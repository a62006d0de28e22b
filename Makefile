# 组团 Zutuan. `make` lists what can be made.
GO ?= go
export CGO_ENABLED ?= 0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@2026.1

.DEFAULT_GOAL := help

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

-include internal/lp/deps.mk internal/store/deps.mk api/deps.mk internal/service/deps.mk

.PHONY: build
build: ## build bin/zutuan
	@$(GO) build -trimpath -o bin/zutuan ./cmd/zutuan

# make run ARGS=--empty leaves out the sample data; ARGS="--listen 0.0.0.0:8080" listens elsewhere.
.PHONY: run
run: $(HIGHS_WASM) build ## set everything up and serve, with sample data on the first start
	@bin/zutuan serve $(ARGS)

.PHONY: test
test: deps ## every test, from a clean checkout
	@$(GO) vet ./...
	@$(GO) test ./...

.PHONY: check
check: deps ## everything that must be clean: format, vet, linter, race detector, shipped rules
	@test -z "$$(gofmt -l cmd internal rules api)" || { gofmt -l cmd internal rules api; echo "run gofmt"; exit 1; }
	@$(GO) vet ./...
	@$(GO) run $(STATICCHECK) ./...
	@CGO_ENABLED=1 $(GO) test -race ./...
	@$(GO) run ./cmd/zutuan rules check
	@$(GO) run ./cmd/zutuan rules test

.PHONY: bench
bench: deps ## every benchmark beside its baselines
	@$(GO) test -run '^$$' -bench . -benchtime 300ms ./internal/...

.PHONY: fuzz
fuzz: ## each fuzz target for ten seconds
	@for pack in $$($(GO) list ./internal/...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pack | grep '^Fuzz'); do \
	    echo "$$pack $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime 10s $$pack || exit 1; done; done

.PHONY: generate
generate: ## write the API description, the server types and the Go client anew
	@$(GO) generate ./api

.PHONY: golden
golden: ## rewrite the golden texts; read the difference before committing it
	@UPDATE_GOLDEN=1 $(GO) test ./cmd/zutuan
