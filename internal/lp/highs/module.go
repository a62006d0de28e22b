package highs

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"zutuan/internal/document"
)

// wasmFolder always holds a README, so that this package compiles before `make deps` has brought the module.
//
//go:embed wasm
var wasmFolder embed.FS

// ErrModule is what every error about a missing or foreign module is (errors.Is).
var ErrModule = errors.New("highs module")

// moduleError carries its sentence in both languages.
type moduleError struct{ document.Problems }

func (moduleError) Is(target error) bool { return target == ErrModule }

func newModuleError(zh, en string) error {
	return moduleError{document.Problems{{Code: "highs_module", ZH: zh, EN: en}}}
}

// embeddedModule returns the module that this program was built with.
func embeddedModule() ([]byte, error) { return readModule(wasmFolder) }

func readModule(folder fs.FS) ([]byte, error) {
	module, err := fs.ReadFile(folder, "wasm/highs.wasm")
	if err != nil {
		return nil, newModuleError(
			"程序构建时缺少求解器 highs.wasm：请先运行 make deps，再重新构建",
			"this program was built without the solver highs.wasm: run `make deps`, then build again")
	}
	return module, CheckModule(module)
}

// CheckModule returns an error unless the bytes are the build/highs.wasm of the pinned release.
func CheckModule(module []byte) error {
	sum := sha256.Sum256(module)
	if found := hex.EncodeToString(sum[:]); found != ModuleSHA256 {
		return newModuleError(
			fmt.Sprintf("highs.wasm 不是 npm highs %s 的文件（sha256 为 %s，应为 %s）：请运行 make deps，再重新构建", PackageVersion, found, ModuleSHA256),
			fmt.Sprintf("highs.wasm is not the file of npm highs %s (sha256 is %s, wanted %s): run `make deps`, then build again",
				PackageVersion, found, ModuleSHA256))
	}
	return nil
}
