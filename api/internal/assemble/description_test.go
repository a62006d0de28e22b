package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"zutuan/internal/permit"
)

func TestTheServerIsThatOfTheDescription(t *testing.T) {
	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	description, err := assemble(folder, false)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(folder, "api", "server.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	text, seal := sealed(file)
	if seal != clientSeal(description, []byte(text)) {
		t.Error("api/server.gen.go is not what the description gives now, or was edited; run make generate")
	}
}

var (
	operationName = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
	bilingual     = regexp.MustCompile(`\p{Han}.*/ `)
)

// TestOperationsSayWhatReadersNeed holds what a linter cannot know: both languages, the permission table, versions.
func TestOperationsSayWhatReadersNeed(t *testing.T) {
	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := assemble(folder, true)
	if err != nil {
		t.Fatal(err)
	}
	var whole yaml.Node
	if err := yaml.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	tags := map[string]bool{}
	for _, tag := range get(whole.Content[0], "tags").Content {
		tags[get(tag, "name").Value] = true
	}
	seen := map[string]bool{}
	paths := get(whole.Content[0], "paths")
	for i := 0; i < len(paths.Content); i += 2 {
		path, item := paths.Content[i].Value, paths.Content[i+1]
		for j := 0; j < len(item.Content); j += 2 {
			method, operation := item.Content[j].Value, item.Content[j+1]
			id := get(operation, "operationId").Value
			name := strings.ToUpper(method) + " " + path
			if seen[id] || !operationName.MatchString(id) {
				t.Errorf("%s: operationId %q is taken, or not in camelCase", name, id)
			}
			seen[id] = true
			for _, problem := range operationProblems(operation, method, tags) {
				t.Errorf("%s: %s", name, problem)
			}
		}
	}
}

func operationProblems(operation *yaml.Node, method string, tags map[string]bool) []string {
	var found []string
	if !bilingual.MatchString(get(operation, "summary").Value) {
		found = append(found, "the summary is not 中文 / English")
	}
	if list := get(operation, "tags").Content; len(list) != 1 || !tags[list[0].Value] {
		found = append(found, "wants exactly one tag, one of the list")
	}
	permission := permit.Operation(get(operation, "x-permission").Value)
	if _, known := permit.Table[permission]; !known && permission != publicPermission {
		found = append(found, "x-permission "+string(permission)+" is not in the table")
	}
	if (method == "put" || method == "patch") && get(get(operation, "responses"), "200") != nil && get(get(get(operation, "responses"), "200"), "headers") == nil {
		found = append(found, "changes a record and does not answer its ETag")
	}
	return found
}
