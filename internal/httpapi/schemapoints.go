package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"zutuan/internal/document"
	"zutuan/internal/refuse"
)

// maxPoints bounds a refusal of one request.
const maxPoints = 100

// schemaPoints says everything in which a value differs from its schema. A parameter's value is pointed at by its name, a
// place in the body by its JSON pointer.
func schemaPoints(schema *openapi3.Schema, value any, parameter string) []refuse.Point {
	err := schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.VisitAsRequest())
	if err == nil {
		return nil
	}
	var points []refuse.Point
	collect(err, func(e *openapi3.SchemaError) {
		if len(points) == maxPoints {
			return
		}
		pointer := parameter
		if parameter == "" {
			pointer = pointerOf(e.JSONPointer())
		}
		points = append(points, schemaPoint(e, pointer)...)
	})
	if len(points) == 0 {
		points = append(points, pointAt(parameter, "schema", "不符合接口说明", "not as the API describes it"))
	}
	sort.SliceStable(points, func(i, j int) bool { return points[i].Pointer < points[j].Pointer })
	return points
}

// collect walks the tree of errors down to those that name one keyword.
func collect(err error, found func(*openapi3.SchemaError)) {
	var many openapi3.MultiError
	if errors.As(err, &many) {
		for _, one := range many {
			collect(one, found)
		}
		return
	}
	var e *openapi3.SchemaError
	if !errors.As(err, &e) {
		return
	}
	if e.Origin != nil && (e.SchemaField == "allOf" || e.SchemaField == "") {
		collect(e.Origin, found)
		return
	}
	found(e)
}

func pointerOf(path []string) string {
	var pointer strings.Builder
	for _, part := range path {
		pointer.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return pointer.String()
}

// schemaPoint tells one broken keyword in both languages: what is allowed, so that the reader knows what to write.
func schemaPoint(e *openapi3.SchemaError, pointer string) []refuse.Point {
	schema := e.Schema
	zh, en := "不符合接口说明（"+e.SchemaField+"）", "not as the API describes it ("+e.SchemaField+")"
	switch e.SchemaField {
	case "type":
		zh, en = "应为"+typeNames[typeOf(schema)].zh, "should be "+typeNames[typeOf(schema)].en
	case "nullable":
		zh, en = "不能为 null", "must not be null"
	case "required":
		zh, en = "缺少这一项", "this is missing"
	case "properties":
		return unknownKeys(e, pointer)
	case "enum":
		list := listed(schema.Enum)
		zh, en = "应为 "+list+" 之一", "should be one of "+list
	case "pattern":
		zh, en = "格式应为 "+schema.Pattern+example(schema, "，如 "), "should match "+schema.Pattern+example(schema, ", such as ")
	case "format":
		zh, en = "应为 "+schema.Format+" 格式"+example(schema, "，如 "), "should be of the format "+schema.Format+example(schema, ", such as ")
	case "minLength":
		zh, en = fmt.Sprintf("至少 %d 个字符", schema.MinLength), fmt.Sprintf("at least %d characters", schema.MinLength)
	case "maxLength":
		zh, en = fmt.Sprintf("至多 %d 个字符", *schema.MaxLength), fmt.Sprintf("at most %d characters", *schema.MaxLength)
	case "minItems":
		zh, en = fmt.Sprintf("至少 %d 项", schema.MinItems), fmt.Sprintf("at least %d items", schema.MinItems)
	case "maxItems":
		zh, en = fmt.Sprintf("至多 %d 项", *schema.MaxItems), fmt.Sprintf("at most %d items", *schema.MaxItems)
	case "uniqueItems":
		zh, en = "各项不能重复", "no item twice"
	case "minimum":
		zh, en = fmt.Sprintf("不小于 %v", *schema.Min), fmt.Sprintf("not below %v", *schema.Min)
	case "maximum":
		zh, en = fmt.Sprintf("不大于 %v", *schema.Max), fmt.Sprintf("not above %v", *schema.Max)
	}
	return []refuse.Point{pointAt(pointer, e.SchemaField, zh, en)}
}

// unknownKeys names each key that the schema does not know, with those that it may have meant.
func unknownKeys(e *openapi3.SchemaError, pointer string) []refuse.Point {
	object, _ := e.Value.(map[string]any)
	var known []string
	for name := range e.Schema.Properties {
		known = append(known, name)
	}
	sort.Strings(known)
	// The library reports one error for each unknown key and names it in the reason alone.
	var name string
	if _, quoted, ok := strings.Cut(e.Reason, "property "); ok {
		_ = json.Unmarshal([]byte(strings.TrimSuffix(quoted, " is unsupported")), &name)
	}
	if _, present := object[name]; !present {
		name = ""
	}
	allowed := document.Nearest(name, known)
	if len(allowed) == 0 {
		allowed = known
	}
	list := strings.Join(allowed, ", ")
	return []refuse.Point{pointAt(pointer+pointerOf([]string{name}), "unknown_key", "不认识的键；允许的有 "+list, "unknown key; allowed: "+list)}
}

var typeNames = map[string]struct{ zh, en string }{
	"string": {"文本", "a text"}, "integer": {"整数", "a whole number"}, "boolean": {" true 或 false", "true or false"},
	"array": {"列表", "a list"}, "object": {"对象", "an object"}, "number": {"数字", "a number"}, "": {"接口说明中的类型", "of the described type"},
}

func typeOf(schema *openapi3.Schema) string {
	if schema.Type != nil && len(*schema.Type) > 0 {
		return (*schema.Type)[0]
	}
	return ""
}

func listed(words []any) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = fmt.Sprint(word)
	}
	return strings.Join(texts, ", ")
}

func example(schema *openapi3.Schema, lead string) string {
	if schema.Example == nil {
		return ""
	}
	return lead + fmt.Sprint(schema.Example)
}
