// Command pin moves package highs to a release of the HiGHS WebAssembly module. It runs in internal/lp/highs, where
// npm has installed the package:
//
//	go run ./pin generate   writes release_gen.go: version, sha256 and the minified names of this release
//	go run ./pin install    checks the module against release_gen.go and copies it into wasm/ for embedding
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"zutuan/internal/lp/highs"
)

const (
	packageFolder = "node_modules/highs"
	generatedFile = "release_gen.go"
	moduleFile    = "wasm/highs.wasm"
)

func main() {
	command := map[string]func(string) error{"generate": generate, "install": install}
	if len(os.Args) != 2 || command[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: go run ./pin generate | install")
		os.Exit(2)
	}
	if err := command[os.Args[1]]("."); err != nil {
		fmt.Fprintln(os.Stderr, "pin:", err)
		os.Exit(1)
	}
}

func generate(folder string) error {
	found, err := readRelease(filepath.Join(folder, packageFolder))
	if err != nil {
		return err
	}
	text, err := found.source()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, generatedFile), text, 0o644)
}

// install replaces the module in one step, so that a build never embeds half a file.
func install(folder string) error {
	module, err := os.ReadFile(filepath.Join(folder, packageFolder, "build", "highs.wasm"))
	if err != nil {
		return fmt.Errorf("npm has not installed the package highs: %w", err)
	}
	if err := highs.CheckModule(module); err != nil {
		return err
	}
	partial := filepath.Join(folder, moduleFile+".partial")
	if err := os.WriteFile(partial, module, 0o644); err != nil {
		return err
	}
	return os.Rename(partial, filepath.Join(folder, moduleFile))
}
