# Included by the root Makefile. The solver's WebAssembly file is not committed: `deps` fetches the npm package named in
# package-lock.json, checks build/highs.wasm against the sha256 in release_gen.go and puts it where package highs
# embeds it.

HIGHS := internal/lp/highs
HIGHS_WASM := $(HIGHS)/wasm/highs.wasm

.PHONY: deps
deps: $(HIGHS_WASM) ## fetch what Go modules do not carry (needs npm)

$(HIGHS_WASM): $(HIGHS)/package.json $(HIGHS)/package-lock.json $(HIGHS)/release_gen.go
	@command -v npm >/dev/null || { echo "npm is not installed: install Node 18 or later, then run make deps"; exit 1; }
	@cd $(HIGHS) && npm ci --silent || { echo "npm could not install the solver; mend what it says and run make deps again"; exit 1; }
	@cd $(HIGHS) && $(GO) run ./pin install
	@touch $@ && echo "$@ is in place"

.PHONY: check-optimum
check-optimum: deps ## solve the sample plans with HiGHS and with glpsol, and compare optimum and time
	@command -v glpsol >/dev/null || { echo "glpsol is not installed: install GLPK (Debian: apt-get install glpk-utils)"; exit 1; }
	@$(GO) test -count=1 -tags glpsol -run '^TestGlpsol' -v ./$(HIGHS) ./internal/planner

# make highs-release VERSION=1.15.3 moves to another release of the npm package: lock, sha256 and minified names.
.PHONY: highs-release
highs-release:
	@test -n "$(VERSION)" || { echo "usage: make highs-release VERSION=1.15.3"; exit 1; }
	@cd $(HIGHS) && npm install --silent highs@$(VERSION) && $(GO) run ./pin generate && $(GO) run ./pin install
