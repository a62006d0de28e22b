# Included by the root Makefile. The MongoDB-speaking server of the tests is a module of its own; `deps` builds it.

MONGO_TESTSERVER := bin/mongo-testserver
MONGO_TESTSERVER_SOURCE := internal/store/mongo/testserver

deps: $(MONGO_TESTSERVER)

$(MONGO_TESTSERVER): $(MONGO_TESTSERVER_SOURCE)/main.go $(MONGO_TESTSERVER_SOURCE)/go.mod $(MONGO_TESTSERVER_SOURCE)/go.sum
	@cd $(MONGO_TESTSERVER_SOURCE) && CGO_ENABLED=0 GOFLAGS= $(GO) build -trimpath -o $(CURDIR)/$@ . || { echo "the test server could not be built; mend what it says and run make deps again"; exit 1; }
	@echo "$@ is in place"

.PHONY: crash-test
crash-test: ## kill -9 a writing process a thousand times; no acknowledged write may be lost
	@CRASH_LOOPS=$${CRASH_LOOPS:-1000} $(GO) test -count=1 -timeout 60m -run '^TestKilledWriterLosesNothing' -v ./internal/store/sqlite
