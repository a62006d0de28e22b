# Included by the root Makefile. The linter of the API description is an npm package at the version and hash that
# api/lint/package-lock.json names; it is not committed.

API_LINTER := api/lint/node_modules/.bin/redocly

$(API_LINTER): api/lint/package.json api/lint/package-lock.json
	@command -v npm >/dev/null || { echo "npm is not installed: install Node 20.19 or later, then run make deps"; exit 1; }
	@cd api/lint && npm ci --silent --no-audit --no-fund || { echo "npm could not install the API linter; mend what it says and run make deps again"; exit 1; }
	@touch $@

deps: $(API_LINTER)

.PHONY: lint-api
lint-api: $(API_LINTER) ## lint the API description
	@REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(API_LINTER) lint --config api/lint/redocly.yaml --format stylish api/openapi.yaml

test: lint-api
