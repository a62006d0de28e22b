package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/lp/highs"
)

// loader is a miniature of the package's minified highs.js with every function that is used.
func loader(without string) string {
	var text strings.Builder
	for i, name := range used {
		if name != without {
			text.WriteString("_" + name + `=Module["_` + name + `"]=wasmExports["` + string(rune('a'+i)) + `"];`)
		}
	}
	if without != "constructors" {
		text.WriteString(`TTY.init();wasmExports["v"]();`)
	}
	text.WriteString("var wasmImports={a:___cxa_throw,c:_emscripten_get_now};")
	return text.String()
}

func TestLettersAreReadOutOfTheLoader(t *testing.T) {
	var found release
	if err := found.readLetters(loader("")); err != nil {
		t.Fatal(err)
	}
	if found.Constructors != "v" || len(found.Exports) != len(used) || found.Exports[0] != (pair{"Highs_create", "a"}) {
		t.Errorf("%+v", found)
	}
	if diff := cmp.Diff([]pair{{"cxa_throw", "a"}, {"emscripten_get_now", "c"}}, found.Imports); diff != "" {
		t.Error(diff)
	}
}

func TestALoaderThatHasChangedIsRefused(t *testing.T) {
	for _, without := range []string{"Highs_getIis", "free", "constructors"} {
		var found release
		if err := found.readLetters(loader(without)); err == nil || !strings.Contains(err.Error(), "highs.js") {
			t.Errorf("without %s: %v", without, err)
		}
	}
}

// release_gen.go must be what the installed package gives, so that nobody edits it by hand.
func TestGeneratedFileIsWhatTheInstalledPackageGives(t *testing.T) {
	found, err := readRelease(filepath.Join("..", packageFolder))
	if errors.Is(err, os.ErrNotExist) {
		t.Fatal("the npm package highs is not installed: run `make deps`")
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := found.source()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join("..", generatedFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Error(diff)
	}
	if found.Size != highs.ModuleSizeBytes {
		t.Errorf("%d bytes, want %d", found.Size, highs.ModuleSizeBytes)
	}
}

func TestInstallRefusesAForeignModuleAndLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	if err := install(folder); err == nil || !strings.Contains(err.Error(), "npm") {
		t.Errorf("without the package: %v", err)
	}
	build := filepath.Join(folder, packageFolder, "build")
	for _, make := range []string{build, filepath.Join(folder, "wasm")} {
		if err := os.MkdirAll(make, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(build, "highs.wasm"), []byte("\x00asm something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := install(folder); !errors.Is(err, highs.ErrModule) {
		t.Errorf("a foreign module: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "wasm", "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
