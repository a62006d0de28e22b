package main

import (
	"go.yaml.in/yaml/v3"
)

// oneFile leaves of the media types in which a file may be sent the first one: the generator gives each of them a field of
// the same name, so that the server has one field for the file, whatever it is. Which of them was sent, its reader sees.
func oneFile(operation *yaml.Node) {
	content := get(get(operation, "requestBody"), "content")
	if content == nil {
		return
	}
	var kept []*yaml.Node
	files := 0
	for i := 0; i+1 < len(content.Content); i += 2 {
		if content.Content[i].Value != "application/json" {
			files++
		}
		if content.Content[i].Value == "application/json" || files == 1 {
			kept = append(kept, content.Content[i], content.Content[i+1])
		}
	}
	content.Content = kept
}
