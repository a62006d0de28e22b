package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// source is one Go file of the project.
type source struct {
	path string // relative to the root, with slashes
	pack string // the directory
	test bool
	file *ast.File
	set  *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	var found []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "bin") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		relative = filepath.ToSlash(relative)
		found = append(found, source{path: relative, pack: filepath.ToSlash(filepath.Dir(relative)), test: strings.HasSuffix(path, "_test.go"), file: file, set: set})
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	return found
}

// layers lists the packages from the ground up. A package may import only packages of lower layers; packages on one
// line are strangers to one another.
var layers = [][]string{
	{"internal/money", "internal/quarter"},
	{"internal/yield", "internal/document", "internal/textview", "internal/store", "internal/permit"},
	{"internal/ruleexpr", "internal/lp", "internal/refuse", "internal/storetest", "internal/store/sqlite", "internal/store/mongo"},
	{"internal/funding", "internal/lp/highs", "internal/lp/sample"},
	{"rules", "internal/loan", "internal/cashflow"},
	{"internal/rulepack"},
	{"internal/facts"},
	{"internal/plan", "internal/match"},
	{"internal/planner"},
	{"internal/risk", "internal/rulecheck"},
	{"internal/stress"},
	{"internal/stress/montecarlo", "internal/stress/stresstest"},
	{"internal/casework", "internal/impact"},
	{"internal/gate", "internal/people", "internal/jobs", "internal/sheet"},
	{"internal/people/oidc"},
	{"internal/office"},
	{"api", "api/client"},
	{"internal/httpapi"},
	{"internal/service", "internal/httpapi/apitest"},
	{"cmd/zutuan", "internal/journey"},
}

func TestImportsPointOneWay(t *testing.T) {
	level := map[string]int{}
	for i, layer := range layers {
		for _, pack := range layer {
			level[pack] = i
		}
	}
	for _, s := range sources(t) {
		from, known := level[s.pack]
		if s.pack == "internal/tidy" {
			continue
		}
		if !known {
			if !s.test && s.file.Name.Name != "main" {
				t.Errorf("%s: package %s has no layer; give it one in layers", s.path, s.pack)
			}
			continue
		}
		if s.test {
			continue
		}
		for _, spec := range s.file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			imported, ours := strings.CutPrefix(path, "zutuan/")
			if !ours {
				continue
			}
			if to, ok := level[imported]; !ok || to >= from {
				t.Errorf("%s imports %s, which is not below it", s.path, imported)
			}
		}
	}
}

// pure are the packages that decide numbers: no I/O, no clock, no chance.
var pure = []string{"internal/money", "internal/quarter", "internal/document", "internal/ruleexpr", "internal/yield", "internal/funding", "internal/loan", "internal/cashflow",
	"internal/facts", "internal/match", "internal/permit", "internal/gate", "internal/impact", "internal/casework", "internal/plan", "internal/planner", "internal/risk", "internal/rulecheck", "internal/lp", "internal/stress", "internal/stress/montecarlo"}

func TestDecidersDoNoInputOrOutput(t *testing.T) {
	forbidden := map[string]bool{"os": true, "net": true, "net/http": true, "io/ioutil": true, "math/rand": true, "math/rand/v2": true, "log": true, "log/slog": true, "os/exec": true, "syscall": true}
	for _, s := range sources(t) {
		if s.test || !contains(pure, s.pack) {
			continue
		}
		for _, spec := range s.file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); forbidden[path] {
				t.Errorf("%s imports %s; a decider does no I/O and asks no chance", s.path, path)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if name, ok := selector.X.(*ast.Ident); ok && name.Name == "time" && (selector.Sel.Name == "Now" || selector.Sel.Name == "Since") {
					t.Errorf("%s: a decider reads no clock", s.set.Position(n.Pos()))
				}
			}
			return true
		})
	}
}

// exact are the packages on the path of an amount; a binary float there is a defect.
var exact = []string{"internal/money", "internal/quarter", "internal/document", "internal/funding", "internal/ruleexpr", "internal/loan", "internal/cashflow", "internal/facts", "internal/match",
	"internal/risk", "internal/rulecheck", "internal/stress", "internal/rulepack", "internal/casework", "internal/impact", "internal/gate", "internal/office", "internal/sheet", "api", "internal/httpapi", "internal/store", "internal/store/sqlite", "internal/store/mongo", "cmd/zutuan"}

func TestMoneyMeetsNoBinaryFloat(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !contains(exact, s.pack) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch typed := n.(type) {
			case *ast.Ident:
				if typed.Name == "float64" || typed.Name == "float32" {
					// The expression language has one number type of that name; rule texts are declared with it and never computed.
					if s.path == "internal/ruleexpr/build.go" {
						return true
					}
					t.Errorf("%s: %s on an exact path", s.set.Position(n.Pos()), typed.Name)
				}
			case *ast.SelectorExpr:
				if strings.HasPrefix(typed.Sel.Name, "NewFromFloat") || typed.Sel.Name == "InexactFloat64" || typed.Sel.Name == "ParseFloat" {
					t.Errorf("%s: %s on an exact path", s.set.Position(n.Pos()), typed.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestOnlyRuleexprKnowsTheExpressionLanguage(t *testing.T) {
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if strings.HasPrefix(path, "github.com/expr-lang/expr") && s.pack != "internal/ruleexpr" && !s.test {
				t.Errorf("%s imports %s; only internal/ruleexpr may", s.path, path)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented, packages := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		packages[s.pack] = true
		if s.file.Doc != nil {
			documented[s.pack] = true
		}
	}
	for pack := range packages {
		if !documented[pack] {
			t.Errorf("%s has no package comment", pack)
		}
	}
}

// TestEveryFixtureIsUsed fails for a file under testdata that no test, rule or document names.
func TestEveryFixtureIsUsed(t *testing.T) {
	var everything strings.Builder
	for _, s := range sources(t) {
		text, err := os.ReadFile(filepath.Join(root, s.path))
		if err != nil {
			t.Fatal(err)
		}
		everything.Write(text)
	}
	scripts, _ := filepath.Glob(filepath.Join(root, "testdata/scripts/*"))
	for _, extra := range append(scripts, filepath.Join(root, "Makefile"), filepath.Join(root, "README.md")) {
		if text, err := os.ReadFile(extra); err == nil {
			everything.Write(text)
		}
	}
	named := everything.String()
	var dead []string
	err := filepath.WalkDir(filepath.Join(root, "testdata"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		folder := filepath.Base(filepath.Dir(path))
		stem := strings.TrimSuffix(entry.Name(), filepath.Ext(entry.Name()))
		// A test that walks a whole folder names the folder.
		if !strings.Contains(named, stem) && !strings.Contains(named, "testdata/"+folder) && !strings.Contains(named, folder+"/*") {
			dead = append(dead, path)
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	sort.Strings(dead)
	for _, path := range dead {
		t.Errorf("%s is named nowhere", path)
	}
}

func contains(list []string, word string) bool {
	for _, candidate := range list {
		if candidate == word {
			return true
		}
	}
	return false
}
