// Package highs solves package lp's models with HiGHS (MIT licence), compiled to WebAssembly and run inside this
// process by wazero: no C compiler, no shared library, no other process. A crash in the solver costs one instance,
// never the server.
//
// The module is not committed; `make deps` brings it (see wasm/README.md), and everything that depends on its release
// is in release_gen.go.
package highs

//go:generate go run ./pin generate
