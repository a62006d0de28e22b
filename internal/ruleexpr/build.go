package ruleexpr

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"zutuan/internal/document"
	"zutuan/internal/quarter"
)

// Limits on one expression, each with its reason.
const (
	// MaxSource is about twenty lines: longer rules cannot be read aloud and should be several rules.
	MaxSource = 2_000
	// MaxNodes bounds the work of one evaluation; the longest shipped rule has under forty.
	MaxNodes = 300
	// MaxListDepth bounds lists inside lists: with lists of at most 160 quarters, two levels are 25,600 steps.
	MaxListDepth = 2
	// MaxLiteralDigits is more than any honest threshold has.
	MaxLiteralDigits = 30
)

// functions are the names an expression may call, besides quarter("2026Q1") and date("2026-01-31").
var functions = map[string]op{"any": opAny, "all": opAll, "none": opNone, "count": opCount, "sum": opSum, "len": opLen,
	"min": opMin, "max": opMax, "abs": opAbs, "floor": opFloor, "ceil": opCeil}

// FunctionNames lists what an expression may call, for documentation and completion.
func FunctionNames() []string {
	return []string{"abs", "all", "any", "ceil", "count", "date", "floor", "len", "max", "min", "none", "quarter", "sum"}
}

// compile parses and checks a source text and returns its typed tree, or everything wrong with it.
func (v *Vocabulary) compile(source string, want Type) (*node, error) {
	runes := []rune(source)
	if strings.TrimSpace(source) == "" {
		return nil, Errors{newError(runes, 0, 0, "empty", "表达式是空的", "the expression is empty")}
	}
	if len(runes) > MaxSource {
		return nil, Errors{newError(runes, MaxSource, MaxSource, "too_long", fmt.Sprintf("表达式有 %d 个字符，上限 %d；请拆成几条规则", len(runes), MaxSource),
			fmt.Sprintf("the expression has %d characters, above the limit of %d; split it into several rules", len(runes), MaxSource))}
	}
	// One expression is compiled at a time: building expr's environment costs far more than reading an expression, and
	// its checker keeps notes in the configuration.
	v.compiling.Lock()
	defer v.compiling.Unlock()
	config := v.config(want)
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		return nil, Errors{fromExpr(runes, err)}
	}
	b := &builder{vocabulary: v, source: runes}
	root := b.build(tree.Node)
	if len(b.errors) > 0 {
		return nil, b.errors
	}
	if root.kind != want {
		return nil, Errors{newError(runes, root.from, root.to, "result_type", fmt.Sprintf("整个表达式应得出%s，现在得出%s", typeZH[want], typeZH[root.kind]),
			fmt.Sprintf("the whole expression should give %s, but gives %s", typeEN[want], typeEN[root.kind]))}
	}
	// expr's own checker has the last word on what the language allows.
	if _, err := checker.Check(tree, config); err != nil {
		return nil, Errors{fromExpr(runes, err)}
	}
	return root, nil
}

// config declares the vocabulary to expr. Every builtin is off but the listed ones; nothing reaches Go values, the
// environment, or the clock.
func (v *Vocabulary) config(want Type) *conf.Config {
	if config := v.configs[want]; config != nil {
		return config
	}
	options := []expr.Option{expr.Env(v.environment), expr.Optimize(false), expr.MaxNodes(MaxNodes), expr.DisableAllBuiltins(),
		expr.Function("quarter", func(...any) (any, error) { return 0.0, nil }, new(func(string) float64)),
		expr.Function("date", func(...any) (any, error) { return 0.0, nil }, new(func(string) float64))}
	for name := range functions {
		options = append(options, expr.EnableBuiltin(name))
	}
	if want == TypeFlag {
		options = append(options, expr.AsBool())
	}
	config := conf.CreateNew()
	for _, option := range options {
		option(config)
	}
	for name := range config.Disabled {
		delete(config.Builtins, name)
	}
	config.Check()
	v.configs[want] = config
	return config
}

var (
	typeZH = map[Type]string{TypeNumber: "一个数", TypeText: "一个词", TypeFlag: "是或否", TypeTexts: "一组词", TypeNumbers: "一组数"}
	typeEN = map[Type]string{TypeNumber: "a number", TypeText: "a text", TypeFlag: "true or false", TypeTexts: "a list of texts", TypeNumbers: "a list of numbers"}
)

var unexpectedToken = regexp.MustCompile(`^unexpected token (.*)$`)

// fromExpr turns an error of the expr language into one with our place, caret and languages.
func fromExpr(source []rune, err error) *Error {
	var parse *file.Error
	if !errors.As(err, &parse) {
		return newError(source, 0, len(source), "syntax", "表达式有误："+err.Error(), err.Error())
	}
	zh, en := "表达式有误："+parse.Message, parse.Message
	switch match := unexpectedToken.FindStringSubmatch(parse.Message); {
	case strings.HasPrefix(parse.Message, "unexpected token EOF"):
		zh, en = "表达式没有写完", "the expression is unfinished"
	case strings.Contains(parse.Message, `Operator("=")`):
		zh, en = "判断相等请写 ==", "write == to compare"
	case strings.Contains(parse.Message, "strconv.Parse"):
		zh, en = "数字太大或写法不对：请写成普通小数，如 0.20", "the number is too large or not a plain decimal such as 0.20"
	case match != nil:
		zh = "此处不应出现 " + match[1]
	case strings.Contains(parse.Message, "exceeds maximum allowed nodes"):
		zh = fmt.Sprintf("表达式过于复杂（超过 %d 个节点）；请拆成几条规则", MaxNodes)
	case strings.Contains(parse.Message, "mismatched types"):
		zh = "运算两边的类型不一致：" + parse.Message
	}
	return newError(source, parse.From, max(parse.To, parse.From+1), "syntax", zh, en)
}

// builder turns expr's tree into the typed one and collects what is wrong.
type builder struct {
	vocabulary *Vocabulary
	source     []rune
	errors     Errors
	// lists is the stack of lists that predicates are working through; the innermost is last.
	lists []*node
}

func (b *builder) fail(n ast.Node, code, zh, en string, suggestions ...string) *node {
	from, to := b.span(n)
	b.errors = append(b.errors, newError(b.source, from, to, code, zh, en, suggestions...))
	return &node{op: opBool, kind: "", from: from, to: to}
}

// span returns the characters that a tree was read from; brackets that expr drops are put back.
func (b *builder) span(n ast.Node) (from, to int) {
	finder := &spanFinder{from: len(b.source), to: 0}
	ast.Walk(&n, finder)
	from, to = finder.from, min(finder.to, len(b.source))
	return balance(b.source, min(from, to), to)
}

type spanFinder struct{ from, to int }

func (s *spanFinder) Visit(n *ast.Node) {
	location := (*n).Location()
	if location.To > location.From {
		s.from, s.to = min(s.from, location.From), max(s.to, location.To)
	}
}

// balance widens a span until its brackets pair up; brackets inside quotes do not count.
func balance(source []rune, from, to int) (int, int) {
	opened, missing := bracketDepth(source[from:to])
	for ; missing > 0 && from > 0; from-- {
		if source[from-1] == '(' || source[from-1] == '[' {
			missing--
		}
	}
	for ; opened > 0 && to < len(source); to++ {
		if source[to] == ')' || source[to] == ']' || source[to] == '}' {
			opened--
		}
	}
	return from, to
}

// bracketDepth counts brackets left open and brackets closed without an opening one.
func bracketDepth(text []rune) (opened, missing int) {
	var quote rune
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote && text[i-1] != '\\' {
				quote = 0
			}
		case r == '"' || r == '\'' || r == '`':
			quote = r
		case r == '(' || r == '[' || r == '{':
			opened++
		case r == ')' || r == ']' || r == '}':
			if opened == 0 {
				missing++
			} else {
				opened--
			}
		}
	}
	return opened, missing
}

func (b *builder) build(n ast.Node) *node {
	built := b.dispatch(n)
	if built.to == 0 {
		built.from, built.to = b.span(n)
	}
	return built
}

func (b *builder) dispatch(n ast.Node) *node {
	switch typed := n.(type) {
	case *ast.IdentifierNode:
		return b.fact(n, typed.Value)
	case *ast.MemberNode:
		return b.member(typed)
	case *ast.IntegerNode, *ast.FloatNode:
		return b.number(n)
	case *ast.BoolNode:
		return &node{op: opBool, kind: TypeFlag, flag: typed.Value}
	case *ast.StringNode:
		return &node{op: opText, kind: TypeText, text: typed.Value}
	case *ast.ArrayNode:
		return b.list(typed)
	case *ast.UnaryNode:
		return b.unary(typed)
	case *ast.BinaryNode:
		return b.binary(typed)
	case *ast.ConditionalNode:
		return b.conditional(typed)
	case *ast.BuiltinNode:
		return b.call(typed, typed.Name, typed.Arguments)
	case *ast.CallNode:
		if callee, ok := typed.Callee.(*ast.IdentifierNode); ok {
			return b.call(typed, callee.Value, typed.Arguments)
		}
	case *ast.PointerNode:
		return b.element(typed)
	case *ast.SliceNode:
		return b.slice(typed)
	}
	return b.fail(n, "unsupported", "不支持这种写法", "this construct is not supported")
}

func (b *builder) fact(n ast.Node, name string) *node {
	slot, ok := b.vocabulary.Lookup(name)
	if !ok {
		return b.fail(n, "unknown_fact", "没有名为 "+name+" 的事实", "there is no fact named "+name, b.vocabulary.Nearest(name)...)
	}
	fact := b.vocabulary.Fact(slot)
	return &node{op: opFact, kind: fact.Type, slot: slot, dim: dimensionOf(fact.Unit)}
}

// member is a dotted name, or an item of a list by its place.
func (b *builder) member(n *ast.MemberNode) *node {
	group, isName := n.Node.(*ast.IdentifierNode)
	property, isText := n.Property.(*ast.StringNode)
	if isName && isText && !n.Optional {
		return b.fact(n, group.Value+"."+property.Value)
	}
	if _, isPlace := n.Property.(*ast.IntegerNode); isPlace {
		list := b.build(n.Node)
		if list.kind == TypeNumbers || list.kind == TypeTexts {
			return &node{op: opIndex, kind: itemType(list.kind), dim: list.dim, kids: []*node{list, b.build(n.Property)}}
		}
	}
	return b.fail(n, "unsupported", "只能写“组.名”或列表的第几项，如 need.cfads[3]", "write group.name, or an item of a list such as need.cfads[3]")
}

func itemType(list Type) Type {
	if list == TypeTexts {
		return TypeText
	}
	return TypeNumber
}

// number reads a literal from its text, so that it is the decimal that was written.
func (b *builder) number(n ast.Node) *node {
	location := n.Location()
	text := strings.ReplaceAll(string(b.source[location.From:min(location.To, len(b.source))]), "_", "")
	for i, r := range text {
		if (r < '0' || r > '9') && (r != '.' || i == 0 || i == len(text)-1) {
			return b.fail(n, "literal", "数字请写成普通小数，如 0.20", "write a number as a plain decimal such as 0.20")
		}
	}
	if len(text) > MaxLiteralDigits {
		return b.fail(n, "literal", fmt.Sprintf("数字超过 %d 位", MaxLiteralDigits), fmt.Sprintf("the number has more than %d digits", MaxLiteralDigits))
	}
	return literalNode(text, dimension{literal: true})
}

func literalNode(text string, dim dimension) *node {
	value, _ := new(big.Rat).SetString(text)
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	scaled, ok := new(big.Int).SetString(whole+fraction, 10)
	built := &node{op: opNumber, kind: TypeNumber, dim: dim, literal: value, decimals: len(fraction)}
	if ok && scaled.IsInt64() {
		built.scaled, built.narrow = scaled.Int64(), true
	}
	return built
}

func (b *builder) list(n *ast.ArrayNode) *node {
	built := &node{op: opList, dim: dimension{literal: true}}
	for _, item := range n.Nodes {
		kid := b.build(item)
		built.kids = append(built.kids, kid)
		switch {
		case kid.kind == TypeText && kid.op == opText && built.kind != TypeNumbers:
			built.kind, built.texts = TypeTexts, append(built.texts, kid.text)
		case kid.kind == TypeNumber && kid.constant() && built.kind != TypeTexts:
			built.kind = TypeNumbers
		case kid.kind != "":
			return b.fail(item, "list", "列表里只能写同一类的词或数字", "a list holds texts or numbers, written out, of one kind")
		}
	}
	if len(n.Nodes) == 0 {
		return b.fail(n, "list", "列表是空的", "the list is empty")
	}
	return built
}

func (b *builder) unary(n *ast.UnaryNode) *node {
	kid := b.build(n.Node)
	switch n.Operator {
	case "not", "!":
		if kid.kind == TypeFlag || kid.kind == "" {
			return &node{op: opNot, kind: TypeFlag, kids: []*node{kid}}
		}
		return b.fail(n.Node, "type", "not 后面应是条件，现在是"+typeZH[kid.kind], "not takes a condition, not "+typeEN[kid.kind])
	case "-":
		if kid.kind == TypeNumber || kid.kind == "" {
			return &node{op: opNegate, kind: TypeNumber, dim: kid.dim, kids: []*node{kid}}
		}
	case "+":
		return kid
	}
	return b.fail(n, "unsupported", "不支持 "+n.Operator, n.Operator+" is not supported")
}

var comparisons = map[string]comparison{"==": equal, "!=": notEqual, "<": less, "<=": lessOrEqual, ">": greater, ">=": greaterOrEqual}

var arithmetic = map[string]op{"+": opAdd, "-": opSubtract, "*": opMultiply, "/": opDivide}

func (b *builder) binary(n *ast.BinaryNode) *node {
	left, right := b.build(n.Left), b.build(n.Right)
	if left.kind == "" || right.kind == "" {
		// Something below is already wrong; its own message is enough.
		return &node{op: opBool}
	}
	if cmp, ok := comparisons[n.Operator]; ok {
		return b.compare(n, cmp, left, right)
	}
	if arith, ok := arithmetic[n.Operator]; ok {
		return b.arithmetic(n, arith, left, right)
	}
	switch n.Operator {
	case "and", "&&", "or", "||":
		for i, side := range []*node{left, right} {
			if side.kind != TypeFlag {
				return b.fail([]ast.Node{n.Left, n.Right}[i], "type", n.Operator+" 两边应是条件，这里是"+typeZH[side.kind], n.Operator+" joins conditions; this is "+typeEN[side.kind])
			}
		}
		operator := opAnd
		if n.Operator == "or" || n.Operator == "||" {
			operator = opOr
		}
		return &node{op: operator, kind: TypeFlag, kids: []*node{left, right}}
	case "in":
		return b.membership(n, left, right)
	case "contains", "startsWith", "endsWith":
		if left.kind == TypeText && right.kind == TypeText {
			return &node{op: opTextMatch, kind: TypeFlag, text: n.Operator, kids: []*node{left, right}}
		}
		return b.mismatch(n, left, right)
	}
	return b.fail(n, "unsupported", "不支持运算 "+n.Operator, "the operator "+n.Operator+" is not supported")
}

func (b *builder) mismatch(n *ast.BinaryNode, left, right *node) *node {
	return b.fail(n, "type", fmt.Sprintf("%s 的两边不能是%s和%s", n.Operator, typeZH[left.kind], typeZH[right.kind]),
		fmt.Sprintf("%s does not take %s and %s", n.Operator, typeEN[left.kind], typeEN[right.kind]))
}

func (b *builder) compare(n *ast.BinaryNode, cmp comparison, left, right *node) *node {
	ordered := cmp != equal && cmp != notEqual
	switch {
	case left.kind != right.kind, left.kind == TypeTexts, left.kind == TypeNumbers, ordered && left.kind != TypeNumber:
		return b.mismatch(n, left, right)
	case left.kind == TypeNumber:
		if _, ok := left.dim.merge(right.dim); !ok {
			return b.unitMismatch(n, left, right)
		}
	}
	return &node{op: opCompare, kind: TypeFlag, cmp: cmp, kids: []*node{left, right}}
}

func (b *builder) unitMismatch(n ast.Node, left, right *node) *node {
	return b.fail(n, "unit", fmt.Sprintf("单位不同：左边是%s，右边是%s", left.dim.name(false), right.dim.name(false)),
		fmt.Sprintf("the units differ: %s on the left, %s on the right", left.dim.name(true), right.dim.name(true)))
}

func (b *builder) arithmetic(n *ast.BinaryNode, operator op, left, right *node) *node {
	if left.kind != TypeNumber || right.kind != TypeNumber {
		return b.mismatch(n, left, right)
	}
	built := &node{op: operator, kind: TypeNumber, kids: []*node{left, right}}
	switch operator {
	case opMultiply:
		built.dim = left.dim.times(right.dim, 1)
	case opDivide:
		built.dim = left.dim.times(right.dim, -1)
		if right.op == opNumber && right.literal.Sign() == 0 {
			return b.fail(n.Right, "division", "除数是零", "division by zero")
		}
	default:
		dim, ok := left.dim.merge(right.dim)
		if !ok {
			return b.unitMismatch(n, left, right)
		}
		built.dim = dim
	}
	return built
}

func (b *builder) membership(n *ast.BinaryNode, left, right *node) *node {
	fits := left.kind == TypeText && right.kind == TypeTexts || left.kind == TypeNumber && right.kind == TypeNumbers
	if !fits {
		return b.mismatch(n, left, right)
	}
	if left.kind == TypeNumber {
		if _, ok := left.dim.merge(right.dim); !ok {
			return b.unitMismatch(n, left, right)
		}
	}
	return &node{op: opIn, kind: TypeFlag, kids: []*node{left, right}}
}

func (b *builder) conditional(n *ast.ConditionalNode) *node {
	condition, yes, no := b.build(n.Cond), b.build(n.Exp1), b.build(n.Exp2)
	if condition.kind == "" || yes.kind == "" || no.kind == "" {
		return &node{op: opBool}
	}
	if condition.kind != TypeFlag {
		return b.fail(n.Cond, "type", "? 前面应是条件，现在是"+typeZH[condition.kind], "a condition is expected before ?, not "+typeEN[condition.kind])
	}
	dim, ok := yes.dim.merge(no.dim)
	if yes.kind != no.kind || yes.kind == TypeTexts || yes.kind == TypeNumbers {
		return b.fail(n, "type", fmt.Sprintf("? 的两个结果应是同一类，现在是%s和%s", typeZH[yes.kind], typeZH[no.kind]), fmt.Sprintf("both results should be of one kind, not %s and %s", typeEN[yes.kind], typeEN[no.kind]))
	}
	if !ok {
		return b.unitMismatch(n, yes, no)
	}
	// expr places a conditional at the token after it; its parts say better where it stands.
	from, to := balance(b.source, condition.from, no.to)
	return &node{op: opIf, kind: yes.kind, dim: dim, kids: []*node{condition, yes, no}, from: from, to: to}
}

func (b *builder) call(n ast.Node, name string, arguments []ast.Node) *node {
	if name == "quarter" || name == "date" {
		return b.calendar(n, name, arguments)
	}
	operator, ok := functions[name]
	if !ok {
		return b.fail(n, "unknown_function", "没有名为 "+name+" 的函数；可用的有 "+strings.Join(FunctionNames(), ", "), "there is no function "+name+"; there are "+strings.Join(FunctionNames(), ", "),
			document.Nearest(name, FunctionNames())...)
	}
	switch operator {
	case opAny, opAll, opNone, opCount:
		return b.predicate(n, operator, arguments)
	case opSum, opLen:
		return b.aggregate(n, operator, arguments)
	default:
		return b.numeric(n, operator, arguments)
	}
}

// calendar reads quarter("2026Q1") and date("2026-01-31") into the number that such facts hold.
func (b *builder) calendar(n ast.Node, name string, arguments []ast.Node) *node {
	if len(arguments) == 1 {
		if text, ok := arguments[0].(*ast.StringNode); ok {
			if name == "quarter" {
				if parsed, err := quarter.Parse(text.Value); err == nil {
					return literalNode(fmt.Sprint(int(parsed)), dimensionOf(UnitQuarter))
				}
			} else if parsed, err := document.ParseDate(text.Value); err == nil && daysOf(parsed) >= 0 {
				return literalNode(fmt.Sprint(daysOf(parsed)), dimensionOf(UnitDate))
			}
		}
	}
	return b.fail(n, "calendar", `应写成 quarter("2026Q1") 或 date("2026-01-31")`, `write quarter("2026Q1") or date("2026-01-31")`)
}

func (b *builder) predicate(n ast.Node, operator op, arguments []ast.Node) *node {
	list := b.build(arguments[0])
	if list.kind != TypeTexts && list.kind != TypeNumbers {
		if list.kind == "" {
			return list
		}
		return b.fail(arguments[0], "type", "这里应是一组词或数，现在是"+typeZH[list.kind], "a list is expected, not "+typeEN[list.kind])
	}
	body, ok := arguments[len(arguments)-1].(*ast.PredicateNode)
	if len(arguments) != 2 || !ok {
		return b.fail(n, "predicate", "应写成 any(列表, 条件)，条件里用 # 指每一项", "write any(list, condition), with # for each item")
	}
	if len(b.lists) >= MaxListDepth {
		return b.fail(n, "too_deep", fmt.Sprintf("列表最多套 %d 层", MaxListDepth), fmt.Sprintf("lists nest at most %d deep", MaxListDepth))
	}
	b.lists = append(b.lists, list)
	condition := b.build(body.Node)
	b.lists = b.lists[:len(b.lists)-1]
	if condition.kind == "" {
		return condition
	}
	if condition.kind != TypeFlag {
		return b.fail(body.Node, "type", "这里应是条件，现在是"+typeZH[condition.kind], "a condition is expected, not "+typeEN[condition.kind])
	}
	kind := TypeFlag
	if operator == opCount {
		kind = TypeNumber
	}
	return &node{op: operator, kind: kind, kids: []*node{list, condition}}
}

func (b *builder) element(n *ast.PointerNode) *node {
	if len(b.lists) == 0 || n.Name != "" {
		return b.fail(n, "element", "# 只能写在 any、all、none、count 的条件里", "# stands only inside the condition of any, all, none, count")
	}
	list := b.lists[len(b.lists)-1]
	return &node{op: opElement, kind: itemType(list.kind), dim: list.dim, depth: len(b.lists) - 1}
}

func (b *builder) aggregate(n ast.Node, operator op, arguments []ast.Node) *node {
	if len(arguments) != 1 {
		return b.fail(n, "arguments", "这里只要一个列表", "one list is expected")
	}
	list := b.build(arguments[0])
	if list.kind == "" {
		return list
	}
	if list.kind != TypeNumbers && (operator == opSum || list.kind != TypeTexts) {
		return b.fail(arguments[0], "type", "这里应是一组数，现在是"+typeZH[list.kind], "a list of numbers is expected, not "+typeEN[list.kind])
	}
	built := &node{op: operator, kind: TypeNumber, kids: []*node{list}}
	if operator == opSum {
		built.dim = list.dim
	}
	return built
}

// numeric is min and max over numbers or one list, and abs, floor, ceil of one number.
func (b *builder) numeric(n ast.Node, operator op, arguments []ast.Node) *node {
	built := &node{op: operator, kind: TypeNumber, dim: dimension{literal: true}}
	for _, argument := range arguments {
		kid := b.build(argument)
		if kid.kind == "" {
			return kid
		}
		isList := kid.kind == TypeNumbers && len(arguments) == 1 && (operator == opMin || operator == opMax)
		if kid.kind != TypeNumber && !isList {
			return b.fail(argument, "type", "这里应是一个数，现在是"+typeZH[kid.kind], "a number is expected, not "+typeEN[kid.kind])
		}
		dim, ok := built.dim.merge(kid.dim)
		if !ok {
			return b.unitMismatch(argument, built, kid)
		}
		built.dim, built.kids = dim, append(built.kids, kid)
	}
	single := operator != opMin && operator != opMax
	if len(built.kids) == 0 || single && len(built.kids) != 1 {
		return b.fail(n, "arguments", "参数个数不对", "the number of arguments is wrong")
	}
	return built
}

func (b *builder) slice(n *ast.SliceNode) *node {
	list := b.build(n.Node)
	if list.kind != TypeNumbers && list.kind != TypeTexts {
		return b.fail(n, "type", "只有列表才能取一段", "only a list can be sliced")
	}
	built := &node{op: opSlice, kind: list.kind, dim: list.dim, kids: []*node{list}}
	for i, bound := range []ast.Node{n.From, n.To} {
		if bound == nil {
			bounds := []int64{0, 1 << 30}
			built.kids = append(built.kids, &node{op: opNumber, kind: TypeNumber, scaled: bounds[i], narrow: true, literal: big.NewRat(bounds[i], 1)})
			continue
		}
		kid := b.build(bound)
		if kid.op != opNumber || kid.decimals != 0 || !kid.narrow {
			return b.fail(bound, "slice", "段的起止应写成整数", "the bounds of a slice are whole numbers, written out")
		}
		built.kids = append(built.kids, kid)
	}
	return built
}
