package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// module leads the import paths of this project.
const module = "zutuan/"

// source is what reflection cannot see of a package: comments, and the constants of a type.
type source struct {
	types  map[string]string            // comment by type
	fields map[string]map[string]string // comment by type and field
	words  map[string][]string          // constants by type, in order of the files
}

func readSource(root, pack string) (*source, error) {
	folder := filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(pack, module)))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	s := &source{types: map[string]string{}, fields: map[string]map[string]string{}, words: map[string][]string{}}
	for _, file := range entries {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, file.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, declaration := range parsed.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok {
				s.read(general)
			}
		}
	}
	return s, nil
}

func (s *source) read(declaration *ast.GenDecl) {
	for _, spec := range declaration.Specs {
		switch typed := spec.(type) {
		case *ast.TypeSpec:
			comment := typed.Doc
			if comment == nil {
				comment = declaration.Doc
			}
			s.types[typed.Name.Name] = sentence(comment)
			if structure, ok := typed.Type.(*ast.StructType); ok {
				s.readFields(typed.Name.Name, structure)
			}
		case *ast.ValueSpec:
			s.readWords(typed)
		}
	}
}

func (s *source) readFields(name string, structure *ast.StructType) {
	s.fields[name] = map[string]string{}
	for _, field := range structure.Fields.List {
		comment := sentence(field.Doc)
		if comment == "" {
			comment = sentence(field.Comment)
		}
		for _, ident := range field.Names {
			s.fields[name][ident.Name] = comment
		}
	}
}

// readWords notes constants that are declared with their type: VerdictEligible Verdict = "eligible".
func (s *source) readWords(spec *ast.ValueSpec) {
	kind, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if word, err := strconv.Unquote(literal.Value); err == nil {
			s.words[kind.Name] = append(s.words[kind.Name], word)
		}
	}
}

func sentence(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
