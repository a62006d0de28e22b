package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"zutuan/internal/loan"
	"zutuan/internal/match"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
)

// scalars are types that write themselves as one value; their schemas stand in parts/00-common.yaml.
var scalars = map[reflect.Type]string{
	reflect.TypeFor[money.Amount]():    "Amount",
	reflect.TypeFor[money.Decimal]():   "Decimal",
	reflect.TypeFor[quarter.Quarter](): "Quarter",
	reflect.TypeFor[loan.Measure]():    "Measure",
	reflect.TypeFor[ruleexpr.Truth]():  "Truth",
	reflect.TypeFor[match.Result]():    "RuleResult",
}

// drafter writes the schemas of Go types.
type drafter struct {
	root    string
	sources map[string]*source
	// names are given to types; a type without one gets its own, led by its package.
	names map[reflect.Type]string
	taken map[string]reflect.Type
	out   *yaml.Node
	err   error
}

// goSchemas returns the schemas of all types in the list and of those that they hold.
func goSchemas(root string) (*yaml.Node, error) {
	d := &drafter{root: root, sources: map[string]*source{}, names: map[reflect.Type]string{}, taken: map[string]reflect.Type{}, out: object()}
	for _, named := range types {
		d.names[named.kind] = named.name
	}
	for _, named := range types {
		d.component(named.kind)
	}
	return d.out, d.err
}

func (d *drafter) source(t reflect.Type) *source {
	pack := t.PkgPath()
	if d.sources[pack] == nil {
		read, err := readSource(d.root, pack)
		if err != nil && d.err == nil {
			d.err = err
		}
		if read == nil {
			read = &source{}
		}
		d.sources[pack] = read
	}
	return d.sources[pack]
}

// component writes a named type once and returns its name.
func (d *drafter) component(t reflect.Type) string {
	name := d.name(t)
	if known, ok := d.taken[name]; ok {
		if known != t && d.err == nil {
			d.err = fmt.Errorf("%s and %s would both be called %s; name one of them in types.go", known, t, name)
		}
		return name
	}
	d.taken[name] = t
	place := object()
	set(d.out, name, place)
	if comment := d.source(t).types[bare(t)]; comment != "" {
		set(place, "description", comment)
	}
	if t.Kind() == reflect.String {
		set(place, "type", "string")
		set(place, "enum", d.source(t).words[t.Name()])
	} else {
		d.structure(place, t)
	}
	set(place, "x-go-type", strings.ReplaceAll(t.String(), strings.TrimSuffix(t.PkgPath(), "/"+pack(t))+"/", ""))
	set(place, "x-go-type-import", object(entry{"path", t.PkgPath()}))
	return name
}

func pack(t reflect.Type) string { return t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:] }

// bare is a type's name without its type arguments.
func bare(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}

// name is a type's name in the description: Page[Region] is RegionPage, cashflow.UnitAnswer is CashflowUnit.
func (d *drafter) name(t reflect.Type) string {
	if name, ok := d.names[t]; ok {
		return name
	}
	outer, inner, generic := strings.Cut(t.Name(), "[")
	if generic {
		inner = strings.TrimSuffix(inner, "]")
		return strings.TrimSuffix(inner[strings.LastIndex(inner, ".")+1:], "Answer") + outer
	}
	if plainPackages[pack(t)] {
		return outer
	}
	lead := strings.ToUpper(pack(t)[:1]) + pack(t)[1:]
	return lead + strings.TrimSuffix(outer, "Answer")
}

func (d *drafter) structure(place *yaml.Node, t reflect.Type) {
	properties, required := object(), []string{}
	for _, found := range visible(d.fields(t, 0)) {
		if !found.optional {
			required = append(required, found.key)
		}
		set(properties, found.key, d.property(found.field, d.source(found.owner).fields[bare(found.owner)][found.field.Name], found.optional))
	}
	set(place, "type", "object")
	set(place, "additionalProperties", false)
	if len(required) > 0 {
		set(place, "required", required)
	}
	set(place, "properties", properties)
}

// keyed is a field as JSON has it: under its key, at the depth of embedding at which it was found.
type keyed struct {
	key      string
	depth    int
	optional bool
	owner    reflect.Type
	field    reflect.StructField
}

// fields lists the fields of a struct with those of the structs that it embeds.
func (d *drafter) fields(t reflect.Type, depth int) []keyed {
	var list []keyed
	for i := range t.NumField() {
		field := t.Field(i)
		key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && key == "" {
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			list = append(list, d.fields(inner, depth+1)...)
			continue
		}
		if !field.IsExported() || key == "-" {
			continue
		}
		if key == "" {
			key = field.Name
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		list = append(list, keyed{key, depth, optional, t, field})
	}
	return list
}

// visible leaves of the fields with one key the shallowest, and none where two are equally shallow, as encoding/json does.
func visible(list []keyed) []keyed {
	least, count := map[string]int{}, map[string]int{}
	for _, f := range list {
		if depth, seen := least[f.key]; !seen || f.depth < depth {
			least[f.key], count[f.key] = f.depth, 0
		}
		if f.depth == least[f.key] {
			count[f.key]++
		}
	}
	return slices.DeleteFunc(list, func(f keyed) bool { return f.depth > least[f.key] || count[f.key] > 1 })
}

// property is a field: what it holds, whether that may be null, and what its comment says.
func (d *drafter) property(field reflect.StructField, comment string, optional bool) *yaml.Node {
	kind, nullable := field.Type, false
	if kind.Kind() == reflect.Pointer {
		kind, nullable = kind.Elem(), !optional
	}
	// A list that is not there is null in Go and not in the description, but where the field's comment promises it.
	if kind.Kind() == reflect.Slice && !optional && strings.Contains(comment, "null where") {
		nullable = true
	}
	schema := d.schema(kind)
	if target := get(schema, "$ref"); target != nil && (nullable || comment != "") {
		// Whatever stands beside a reference is not read, so that it stands one level up.
		wrapped := object()
		if nullable {
			set(wrapped, "type", typeWord(kind))
		}
		set(wrapped, "allOf", []*yaml.Node{schema})
		schema = wrapped
	}
	if nullable {
		set(schema, "nullable", true)
	}
	if comment != "" {
		set(schema, "description", comment)
	}
	return schema
}

func typeWord(t reflect.Type) string {
	if _, ok := scalars[t]; ok || t.Kind() == reflect.String {
		return "string"
	}
	return "object"
}

func (d *drafter) schema(t reflect.Type) *yaml.Node {
	if name, ok := scalars[t]; ok {
		return reference("schemas", name)
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return object(entry{"type", "string"}, entry{"format", "date-time"})
	case reflect.TypeFor[json.RawMessage]():
		return object(entry{"nullable", true})
	}
	switch t.Kind() {
	case reflect.String:
		if t.PkgPath() != "" && len(d.source(t).words[t.Name()]) > 0 {
			return reference("schemas", d.component(t))
		}
		return object(entry{"type", "string"})
	case reflect.Bool:
		return object(entry{"type", "boolean"})
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint64, reflect.Uint8:
		return object(entry{"type", "integer"})
	case reflect.Pointer:
		return d.schema(t.Elem())
	case reflect.Slice, reflect.Array:
		return object(entry{"type", "array"}, entry{"items", d.schema(t.Elem())})
	case reflect.Map:
		return object(entry{"type", "object"}, entry{"additionalProperties", d.schema(t.Elem())})
	case reflect.Struct:
		return reference("schemas", d.component(t))
	case reflect.Interface:
		return object()
	}
	if d.err == nil {
		d.err = fmt.Errorf("no schema for %s", t)
	}
	return object()
}
