package rulecheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Completion is one thing that could be typed next.
type Completion struct {
	// Text replaces the word before the cursor, which is Replaces characters long.
	Text     string `json:"text"`
	Replaces int    `json:"replaces"`
	// Kind is fact, parameter, function, word or key.
	Kind string `json:"kind"`
	ZH   string `json:"zh,omitempty"`
	EN   string `json:"en,omitempty"`
	// Unit is that of a number.
	Unit string `json:"unit,omitempty"`
}

// maxCompletions is what fits on a screen.
const maxCompletions = 40

// functionHelp says what each function of an expression does.
var functionHelp = map[string]funding.Text{
	"any": {ZH: "any(列表, 条件)：有一项满足条件；# 指该项", EN: "any(list, condition): some item meets it; # is the item"},
	"all": {ZH: "all(列表, 条件)：每一项都满足条件", EN: "all(list, condition): every item meets it"}, "none": {ZH: "none(列表, 条件)：没有一项满足条件", EN: "none(list, condition): no item meets it"},
	"count": {ZH: "count(列表, 条件)：满足条件的项数", EN: "count(list, condition): how many items meet it"}, "sum": {ZH: "sum(列表)：合计", EN: "sum(list): the total"},
	"len": {ZH: "len(列表)：项数", EN: "len(list): how many items"}, "min": {ZH: "min(a, b, …)：最小值", EN: "min(a, b, …): the smallest"}, "max": {ZH: "max(a, b, …)：最大值", EN: "max(a, b, …): the largest"},
	"abs": {ZH: "abs(数)：绝对值", EN: "abs(number): the absolute value"}, "floor": {ZH: "floor(数)：向下取整", EN: "floor(number): rounded down"}, "ceil": {ZH: "ceil(数)：向上取整", EN: "ceil(number): rounded up"},
	"quarter": {ZH: `quarter("2026Q1")：日历季度`, EN: `quarter("2026Q1"): a calendar quarter`}, "date": {ZH: `date("2026-01-31")：日期`, EN: `date("2026-01-31"): a day`},
}

var (
	wordBefore = regexp.MustCompile(`[\p{L}\p{N}_.\-〔〕]*$`)
	wordAfter  = regexp.MustCompile(`^[\p{L}\p{N}_.\-]*`)
	lastKey    = regexp.MustCompile(`(?:^|[\s{,\-])([a-z_]+):\s*[^:]*$`)
	// openQuote is an expression that is being written: a conditional in it has a colon of its own.
	openQuote = regexp.MustCompile(`\b(when|applies_when|rate|max|rule|metric|numerator|denominator|yellow|orange|red|stop):\s*'(?:[^']|'')*$`)
	inSet     = regexp.MustCompile(`\b(set:\s*\{[^}]*|unset:\s*\[[^\]]*)$`)
)

// grammar is what may stand in one kind of text.
type grammar struct {
	// keys are those of the file, by the key that they stand under.
	keys map[string][]string
	// expressions are the keys whose values are expressions, and offered says which facts those may name.
	expressions []string
	offered     func(name string) bool
}

var grammars = map[TextKind]grammar{
	TextProduct: {
		keys: map[string][]string{
			"":      {"schema", "id", "version", "institution", "name", "kind", "effective", "source", "currency", "counts_as", "government_debt", "terms", "rules", "score", "tests"},
			"terms": {"tenor", "grace", "availability_quarters", "repayment", "size", "rate", "floating", "fees", "capitalize_during_grace", "draw_timing"},
			"rules": {"id", "group", "level", "when", "message", "basis"}, "tests": {"name", "given", "expect"},
			"source": {"note", "links", "as_of", "illustrative", "terms"}, "score": {"cost", "tenor", "structure"},
		},
		expressions: []string{"when", "rate", "max", "rule"},
		offered: func(name string) bool {
			return !strings.HasPrefix(name, "plan.") && !strings.HasPrefix(name, "lender.")
		},
	},
	TextRisk: {
		keys: map[string][]string{
			"": {"schema", "id", "version", "name", "effective", "labels", "enabled", "note", "rules"},
			"rules": {"id", "name", "metric", "numerator", "denominator", "unit", "applies_when", "levels", "when", "level", "scope", "horizon", "message", "basis", "mitigation",
				"blocks_finalization", "official_grade", "status", "confidence", "labels", "note"},
		},
		expressions: []string{"when", "applies_when", "metric", "numerator", "denominator", "yellow", "orange", "red", "stop"},
		offered:     func(name string) bool { return !strings.HasPrefix(name, "offer.") },
	},
	TextStress: {
		keys: map[string][]string{
			"": {"schema", "id", "version", "name", "effective", "enabled", "note", "pass", "scenarios", "monte_carlo"}, "pass": {"base", "single", "combined", "labels", "basis"},
			"scenarios":   {"id", "name", "labels", "basis", "note", "fall", "rise", "delay", "refinancing_shut", "exchange", "closure", "contingent", "combine"},
			"monte_carlo": {"labels", "basis", "factors", "correlations"},
		},
		expressions: []string{"base", "single", "combined", "land", "energy", "industry", "commercial", "service", "cost", "invest", "rate", "start", "ramp", "quarters", "from", "depreciation", "keep",
			"financial_gdp", "soe_gdp", "ppp", "share", "sigma", "low", "high", "value"},
		// A stress is the same for every case, so its sizes are parameters alone.
		offered: func(name string) bool { return strings.HasPrefix(name, rulepack.ParameterPrefix) },
	},
}

// Complete lists what could be typed at a place of a text, of the kind that its schema line says. Line and column are 1-based and count characters; the
// column is that of the cursor, before which column − 1 characters stand.
func Complete(library *rulepack.Library, data []byte, line, column int) []Completion {
	before, _, lines := around(data, line, column)
	word := wordBefore.FindString(before)
	kind := KindOf(data)
	c := &completer{library: library, word: word, kind: kind, grammar: grammars[kind]}
	switch key := keyAt(lines, line, before); {
	case kind == TextProduct && inSet.MatchString(before):
		c.facts(false)
	case slices.Contains(c.grammar.expressions, key):
		c.facts(true)
		c.functions()
	case key == "" && strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(before), "-")) == word:
		c.words("key", c.grammar.keys[parentOf(lines, line, before)])
	default:
		c.words("word", c.allowed(key, string(data)))
	}
	return c.found[:min(len(c.found), maxCompletions)]
}

// around returns the text of a line before and after a cursor, and all lines.
func around(data []byte, line, column int) (before, after string, lines []string) {
	lines = strings.Split(string(data), "\n")
	if line < 1 || line > len(lines) {
		return "", "", lines
	}
	runes := []rune(lines[line-1])
	at := min(max(column-1, 0), len(runes))
	return string(runes[:at]), string(runes[at:]), lines
}

// keyAt returns the key whose value the cursor is in: the last one before it on the line, or, in a text over several lines,
// the one above that is less indented. Empty where the cursor is at the place of a key.
func keyAt(lines []string, line int, before string) string {
	if match := openQuote.FindStringSubmatch(before); match != nil {
		return match[1]
	}
	if match := lastKey.FindStringSubmatch(before); match != nil {
		return match[1]
	}
	indent := len(before) - len(strings.TrimLeft(before, " "))
	for i := min(line, len(lines)) - 2; i >= 0; i-- {
		text := strings.TrimLeft(lines[i], " ")
		if text == "" || len(lines[i])-len(text) >= indent {
			continue
		}
		if key, value, found := strings.Cut(strings.TrimPrefix(text, "- "), ":"); found && strings.HasPrefix(strings.TrimSpace(value), ">") || strings.HasPrefix(strings.TrimSpace(value), "|") {
			return key
		}
		return ""
	}
	return ""
}

// parentOf returns the key at the left edge under which a line stands, empty at the edge itself.
func parentOf(lines []string, line int, before string) string {
	if !strings.HasPrefix(before, " ") && !strings.HasPrefix(before, "-") {
		return ""
	}
	for i := min(line, len(lines)) - 2; i >= 0; i-- {
		if text := lines[i]; text != "" && text[0] != ' ' && text[0] != '-' && text[0] != '#' {
			key, _, _ := strings.Cut(text, ":")
			return key
		}
	}
	return ""
}

// completer collects what fits the word that is being typed.
type completer struct {
	library *rulepack.Library
	kind    TextKind
	grammar grammar
	word    string
	found   []Completion
}

func (c *completer) add(completion Completion) {
	completion.Replaces = len([]rune(c.word))
	c.found = append(c.found, completion)
}

// facts offers the names that begin with the word, then those that have it in their name or description.
func (c *completer) facts(parameters bool) {
	var later []Completion
	for _, fact := range c.library.Vocabulary.Facts() {
		isParameter := strings.HasPrefix(fact.Name, rulepack.ParameterPrefix)
		if isParameter && !parameters || !c.grammar.offered(fact.Name) {
			continue
		}
		completion := Completion{Text: fact.Name, Kind: "fact", ZH: fact.ZH, EN: fact.EN, Unit: string(fact.Unit), Replaces: len([]rune(c.word))}
		if isParameter {
			completion.Kind = "parameter"
		}
		switch {
		case strings.HasPrefix(fact.Name, c.word):
			c.found = append(c.found, completion)
		case c.word != "" && (strings.Contains(fact.Name, c.word) || strings.Contains(fact.ZH, c.word)):
			later = append(later, completion)
		}
	}
	c.found = append(c.found, later...)
	if len(c.found) == 0 {
		for _, name := range c.library.Vocabulary.Nearest(c.word) {
			fact := c.library.Vocabulary.Fact(c.library.Vocabulary.Slot(name))
			c.add(Completion{Text: name, Kind: "fact", ZH: fact.ZH, EN: fact.EN, Unit: string(fact.Unit)})
		}
	}
}

func (c *completer) functions() {
	if c.kind == TextStress && c.word == "" {
		return // a size is nearly always one parameter
	}
	for _, name := range ruleexpr.FunctionNames() {
		if strings.HasPrefix(name, c.word) {
			c.add(Completion{Text: name, Kind: "function", ZH: functionHelp[name].ZH, EN: functionHelp[name].EN})
		}
	}
}

func (c *completer) words(kind string, words []string) {
	for _, word := range words {
		if strings.HasPrefix(word, c.word) {
			c.add(Completion{Text: word, Kind: kind})
		}
	}
	if len(c.found) == 0 && c.word != "" {
		for _, word := range document.Nearest(c.word, words) {
			c.add(Completion{Text: word, Kind: kind})
		}
	}
}

var ruleIDLine = regexp.MustCompile(`(?m)^\s*- (?:\{)?id:\s*([A-Za-z0-9_\-]+)`)

// allowed returns the words that a key may have as its value.
func (c *completer) allowed(key, text string) []string {
	switch key {
	case "schema":
		return []string{funding.SchemaProduct, funding.SchemaRisk, rulepack.SchemaStress}
	case "scope":
		return funding.RiskScopes
	case "horizon":
		return funding.RiskHorizons
	case "unit":
		return c.units()
	case "blocks_finalization":
		return levelNames()
	case "official_grade":
		return c.textFacts()
	case "status":
		return funding.ParameterStatuses
	case "confidence":
		return funding.Confidences
	case "factor", "between":
		return rulepack.StressFactors
	case "distribution":
		return rulepack.StressDistributions
	case "sources":
		return []string{"land", "energy", "industry", "commercial", "service"}
	case "of":
		return idsIn(text)
	case "group":
		return funding.RuleGroups
	case "level":
		if c.kind == TextRisk {
			return levelNames()
		}
		return funding.RuleLevels
	case "kind":
		return funding.ProductKinds
	case "counts_as":
		return funding.CountsAs
	case "profile":
		return funding.Profiles
	case "verdict":
		return []string{string(funding.VerdictEligible), string(funding.VerdictConditional), string(funding.VerdictUndecided), string(funding.VerdictNearMiss), string(funding.VerdictIneligible)}
	case "requirement":
		return c.library.Samples
	case "institution":
		var ids []string
		for _, entry := range c.library.Institutions {
			ids = append(ids, entry.ID)
		}
		return ids
	case "basis":
		var ids []string
		for _, entry := range c.library.Documents.All() {
			ids = append(ids, entry.ID)
		}
		return ids
	case "reference":
		var ids []string
		for _, series := range c.library.Market.All() {
			ids = append(ids, series.ID)
		}
		return ids
	case "failed", "undecided":
		ids := idsIn(text)
		if key == "failed" {
			ids = append(ids, rulepack.BuiltInMusts...)
		}
		return ids
	}
	return nil
}

// idsIn returns the ids that a text gives to its rules or scenarios.
func idsIn(text string) []string {
	var ids []string
	for _, match := range ruleIDLine.FindAllStringSubmatch(text, -1) {
		ids = append(ids, match[1])
	}
	return ids
}

func levelNames() []string {
	var names []string
	for _, level := range funding.RiskLevels {
		names = append(names, string(level))
	}
	return names
}

// units returns the units that facts of the vocabulary have.
func (c *completer) units() []string {
	var units []string
	for _, fact := range c.library.Vocabulary.Facts() {
		if unit := string(fact.Unit); unit != "" && !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units
}

// textFacts returns the names of facts that are texts.
func (c *completer) textFacts() []string {
	var names []string
	for _, fact := range c.library.Vocabulary.Facts() {
		if fact.Type == ruleexpr.TypeText {
			names = append(names, fact.Name)
		}
	}
	return names
}

// Hover says what the word at a place means: a fact, a parameter with its values, a function. false where it means nothing.
func Hover(library *rulepack.Library, data []byte, line, column int) (funding.Text, bool) {
	before, after, _ := around(data, line, column)
	word := strings.Trim(wordBefore.FindString(before)+wordAfter.FindString(after), ".-")
	if help, known := functionHelp[word]; known {
		return help, true
	}
	slot, known := library.Vocabulary.Lookup(word)
	if !known {
		return funding.Text{}, false
	}
	fact := library.Vocabulary.Fact(slot)
	kind := string(fact.Type)
	if fact.Unit != "" {
		kind += ", " + string(fact.Unit)
	}
	text := funding.Text{ZH: fmt.Sprintf("%s（%s）\n%s\n来源：%s", fact.ZH, word, kind, fact.From), EN: fmt.Sprintf("%s (%s)\n%s\nfrom: %s", fact.EN, word, kind, fact.From)}
	if fact.Low != nil || fact.High != nil {
		span := newSolver(library).span(fact).text()
		text.ZH, text.EN = text.ZH+"\n范围："+span, text.EN+"\nrange: "+span
	}
	if id, is := strings.CutPrefix(word, rulepack.ParameterPrefix); is {
		parameter, _ := library.Parameters.Lookup(id)
		for _, value := range parameter.Values {
			entry := fmt.Sprintf("\n%s – %s: %s  %s", dateText(value.From), dateText(value.To), value.Value, strings.Join(value.Basis, "；"))
			text.ZH, text.EN = text.ZH+entry, text.EN+entry
		}
	}
	return text, true
}
