package highs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tetratelabs/wazero"
)

// wazeroVersion is the release of wazero in go.mod. Wazero names its cache by its release too, but calls every release
// "dev" in programs without build information, such as tests, and would run the code of another one.
const wazeroVersion = "v1.12.0"

// cacheFolder is the folder inside Config.CacheDir that belongs to this package alone; anything in it that this
// package did not seal is deleted.
const cacheFolder = "highs-wasm-" + wazeroVersion

// sealSuffix names the file beside each file of machine code that holds its sha256. Wazero checks the code itself but
// not the numbers around it, and one damaged byte there can make it ask for more memory than there is, which ends the
// process. So a file is deleted before wazero sees it unless it is exactly what was written.
const sealSuffix = ".sha256"

// openCache returns the cache and its folder; no cache where there is to be none.
func (s *Solver) openCache() (wazero.CompilationCache, error) {
	if s.config.NoCache {
		return nil, nil
	}
	directory := s.config.CacheDir
	if directory == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, nil
		}
		directory = filepath.Join(base, "zutuan")
	}
	s.cacheFolder = filepath.Join(directory, cacheFolder)
	cache, err := makeCache(s.cacheFolder)
	if err != nil && s.config.CacheDir == "" {
		return nil, nil
	}
	return cache, err
}

func makeCache(folder string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("solver cache directory: %w", err)
	}
	if err := dropUnsealed(folder); err != nil {
		return nil, fmt.Errorf("solver cache directory: %w", err)
	}
	cache, err := wazero.NewCompilationCacheWithDir(folder)
	if err != nil {
		return nil, fmt.Errorf("solver cache directory: %w", err)
	}
	return cache, nil
}

// dropUnsealed deletes every file of machine code whose seal is missing or broken.
func dropUnsealed(folder string) error {
	return eachCacheFile(folder, func(path string) error {
		sum, err := sumOf(path)
		if err != nil {
			return err
		}
		seal, err := os.ReadFile(path + sealSuffix)
		if err == nil && string(seal) == sum {
			return nil
		}
		_ = os.Remove(path + sealSuffix)
		return os.Remove(path)
	})
}

// seal writes the sha256 beside each file that has none. A seal that cannot be written costs the next start some
// seconds and nothing else.
func seal(folder string) {
	_ = eachCacheFile(folder, func(path string) error {
		if _, err := os.Stat(path + sealSuffix); err == nil {
			return nil
		}
		sum, err := sumOf(path)
		if err == nil {
			err = os.WriteFile(path+sealSuffix, []byte(sum), 0o600)
		}
		return err
	})
}

// eachCacheFile visits the files that wazero has finished writing.
func eachCacheFile(folder string, visit func(path string) error) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, sealSuffix) || strings.HasSuffix(path, ".tmp") {
			return err
		}
		return visit(path)
	})
}

func sumOf(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
