package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"go.yaml.in/yaml/v3"
)

// assemble returns the description as text. finished adds what follows for every operation by rule; without it the text is
// what the generator of the server reads.
func assemble(root string, finished bool) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(root, "api", "parts", "*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no parts in api/parts: %v", err)
	}
	sort.Strings(files)
	whole := object()
	for _, file := range files {
		if err := join(whole, file); err != nil {
			return nil, err
		}
	}
	drafted, err := goSchemas(root)
	if err != nil {
		return nil, err
	}
	components := get(whole, "components")
	if err := merge(get(components, "schemas"), drafted, "the Go types"); err != nil {
		return nil, err
	}
	sortKeys(get(components, "schemas"))
	if err := operations(whole, finished); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	text.WriteString("# Assembled by `make generate` from api/parts and the Go types of answers: change those, not this file.\n")
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(whole); err != nil {
		return nil, err
	}
	return text.Bytes(), encoder.Close()
}

// join adds one part; parts may share the sections paths and components, and nothing within them.
func join(whole *yaml.Node, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var part yaml.Node
	if err := yaml.Unmarshal(text, &part); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(part.Content) != 1 || part.Content[0].Kind != yaml.MappingNode {
		return fmt.Errorf("%s: not an object", file)
	}
	return merge(whole, part.Content[0], filepath.Base(file))
}

// shared are the objects that several parts may add to.
var shared = map[string]bool{"paths": true, "components": true, "schemas": true, "parameters": true, "responses": true, "headers": true, "securitySchemes": true}

func merge(into, from *yaml.Node, origin string) error {
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		present := get(into, key.Value)
		switch {
		case present == nil:
			into.Content = append(into.Content, key, value)
		case shared[key.Value] && present.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			if err := merge(present, value, origin); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s: %s is described twice", origin, key.Value)
		}
	}
	return nil
}

func sortKeys(node *yaml.Node) {
	type pair struct{ key, value *yaml.Node }
	pairs := make([]pair, 0, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		pairs = append(pairs, pair{node.Content[i], node.Content[i+1]})
	}
	sort.SliceStable(pairs, func(i, j int) bool { return pairs[i].key.Value < pairs[j].key.Value })
	for i, p := range pairs {
		node.Content[2*i], node.Content[2*i+1] = p.key, p.value
	}
}
