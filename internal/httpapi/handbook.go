package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed handbook.html
var handbookTemplate string

//go:embed handbook.css
var handbookStyle string

// The handbook's data: the description in the order in which it is read.
type (
	handbookData struct {
		Title, Introduction string
		Style               template.CSS
		Groups              []handbookGroup
		Schemas             []handbookSchema
	}
	handbookGroup struct {
		Name, Description string
		Operations        []handbookOperation
	}
	handbookOperation struct {
		ID, Method, Path, Summary, Description, Permission string
		Parameters                                         []handbookField
		Body                                               string
		Answers                                            []handbookAnswer
	}
	handbookAnswer struct{ Status, Description, Schema string }
	handbookSchema struct {
		Name, Description, Type string
		Fields                  []handbookField
	}
	handbookField struct {
		Name, Where, Type, Schema, Description string
		Required                               bool
	}
)

// renderHandbook makes the page once; it needs no script and nothing from elsewhere, so that it works with the strictest
// policy and without a network.
func renderHandbook(document *openapi3.T) (page, error) {
	parsed, err := template.New("handbook").Parse(handbookTemplate)
	if err != nil {
		return page{}, err
	}
	data := handbookData{Title: document.Info.Title, Introduction: strings.ReplaceAll(document.Info.Description, "**", ""), Style: template.CSS(handbookStyle)}
	for _, tag := range document.Tags {
		data.Groups = append(data.Groups, groupOf(document, tag))
	}
	for name, reference := range document.Components.Schemas {
		data.Schemas = append(data.Schemas, schemaOf(name, reference.Value))
	}
	sort.Slice(data.Schemas, func(i, j int) bool { return data.Schemas[i].Name < data.Schemas[j].Name })
	var text bytes.Buffer
	if err := parsed.Execute(&text, data); err != nil {
		return page{}, err
	}
	sum := sha256.Sum256([]byte(handbookStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	return newPage("text/html; charset=utf-8", policy, text.Bytes()), nil
}

func groupOf(document *openapi3.T, tag *openapi3.Tag) handbookGroup {
	group := handbookGroup{Name: tag.Name, Description: tag.Description}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if len(operation.Tags) > 0 && operation.Tags[0] == tag.Name {
				group.Operations = append(group.Operations, operationOf(method, path, operation))
			}
		}
	}
	sort.Slice(group.Operations, func(i, j int) bool {
		a, b := group.Operations[i], group.Operations[j]
		return a.Path < b.Path || a.Path == b.Path && a.Method < b.Method
	})
	return group
}

func operationOf(method, path string, operation *openapi3.Operation) handbookOperation {
	permission, _ := operation.Extensions["x-permission"].(string)
	view := handbookOperation{ID: operation.OperationID, Method: method, Path: path, Summary: operation.Summary, Description: operation.Description, Permission: permission}
	for _, reference := range operation.Parameters {
		p := reference.Value
		view.Parameters = append(view.Parameters, handbookField{Name: p.Name, Where: p.In, Type: typeText(p.Schema), Description: p.Description, Required: p.Required})
	}
	if operation.RequestBody != nil {
		for _, content := range operation.RequestBody.Value.Content {
			view.Body = refName(content.Schema)
		}
	}
	for status, reference := range operation.Responses.Map() {
		answer := handbookAnswer{Status: status}
		if reference.Value.Description != nil {
			answer.Description = *reference.Value.Description
		}
		for _, content := range reference.Value.Content {
			answer.Schema = refName(content.Schema)
		}
		view.Answers = append(view.Answers, answer)
	}
	sort.Slice(view.Answers, func(i, j int) bool { return view.Answers[i].Status < view.Answers[j].Status })
	return view
}

func schemaOf(name string, schema *openapi3.Schema) handbookSchema {
	view := handbookSchema{Name: name, Description: schema.Description, Type: plainType(schema)}
	required := map[string]bool{}
	for _, key := range schema.Required {
		required[key] = true
	}
	for key, reference := range schema.Properties {
		view.Fields = append(view.Fields, handbookField{Name: key, Type: typeText(reference), Schema: schemaName(reference), Description: reference.Value.Description, Required: required[key]})
	}
	sort.Slice(view.Fields, func(i, j int) bool { return view.Fields[i].Name < view.Fields[j].Name })
	return view
}

// refName is the name of a schema that is referred to, empty for one that is written in place.
func refName(reference *openapi3.SchemaRef) string {
	if reference == nil {
		return ""
	}
	return strings.TrimPrefix(reference.Ref, "#/components/schemas/")
}

// schemaName is the schema to look at for a field: its own, that of its items, or the one that it wraps.
func schemaName(reference *openapi3.SchemaRef) string {
	switch {
	case reference.Ref != "":
		return refName(reference)
	case reference.Value.Items != nil:
		return schemaName(reference.Value.Items)
	case len(reference.Value.AllOf) == 1:
		return schemaName(reference.Value.AllOf[0])
	case reference.Value.AdditionalProperties.Schema != nil:
		return schemaName(reference.Value.AdditionalProperties.Schema)
	}
	return ""
}

func typeText(reference *openapi3.SchemaRef) string {
	text := plainType(reference.Value)
	if reference.Value.Items != nil {
		return "[" + typeText(reference.Value.Items) + "]"
	}
	if reference.Value.Nullable {
		text += " | null"
	}
	return text
}

func plainType(schema *openapi3.Schema) string {
	text := typeOf(schema)
	if len(schema.Enum) > 0 {
		return listed(schema.Enum)
	}
	if schema.Pattern != "" {
		text += " " + schema.Pattern
	}
	return text
}
