package main

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// entry is one key of an object; objects are written in the order of their entries.
type entry struct {
	key   string
	value any
}

// object makes a YAML object; values are nodes, texts, numbers, truths, or lists of nodes.
func object(entries ...entry) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, e := range entries {
		set(node, e.key, e.value)
	}
	return node
}

func scalar(value any) *yaml.Node {
	switch v := value.(type) {
	case *yaml.Node:
		return v
	case []*yaml.Node:
		return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: v}
	case []string:
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for _, text := range v {
			list.Content = append(list.Content, scalar(text))
		}
		return list
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(v)}
	default:
		node := &yaml.Node{}
		node.SetString(v.(string))
		return node
	}
}

// get returns the value of a key, nil where it is not there.
func get(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// set adds a key at the end, or replaces its value.
func set(node *yaml.Node, key string, value any) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			node.Content[i+1] = scalar(value)
			return
		}
	}
	node.Content = append(node.Content, scalar(key), scalar(value))
}

func reference(kind, name string) *yaml.Node {
	return object(entry{"$ref", "#/components/" + kind + "/" + name})
}
