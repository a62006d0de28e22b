package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// generateClient runs the generator on the description as it is served, and writes under the Go file of which texts it
// came: a test compares them, so that neither an old client nor one that was edited by hand stays unnoticed.
func generateClient(name string) error {
	folder, err := root()
	if err != nil {
		return err
	}
	description, err := os.ReadFile(filepath.Join(folder, "api", "openapi.yaml"))
	if err != nil {
		return err
	}
	brief, err := withoutRefusals(description)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "openapi-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	input, config := filepath.Join(scratch, "openapi.yaml"), filepath.Join(scratch, "config.yaml")
	if err := errors.Join(os.WriteFile(input, brief, 0o600), os.WriteFile(config, []byte(clientConfig), 0o600)); err != nil {
		return err
	}
	output := filepath.Join(folder, "api", "client", name)
	command := exec.Command("go", "run", generator, "-config", config, "-o", output, input)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return err
	}
	text, err := os.ReadFile(output)
	if err != nil {
		return err
	}
	return os.WriteFile(output, append(text, clientSeal(description, text)...), 0o644)
}

// clientConfig prefixes the words of every enumeration, as the server's does.
const clientConfig = `
package: client
generate: {client: true, models: true}
compatibility: {always-prefix-enum-values: true}
`

// clientSeal is the last line of the client's file.
func clientSeal(description, text []byte) string {
	return fmt.Sprintf("\n// openapi.yaml %x, above %x\n", sha256.Sum256(description), sha256.Sum256(text))
}

// withoutRefusals leaves of every operation's refusals the default one: all have the same form, and a client that had a
// type for each status of each operation would be four times as long and harder to use.
func withoutRefusals(description []byte) ([]byte, error) {
	var whole yaml.Node
	if err := yaml.Unmarshal(description, &whole); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	document := whole.Content[0]
	paths := get(document, "paths")
	for i := 1; i < len(paths.Content); i += 2 {
		item := paths.Content[i]
		for j := 1; j < len(item.Content); j += 2 {
			responses := get(item.Content[j], "responses")
			keep(responses, func(status string, response *yaml.Node) bool {
				return status == "default" || status < "4" || get(response, "$ref") == nil && get(get(response, "content"), "application/problem+json") == nil
			})
		}
	}
	keep(get(get(document, "components"), "responses"), func(name string, _ *yaml.Node) bool { return name == "Problem" || name == "NotModified" })
	return yaml.Marshal(document)
}

// keep drops the entries of an object that are not wanted.
func keep(object *yaml.Node, wanted func(key string, value *yaml.Node) bool) {
	var content []*yaml.Node
	for i := 0; i+1 < len(object.Content); i += 2 {
		if wanted(object.Content[i].Value, object.Content[i+1]) {
			content = append(content, object.Content[i], object.Content[i+1])
		}
	}
	object.Content = content
}

// sealed splits a client's file into what was generated and its last line.
func sealed(file []byte) (text, seal string) {
	at := strings.LastIndex(strings.TrimSuffix(string(file), "\n"), "\n// openapi.yaml ")
	if at < 0 {
		return string(file), ""
	}
	return string(file)[:at], string(file)[at:]
}
