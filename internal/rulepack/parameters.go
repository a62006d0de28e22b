package rulepack

import (
	"fmt"
	"sort"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// ParameterPrefix leads the names under which expressions see parameters.
const ParameterPrefix = "p."

// unitText marks a parameter that is a word and not a number.
const unitText = "text"

// ReadParameters reads one parameters file (zutuan/parameters/v1). documents is the register that every basis must be
// in; nil leaves that unchecked. The error is a document.Problems.
func ReadParameters(file string, data []byte, documents *Documents) ([]funding.Parameter, error) {
	var list []funding.Parameter
	seen := map[string]bool{}
	err := readFile(file, data, funding.SchemaParameters, func(root *document.Object) {
		objects(root.Required("parameters"), maxValues, func(in *document.Object) {
			list = append(list, readParameter(in, documents, seen))
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func readParameter(in *document.Object, documents *Documents, seen map[string]bool) funding.Parameter {
	parameter := funding.Parameter{
		ID: readID(in.Required("id"), word, seen), Name: readText(in.Required("name")),
		Unit: in.Required("unit").Enum(append(unitWords(), unitText)...), Note: in.Optional("note").String(),
	}
	values := in.Optional("values")
	if !in.Has("values") {
		in.Problem("missing", "缺少 values；没有取值时写 values: [] 并在 note 说明", "values is missing; write values: [] and say why in note where there is none")
	}
	if values.Present() && values.Len() == 0 && parameter.Note == "" {
		values.Problem("missing", "没有取值的参数要在 note 说明原因", "a parameter without a value says why in note")
	}
	objects(values, maxValues, func(value *document.Object) {
		parameter.Values = append(parameter.Values, readParameterValue(value, parameter, documents))
	})
	return parameter
}

func readParameterValue(in *document.Object, parameter funding.Parameter, documents *Documents) funding.ParameterValue {
	text := in.Required("value")
	value := funding.ParameterValue{
		Value: text.Name(), Basis: readBasis(in.Required("basis"), documents),
		Status: in.Required("status").Enum(funding.ParameterStatuses...), Confidence: in.Required("confidence").Enum(funding.Confidences...),
		LastVerified: in.Optional("last_verified").Date(), Note: in.Optional("note").String(),
	}
	from := in.Required("from")
	value.From, value.To = readPeriod(from, in.Optional("to"))
	if text.Present() && parameter.Unit != "" {
		if problem := valueProblem(value.Value, parameter.Unit); problem.ZH != "" {
			text.Problem("value", problem.ZH, problem.EN)
		}
	}
	if before := len(parameter.Values); before > 0 {
		last := parameter.Values[before-1]
		if last.To.IsZero() || !value.From.After(last.To) {
			from.Problem("overlap", "与上一个取值的日期重叠：各取值按日期先后写，前一个要有 to，且早于本日", "overlaps the value before: write values in order of their days, each with its last day before the next one's first")
		}
	}
	return value
}

// valueProblem says why a text is not a value of a parameter's unit, empty where it is one.
func valueProblem(text, unit string) funding.Text {
	if checkValue(text, unit) == nil {
		return funding.Text{}
	}
	allowed := allowedValue(unit)
	return funding.Text{ZH: fmt.Sprintf("%q 不对：应写%s", text, allowed.ZH), EN: fmt.Sprintf("%q is wrong: write %s", text, allowed.EN)}
}

// Parameters is all thresholds with their history. It does not change after it was made.
type Parameters struct {
	list []funding.Parameter // by id
	byID map[string]int
}

// NewParameters joins the parameters of all files. The ids must be unique; Load has made sure.
func NewParameters(list []funding.Parameter) *Parameters {
	p := &Parameters{list: append([]funding.Parameter(nil), list...), byID: map[string]int{}}
	sort.SliceStable(p.list, func(i, j int) bool { return p.list[i].ID < p.list[j].ID })
	for i, parameter := range p.list {
		p.byID[parameter.ID] = i
	}
	return p
}

// All returns the parameters by id.
func (p *Parameters) All() []funding.Parameter { return p.list }

// Lookup returns one parameter with its history.
func (p *Parameters) Lookup(id string) (funding.Parameter, bool) {
	at, ok := p.byID[id]
	if !ok {
		return funding.Parameter{}, false
	}
	return p.list[at], true
}

// Facts returns the parameters as entries of the vocabulary, p.<id>.
func (p *Parameters) Facts() []ruleexpr.Fact {
	facts := make([]ruleexpr.Fact, len(p.list))
	for i, parameter := range p.list {
		facts[i] = ruleexpr.Fact{Name: ParameterPrefix + parameter.ID, Type: ruleexpr.TypeNumber, Unit: ruleexpr.Unit(parameter.Unit),
			ZH: parameter.Name.ZH, EN: parameter.Name.EN, From: "parameters " + parameter.ID}
		if parameter.Unit == unitText {
			facts[i].Type, facts[i].Unit = ruleexpr.TypeText, ""
		}
	}
	return facts
}

// ParameterAt is what one parameter is on a day in a region, and why.
type ParameterAt struct {
	ID   string
	Name funding.Text
	Unit string
	// Value is the text in force, empty where Missing is not.
	Value string
	// Missing says in both languages why there is no value; rules that need it are undecided.
	Missing funding.Text
	// Source is the value's record. With an override it is the record that the override replaces, if there is one.
	Source funding.ParameterValue
	// Override is what replaces the record in this region, nil where nothing does.
	Override *funding.ParameterOverride
}

// Present reports whether the parameter has a value.
func (a ParameterAt) Present() bool { return a.Missing.ZH == "" }

// Number returns the value as a decimal; false where it is missing or a text.
func (a ParameterAt) Number() (money.Decimal, bool) {
	if !a.Present() || a.Unit == unitText || isCalendar(ruleexpr.Unit(a.Unit)) {
		return money.Zero, false
	}
	value, err := parseValue(a.Value, ruleexpr.Unit(a.Unit))
	return value, err == nil
}

// ParameterSet is all parameters on one day in one region, by id.
type ParameterSet struct {
	Date   time.Time
	Region string
	Values []ParameterAt
	byID   map[string]int
}

// At resolves every parameter for a day and a region. Of several overrides of one parameter that hold on that day the
// last one counts. A parameter without a value on that day is missing, never zero; so is one whose override cannot be
// read, because falling back to the record would silently undo what somebody decided.
func (p *Parameters) At(date time.Time, region string, overrides []funding.ParameterOverride) *ParameterSet {
	set := &ParameterSet{Date: date, Region: region, Values: make([]ParameterAt, len(p.list)), byID: p.byID}
	for i, parameter := range p.list {
		set.Values[i] = resolve(parameter, date)
	}
	for i := range overrides {
		override := overrides[i]
		at, known := p.byID[override.Parameter]
		if !known || override.Region != region || date.After(override.Until) {
			continue
		}
		value := &set.Values[at]
		value.Override, value.Value, value.Missing = &override, override.Value, funding.Text{}
		if problem := valueProblem(override.Value, value.Unit); problem.ZH != "" {
			value.Value = ""
			value.Missing = funding.Text{ZH: "覆盖值不能用：" + problem.ZH, EN: "the override cannot be used: " + problem.EN}
		}
	}
	return set
}

func resolve(parameter funding.Parameter, date time.Time) ParameterAt {
	out := ParameterAt{ID: parameter.ID, Name: parameter.Name, Unit: parameter.Unit}
	for _, value := range parameter.Values {
		if funding.InForce(value.From, value.To, date) {
			out.Value, out.Source = value.Value, value
			return out
		}
	}
	day := date.Format(time.DateOnly)
	out.Missing = funding.Text{ZH: "参数 " + parameter.ID + " 在 " + day + " 没有取值", EN: "the parameter " + parameter.ID + " has no value on " + day}
	return out
}

// Lookup returns one parameter of the set.
func (s *ParameterSet) Lookup(id string) (ParameterAt, bool) {
	at, ok := s.byID[id]
	if !ok {
		return ParameterAt{}, false
	}
	return s.Values[at], true
}

// SetFacts writes the parameters into the p.* facts; those without a value are set missing with the reason. Parameters
// that the facts' vocabulary does not have are left out.
func (s *ParameterSet) SetFacts(facts *ruleexpr.Facts) {
	for _, value := range s.Values {
		slot, ok := facts.Vocabulary().Lookup(ParameterPrefix + value.ID)
		if !ok {
			continue
		}
		if !value.Present() {
			facts.SetMissing(slot, value.Missing.ZH+" / "+value.Missing.EN)
			continue
		}
		if err := facts.SetFromText(slot, value.Value); err != nil {
			facts.SetMissing(slot, err.Error())
		}
	}
}
