package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gofiber/fiber/v2"

	"zutuan/internal/document"
	"zutuan/internal/refuse"
)

// checker holds an operation's description in the form in which requests are checked against it.
type checker struct {
	path, query, headers []*openapi3.Parameter
	known                map[string]bool
	// open lets query parameters pass that the description does not name, where somebody else adds them.
	open         bool
	body         map[string]*openapi3.Schema // by media type
	bodyRequired bool
}

func newChecker(described *openapi3.Operation) (*checker, error) {
	k := &checker{known: map[string]bool{}, body: map[string]*openapi3.Schema{}, open: described.Extensions["x-open-query"] == true}
	for _, reference := range described.Parameters {
		parameter := reference.Value
		switch parameter.In {
		case openapi3.ParameterInPath:
			k.path = append(k.path, parameter)
		case openapi3.ParameterInQuery:
			k.query = append(k.query, parameter)
			k.known[parameter.Name] = true
		case openapi3.ParameterInHeader:
			k.headers = append(k.headers, parameter)
		default:
			return nil, errors.New("parameters stand in path, query or header")
		}
	}
	if described.RequestBody != nil {
		k.bodyRequired = described.RequestBody.Value.Required
		for media, content := range described.RequestBody.Value.Content {
			k.body[media] = content.Schema.Value
		}
	}
	return k, nil
}

// withDescribedForm refuses whatever does not have the form of the description, everything at once.
func (s *Server) withDescribedForm(o *operation, next fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		points, err := o.check.parameters(c)
		if err != nil {
			return err
		}
		found, err := o.check.content(c, o.bodyLimit)
		if err != nil {
			return err
		}
		if points = append(points, found...); len(points) > 0 {
			return refuse.New(refuse.KindMalformed, "malformed", "请求不符合接口说明，请逐条更正", "the request is not as the API describes it; mend each point").With(points...)
		}
		if len(c.Request().Body()) == 0 && len(o.check.body) > 0 {
			// The generated code takes a body that is left out for a broken one, unless it finds a value here.
			c.Locals(validatedBodyKey, map[string]any{})
		}
		return next(c)
	}
}

// validatedBodyKey is where the generated code looks for a body that was read already; it is named in server.gen.go.
const validatedBodyKey = "x-oapi-codegen-validated-body"

// parameters checks path, query and headers. A missing If-Match is a refusal of its own.
func (k *checker) parameters(c *fiber.Ctx) ([]refuse.Point, error) {
	var points []refuse.Point
	for _, parameter := range k.path {
		text, err := url.PathUnescape(c.Params(parameter.Name))
		if err != nil {
			points = append(points, pointAt(parameter.Name, "encoding", "路径中的转义有误", "the escaping of the path is broken"))
			continue
		}
		points = append(points, checkText(parameter, []string{text})...)
	}
	query, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return append(points, pointAt("", "encoding", "查询串的转义有误", "the escaping of the query is broken")), nil
	}
	for _, parameter := range k.query {
		points = append(points, checkText(parameter, query[parameter.Name])...)
	}
	points = append(points, k.unknown(query)...)
	for _, parameter := range k.headers {
		var values []string
		if value := c.Get(parameter.Name); value != "" {
			values = []string{value}
		}
		if values == nil && parameter.Required && parameter.Name == fiber.HeaderIfMatch {
			return nil, refuse.New(refuse.KindUnconditional, "if_match", "请带上所依据的版本号（If-Match）；先读取记录，再按其版本修改", "name the version that you saw (If-Match): read the record, then change that version")
		}
		points = append(points, checkText(parameter, values)...)
	}
	return points, nil
}

// unknown reports query parameters that nothing reads: a mistyped filter would otherwise quietly not filter.
func (k *checker) unknown(query url.Values) []refuse.Point {
	var points []refuse.Point
	for name := range query {
		if !k.known[name] && !k.open {
			names := make([]string, 0, len(k.known))
			for known := range k.known {
				names = append(names, known)
			}
			sort.Strings(names)
			list := strings.Join(names, ", ")
			points = append(points, pointAt(name, "unknown_parameter", "没有查询参数 "+name+"；有 "+list, "there is no query parameter "+name+"; there are "+list))
		}
	}
	sort.Slice(points, func(i, j int) bool { return points[i].Pointer < points[j].Pointer })
	return points
}

func pointAt(pointer, code, zh, en string) refuse.Point {
	return refuse.Point{Code: code, Pointer: pointer, ZH: zh, EN: en}
}

// checkText checks a parameter, whose values come as text.
func checkText(parameter *openapi3.Parameter, texts []string) []refuse.Point {
	if len(texts) == 0 {
		if parameter.Required {
			return []refuse.Point{pointAt(parameter.Name, "required", "缺少 "+parameter.Name, parameter.Name+" is missing")}
		}
		return nil
	}
	schema := parameter.Schema.Value
	if schema.Type.Is("array") {
		values := make([]any, len(texts))
		for i, text := range texts {
			values[i] = valueOf(schema.Items.Value, text)
		}
		return schemaPoints(schema, values, parameter.Name)
	}
	if len(texts) > 1 {
		return []refuse.Point{pointAt(parameter.Name, "repeated", parameter.Name+" 只能写一次", parameter.Name+" is given more than once")}
	}
	return schemaPoints(schema, valueOf(schema, texts[0]), parameter.Name)
}

// valueOf turns text into what the schema asks for; text that is not that stays text, which the schema then refuses.
func valueOf(schema *openapi3.Schema, text string) any {
	switch {
	case schema.Type.Is("integer"):
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return json.Number(text)
		}
	case schema.Type.Is("boolean"):
		if text == "true" || text == "false" {
			return text == "true"
		}
	}
	return text
}

// content checks the body. Only JSON has a form that the description knows; other media types are read by their handlers.
func (k *checker) content(c *fiber.Ctx, limitBytes int) ([]refuse.Point, error) {
	raw := c.Request().Body()
	if len(raw) > limitBytes {
		return nil, tooLarge(limitBytes)
	}
	if len(k.body) == 0 {
		if len(raw) > 0 {
			return []refuse.Point{pointAt("", "unexpected_body", "此操作不接受请求内容", "this operation takes no body")}, nil
		}
		return nil, nil
	}
	if len(raw) == 0 {
		if k.bodyRequired {
			return []refuse.Point{pointAt("", "required", "缺少请求内容", "the body is missing")}, nil
		}
		return nil, nil
	}
	if encoding := c.Get(fiber.HeaderContentEncoding); encoding != "" && encoding != "identity" {
		return nil, refuse.New(kindMediaType, "content_encoding", "请求内容不能压缩", "bodies are sent uncompressed")
	}
	media, _, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	schema, accepted := k.body[media]
	if err != nil || !accepted {
		list := strings.Join(k.mediaTypes(), ", ")
		return nil, refuse.Newf(kindMediaType, "media_type", "内容类型应为 %s", "the content type should be %s", list)
	}
	if media != fiber.MIMEApplicationJSON {
		return nil, nil
	}
	return checkJSON(schema, raw), nil
}

func (k *checker) mediaTypes() []string {
	list := make([]string, 0, len(k.body))
	for media := range k.body {
		list = append(list, media)
	}
	sort.Strings(list)
	return list
}

// checkJSON also refuses what is not UTF-8: the decoder would put another letter in its place, and a document that is kept
// as it was handed in would not be what was checked.
func checkJSON(schema *openapi3.Schema, raw []byte) []refuse.Point {
	if !utf8.Valid(raw) {
		return []refuse.Point{pointAt("", "encoding", "请求内容不是 UTF-8 编码", "the body is not UTF-8")}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree any
	err := decoder.Decode(&tree)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("text after the end")
		}
	}
	if err != nil {
		line, column, zh, en := document.JSONMistake(raw)
		return []refuse.Point{{Code: "syntax", Line: line, Column: column, ZH: zh, EN: en}}
	}
	return schemaPoints(schema, tree, "")
}
