# Included by the root Makefile. The tests of the running service that take longer than `make test` may: servers that are
# killed by the hundred, and measurements over sockets.

.PHONY: crash-test-server
crash-test-server: deps ## kill -9 a serving process a thousand times, on SQLite and MongoDB; no acknowledged write may be lost
	@SERVER_CRASH_LOOPS_SQLITE=$${SERVER_CRASH_LOOPS_SQLITE:-700} SERVER_CRASH_LOOPS_MONGODB=$${SERVER_CRASH_LOOPS_MONGODB:-300} \
	  $(GO) test -count=1 -timeout 180m -run '^TestKilledServerLosesNothing' -v ./internal/service

# BENCH_HTTP_SECONDS=600 watches the memory for ten minutes.
.PHONY: bench-http
bench-http: deps ## what the service costs over sockets, beside a plain handler and the bare calls
	@BENCH_HTTP_REQUIREMENTS=$${BENCH_HTTP_REQUIREMENTS:-100000} BENCH_HTTP_SECONDS=$${BENCH_HTTP_SECONDS:-20} \
	  $(GO) test -count=1 -timeout 60m -run '^$$' -bench '^(BenchmarkRead|BenchmarkMatch|BenchmarkList)$$' -benchtime 3s ./internal/service
	@$(GO) test -count=1 -timeout 60m -run '^$$' -bench '^BenchmarkMixed$$' -benchtime 5000x ./internal/service
	@$(GO) test -count=1 -timeout 60m -run '^$$' -bench '^BenchmarkStart$$' -benchtime 5x ./internal/service
	@BENCH_HTTP_SECONDS=$${BENCH_HTTP_SECONDS:-20} $(GO) test -count=1 -timeout 60m -run '^$$' -bench '^BenchmarkMemory$$' -benchtime 1x ./internal/service
