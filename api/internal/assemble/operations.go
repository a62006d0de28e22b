package main

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var methods = []string{"get", "put", "post", "delete", "patch"}

// publicPermission marks an operation that nobody has to sign in for.
const publicPermission = "none"

// operations checks what every operation has to say, and adds what follows for it by rule.
func operations(whole *yaml.Node, finished bool) error {
	paths := get(whole, "paths")
	for i := 0; i+1 < len(paths.Content); i += 2 {
		path, item := paths.Content[i].Value, paths.Content[i+1]
		for j := 0; j+1 < len(item.Content); j += 2 {
			method, operation := item.Content[j].Value, item.Content[j+1]
			if !slices.Contains(methods, method) {
				return fmt.Errorf("%s: %s is no method; parameters stand with each operation", path, method)
			}
			for _, needed := range []string{"operationId", "tags", "summary", "x-permission", "responses"} {
				if get(operation, needed) == nil {
					return fmt.Errorf("%s %s: %s is missing", method, path, needed)
				}
			}
			if finished {
				finish(operation, method, path)
			} else {
				oneFile(operation)
			}
		}
	}
	return nil
}

// finish adds the parameters, the security and the refusals that an operation has because of what it is.
func finish(operation *yaml.Node, method, path string) {
	public := get(operation, "x-permission").Value == publicPermission
	if public {
		set(operation, "security", []*yaml.Node{})
	}
	if method == "post" && repeatable(operation) {
		addParameter(operation, "IdempotencyKey")
	}
	responses := get(operation, "responses")
	if method == "get" && hasHeader(get(responses, "200"), "ETag") {
		addParameter(operation, "IfNoneMatch")
		set(responses, "304", reference("responses", "NotModified"))
	}
	for _, refusal := range refusals(operation, method, path, public) {
		set(responses, refusal.status, reference("responses", refusal.name))
	}
}

// repeatable operations take an Idempotency-Key. What changes nothing may be repeated anyway, and an answer with a secret in
// it must not be kept for repeats.
func repeatable(operation *yaml.Node) bool {
	permission, once := get(operation, "x-permission").Value, get(operation, "x-idempotency")
	return permission != publicPermission && permission != "compute" && !strings.HasSuffix(permission, ".read") && (once == nil || once.Value != "none")
}

type refusal struct{ status, name string }

func refusals(operation *yaml.Node, method, path string, public bool) []refusal {
	// What stands outside the API proper answers machines: probes and readers of this description.
	if !strings.HasPrefix(path, "/api/v1/") {
		return []refusal{{"429", "TooMany"}, {"500", "Fault"}, {"504", "TimedOut"}, {"default", "Problem"}}
	}
	list := []refusal{{"400", "Malformed"}}
	if !public {
		list = append(list, refusal{"401", "Unauthenticated"}, refusal{"403", "Forbidden"})
	}
	// A record may be named in the path, in a filter or in the body.
	if strings.Contains(path, "{") || get(operation, "parameters") != nil || get(operation, "requestBody") != nil {
		list = append(list, refusal{"404", "Unknown"})
	}
	if method != "get" {
		list = append(list, refusal{"409", "Conflict"})
	}
	if hasParameter(operation, "IfMatch") {
		list = append(list, refusal{"412", "Stale"}, refusal{"428", "Unconditional"})
	}
	if get(operation, "requestBody") != nil {
		list = append(list, refusal{"413", "TooLarge"}, refusal{"415", "MediaType"})
	}
	if get(operation, "requestBody") != nil || get(operation, "parameters") != nil || method != "get" {
		list = append(list, refusal{"422", "Invalid"})
	}
	return append(list, refusal{"423", "Locked"}, refusal{"429", "TooMany"}, refusal{"500", "Fault"}, refusal{"503", "Unready"}, refusal{"504", "TimedOut"}, refusal{"default", "Problem"})
}

func addParameter(operation *yaml.Node, name string) {
	list := get(operation, "parameters")
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		set(operation, "parameters", list)
	}
	list.Content = append(list.Content, reference("parameters", name))
}

func hasParameter(operation *yaml.Node, name string) bool {
	list := get(operation, "parameters")
	if list == nil {
		return false
	}
	return slices.ContainsFunc(list.Content, func(item *yaml.Node) bool {
		target := get(item, "$ref")
		if target == nil {
			// One that an operation writes out, because it is asked for at times only.
			in, written := get(item, "in"), get(item, "name")
			return in != nil && written != nil && in.Value == "header" && strings.ReplaceAll(written.Value, "-", "") == name
		}
		return strings.HasSuffix(target.Value, "/"+name)
	})
}

func hasHeader(response *yaml.Node, name string) bool {
	return get(get(response, "headers"), name) != nil
}
