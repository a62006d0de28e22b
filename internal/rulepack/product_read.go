package rulepack

import (
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// Bounds of a product's terms: wider than any product, narrow enough that a percentage written as a whole number or an
// amount in the wrong unit is noticed.
const (
	maxUpfrontFee    = "0.2"
	maxAnnualFee     = "0.1"
	maxRateLiteral   = "0.5"
	maxResetQuarters = 40
	maxGraceQuarters = 80
)

// productReader fills a product; the values themselves collect what is wrong.
type productReader struct {
	// library is what names in the file must exist in; its parts may be nil where they could not be read, and what
	// depends on them is then left unchecked.
	library *Library
	out     *funding.Product
}

// ReadProduct reads a product file (zutuan/product/v1) on its own: nothing that it names is looked up, and its
// expressions are kept as text. Library.Product does all of it. The error is a document.Problems.
func ReadProduct(file string, data []byte) (*funding.Product, error) {
	product, err := readProduct(file, data, &Library{})
	if err != nil {
		return nil, err
	}
	return product, nil
}

// readProduct returns what could be read even where it is wrong, so that the expressions can be checked too.
func readProduct(file string, data []byte, library *Library) (*funding.Product, error) {
	reader := &productReader{library: library, out: &funding.Product{}}
	err := readFile(file, data, funding.SchemaProduct, reader.read)
	return reader.out, err
}

func (r *productReader) read(root *document.Object) {
	out := r.out
	out.ID = readID(root.Required("id"), identifier, map[string]bool{})
	out.Version = root.Optional("version").Int(1, 1_000_000, 1)
	institution := root.Required("institution")
	out.Institution = institution.Name()
	if len(r.library.Institutions) > 0 {
		r.known(institution, out.Institution, r.library.institutionIDs(), institutionsPath)
	}
	out.Name = readText(root.Required("name"))
	out.Kind = root.Required("kind").Enum(funding.ProductKinds...)
	effective := root.Required("effective").Object()
	out.From, out.To = readPeriod(effective.Required("from"), effective.Optional("to"))
	effective.Done()
	currency := root.Required("currency")
	out.Currency = currency.Name()
	if currency.Present() && !isCurrency(out.Currency) {
		currency.Problem("currency", "币种应为三个大写字母，如 CNY", "the currency should be three capital letters, such as CNY")
	}
	out.CountsAs = root.Required("counts_as").Enum(funding.CountsAs...)
	out.GovernmentDebt = readGovernmentDebt(root.Optional("government_debt"), out.Kind)
	r.terms(root.Required("terms"))
	r.rules(root.Required("rules"))
	r.source(root)
	r.score(root.Required("score"))
	r.tests(root.Optional("tests"))
}

// known reports a name that a file of the library does not have.
func (r *productReader) known(value document.Value, name string, names []string, file string) {
	if name == "" || slices.Contains(names, name) {
		return
	}
	zh, en := suggest(name, names)
	value.Problem("unknown_name", file+" 里没有 "+name+zh, file+" has no "+name+en)
}

func isCurrency(text string) bool {
	return len(text) == 3 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// readGovernmentDebt reads which statutory limit a draw takes from. true is enough for a special bond only: of any
// other kind it could mean either limit.
func readGovernmentDebt(value document.Value, kind string) string {
	text := value.Enum("false", "true", "general", "special")
	switch {
	case text == "true" && kind == "special_bond":
		return "special"
	case text == "true":
		value.Problem("government_debt", "请写明 general（一般债务）或 special（专项债务）", "say general or special, the limit that a draw takes from")
		return ""
	case text == "false":
		return ""
	default:
		return text
	}
}

// terms reads the terms. A grant or equity may leave out what only debt has: tenor, repayment and rate.
func (r *productReader) terms(value document.Value) {
	in := value.Object()
	t := &r.out.Terms
	need := in.Required
	if r.out.CountsAs == "grant" || r.out.CountsAs == "equity" {
		need = in.Optional
	}
	if tenor := need("tenor"); tenor.Present() {
		r.tenor(tenor.Object())
	}
	if grace := in.Optional("grace"); grace.Present() {
		r.grace(grace)
	}
	t.AvailabilityQuarters = in.Optional("availability_quarters").Int(0, funding.MaxQuarters, 0)
	if repayment := need("repayment"); repayment.Present() {
		r.repayment(repayment.Object())
	}
	r.size(in.Required("size"))
	t.Rate = readFormula(need("rate"))
	refusePercent(in.Optional("rate"), t.Rate.Source)
	if floating := in.Optional("floating"); floating.Present() {
		f := floating.Object()
		reference := f.Required("reference")
		t.FloatingReference = reference.Name()
		if r.library.Market != nil {
			r.known(reference, t.FloatingReference, r.library.marketIDs(), marketPath)
		}
		t.FloatingSpreadFixed = f.Required("spread_fixed").Bool()
		t.FloatingResetQuarters = f.Required("reset_quarters").Int(1, maxResetQuarters, 1)
		f.Done()
	}
	r.fees(in.Optional("fees").Object())
	t.CapitalizeDuringGrace = in.Optional("capitalize_during_grace").Bool()
	if t.DrawTiming = in.Optional("draw_timing").Enum("start", "mid", "end"); t.DrawTiming == "" {
		t.DrawTiming = "mid"
	}
	in.Done()
}

func (r *productReader) tenor(in *document.Object) {
	t := &r.out.Terms
	t.TenorMinQuarters = in.Required("min_quarters").Int(1, funding.MaxQuarters, 1)
	longest := in.Required("max_quarters")
	t.TenorMaxQuarters = longest.Int(1, funding.MaxQuarters, funding.MaxQuarters)
	t.Tenor = readFormula(in.Optional("rule"))
	if t.TenorMinQuarters > t.TenorMaxQuarters {
		longest.Problem("tenor", fmt.Sprintf("最长期限 %d 小于最短期限 %d", t.TenorMaxQuarters, t.TenorMinQuarters),
			fmt.Sprintf("the longest tenor %d is below the shortest %d", t.TenorMaxQuarters, t.TenorMinQuarters))
	}
	in.Done()
}

func (r *productReader) grace(value document.Value) {
	t := &r.out.Terms
	in := value.Object()
	longest := in.Required("max_quarters")
	t.GraceMaxQuarters = longest.Int(0, maxGraceQuarters, 0)
	t.Grace = readFormula(in.Optional("rule"))
	if t.TenorMaxQuarters > 0 && t.GraceMaxQuarters >= t.TenorMaxQuarters {
		longest.Problem("grace", fmt.Sprintf("宽限期上限 %d 应小于最长期限 %d", t.GraceMaxQuarters, t.TenorMaxQuarters),
			fmt.Sprintf("the longest grace %d should be below the longest tenor %d", t.GraceMaxQuarters, t.TenorMaxQuarters))
	}
	in.Done()
}

func (r *productReader) repayment(in *document.Object) {
	t := &r.out.Terms
	t.Profile = in.Required("profile").Enum(funding.Profiles...)
	interval := in.Optional("interval")
	if t.Interval = interval.Int(1, 4, 1); t.Interval == 3 {
		interval.Problem("interval", "还款间隔应为 1、2 或 4 个季度", "the interval should be 1, 2 or 4 quarters")
	}
	shares := in.Optional("shares")
	sum := money.Zero
	shares.List(func(_ int, item document.Value) {
		share := item.Rate("0", "1")
		sum = sum.Add(share)
		t.Custom = append(t.Custom, share)
	})
	switch {
	case t.Profile == "custom" && !shares.Present():
		in.Problem("shares", "custom 还款要写 shares：各期本金占比，合计为 1", "a custom profile needs shares: the part of principal of each instalment, adding to 1")
	case t.Profile != "custom" && shares.Present():
		shares.Problem("shares", "只有 custom 还款才写 shares", "shares belongs to the custom profile only")
	case shares.Present() && !sum.Equal(money.One):
		shares.Problem("shares", "各期占比合计为 "+sum.String()+"，应恰为 1", "the shares add to "+sum.String()+", not to exactly 1")
	}
	in.Done()
}

func (r *productReader) size(value document.Value) {
	t := &r.out.Terms
	in := value.Object()
	smallest, step, largest := in.Required("min"), in.Required("step"), in.Required("max")
	t.SizeMin, t.SizeStep, t.SizeMax = smallest.Amount(), step.Amount(), readFormula(largest)
	if in.Present() && step.Present() && t.SizeStep <= 0 {
		step.Problem("step", "步长应大于零", "the step should be above zero")
	} else if step.Present() && t.SizeMin%t.SizeStep != 0 {
		smallest.Problem("step", fmt.Sprintf("最小额度 %s 不是步长 %s 的整数倍", t.SizeMin, t.SizeStep), fmt.Sprintf("the smallest size %s is not a multiple of the step %s", t.SizeMin, t.SizeStep))
	}
	if written, err := money.ParseAmount(t.SizeMax.Source); err == nil && written < t.SizeMin {
		largest.Problem("size", fmt.Sprintf("最大额度 %s 小于最小额度 %s", written, t.SizeMin), fmt.Sprintf("the largest size %s is below the smallest %s", written, t.SizeMin))
	}
	in.Done()
}

func (r *productReader) fees(in *document.Object) {
	r.out.Terms.Fees = funding.ProductFees{
		Upfront: in.Optional("upfront").Rate("0", maxUpfrontFee), Commitment: in.Optional("commitment").Rate("0", maxAnnualFee),
		Agency: in.Optional("agency").Amount(), Guarantee: in.Optional("guarantee").Rate("0", maxAnnualFee),
	}
	in.Done()
}

// refusePercent reports a rate that is written as one number and is far too high: 4.41 for 0.0441.
func refusePercent(value document.Value, source string) {
	if rate, err := money.ParseRate(source); err == nil && rate.GreaterThan(money.MustRate(maxRateLiteral)) {
		value.Problem("rate", source+" 像是百分数；利率写成小数，如 0.0441", source+" looks like a percentage; write a rate as a fraction such as 0.0441")
	}
}

func (r *productReader) rules(value document.Value) {
	seen := map[string]bool{}
	if value.Present() && value.Kind() == document.KindList && value.Len() == 0 {
		value.Problem("missing", "产品至少要有一条规则", "a product needs at least one rule")
	}
	objects(value, maxRules, func(in *document.Object) {
		basis := in.Required("basis")
		rule := funding.ProductRule{
			ID: readID(in.Required("id"), ruleName, seen), Group: in.Required("group").Enum(funding.RuleGroups...), Level: in.Required("level").Enum(funding.RuleLevels...),
			When: readFormula(in.Required("when")), Message: readText(in.Required("message")), Basis: basis.Name(),
		}
		r.library.Documents.check(basis, rule.Basis)
		r.out.Rules = append(r.out.Rules, rule)
	})
}

// source reads where the terms come from; each entry under source.terms must name a term that the file has.
func (r *productReader) source(root *document.Object) {
	in := root.Required("source").Object()
	source := &r.out.Source
	source.Note = in.Required("note").Name()
	source.Links = readTexts(in.Optional("links"))
	source.AsOf = in.Required("as_of").Date()
	source.Illustrative = in.Required("illustrative").Bool()
	if terms := in.Optional("terms"); terms.Present() {
		source.Terms = map[string]funding.TermBasis{}
		object := terms.Object()
		for _, path := range object.Keys() {
			entry := object.Required(path)
			detail := entry.Object()
			source.Terms[path] = funding.TermBasis{
				Basis: detail.Required("basis").Enum(funding.TermBases...), Confidence: detail.Required("confidence").Enum(funding.Confidences...), Note: detail.Optional("note").String(),
			}
			detail.Done()
			if !hasTerm(root, path) && !r.hasRule(path) {
				entry.Problem("unknown_term", "terms 里没有 "+path+"；应写 terms 下的路径（如 rate、tenor.max_quarters），或 rules.<规则标识>",
					"there is no "+path+" under terms; write a path under terms (rate, tenor.max_quarters) or rules.<rule id>")
			}
		}
	}
	in.Done()
}

func hasTerm(root *document.Object, path string) bool {
	value := root.Optional("terms")
	for _, step := range strings.Split(path, ".") {
		if value.Kind() != document.KindObject {
			return false
		}
		value = value.Object().Optional(step)
	}
	return value.Present()
}

func (r *productReader) hasRule(path string) bool {
	id, isRule := strings.CutPrefix(path, "rules.")
	return isRule && slices.ContainsFunc(r.out.Rules, func(rule funding.ProductRule) bool { return rule.ID == id })
}

func (r *productReader) score(value document.Value) {
	in := value.Object()
	score := funding.ScoreWeights{Cost: in.Required("cost").Rate("0", "1"), Tenor: in.Required("tenor").Rate("0", "1"), Structure: in.Required("structure").Rate("0", "1")}
	if sum := score.Cost.Add(score.Tenor).Add(score.Structure); in.Present() && !sum.Equal(money.One) {
		value.Problem("weights", "三个权重合计为 "+sum.String()+"，应恰为 1", "the three weights add to "+sum.String()+", not to exactly 1")
	}
	r.out.Score = score
	in.Done()
}

func (r *productReader) tests(value document.Value) {
	verdicts := []string{string(funding.VerdictEligible), string(funding.VerdictConditional), string(funding.VerdictUndecided), string(funding.VerdictNearMiss), string(funding.VerdictIneligible)}
	names := map[string]bool{}
	objects(value, maxTests, func(in *document.Object) {
		name := in.Required("name")
		test := funding.ProductTest{Name: name.Name(), Path: in.Path(), Line: in.Line()}
		if test.Name != "" && names[test.Name] {
			name.Problem("duplicate_id", "测试名称重复", "the test's name appears twice")
		}
		names[test.Name] = true
		given, expect := in.Required("given").Object(), in.Required("expect").Object()
		sample := given.Required("requirement")
		test.Requirement = sample.Name()
		if r.library.Vocabulary != nil {
			r.known(sample, test.Requirement, r.library.Samples, "samples")
		}
		test.Date = given.Optional("date").Date()
		test.Set = r.assignments(given.Optional("set"))
		given.Optional("unset").List(func(_ int, item document.Value) {
			test.Unset = append(test.Unset, item.Name())
			r.fact(item, item.Name())
		})
		given.Done()
		test.Verdict = expect.Required("verdict").Enum(verdicts...)
		test.Failed = r.ruleIDs(expect.Optional("failed"), BuiltInMusts...)
		test.Undecided = r.ruleIDs(expect.Optional("undecided"))
		expect.Done()
		r.out.Tests = append(r.out.Tests, test)
	})
}

// assignments reads fact: value; a value may be a list of words, which facts keep separated by commas.
func (r *productReader) assignments(value document.Value) map[string]string {
	if !value.Present() {
		return nil
	}
	in := value.Object()
	set := map[string]string{}
	for _, name := range in.Keys() {
		item := in.Required(name)
		text := item.String
		if item.Kind() == document.KindList {
			text = func() string { return strings.Join(readTexts(item), ",") }
		}
		set[name] = text()
		if slot, known := r.fact(item, name); known {
			if err := r.library.Vocabulary.NewFacts().SetFromText(slot, set[name]); err != nil {
				allowed := valuesOf(r.library.Vocabulary.Fact(slot))
				item.Problem("value", fmt.Sprintf("%q 不能作 %s 的值：应是%s", set[name], name, allowed.ZH), fmt.Sprintf("%q is no value of %s: write %s", set[name], name, allowed.EN))
			}
		}
	}
	return set
}

// fact looks a name up and reports one that the vocabulary does not have.
func (r *productReader) fact(value document.Value, name string) (ruleexpr.Slot, bool) {
	if r.library.Vocabulary == nil || name == "" {
		return 0, false
	}
	slot, known := r.library.Vocabulary.Lookup(name)
	if !known {
		zh, en := hint(r.library.Vocabulary.Nearest(name))
		value.Problem("unknown_fact", "没有名为 "+name+" 的事实"+zh, "there is no fact named "+name+en)
	}
	return slot, known
}

// valuesOf says what the value of a fact looks like when it is written as text.
func valuesOf(fact ruleexpr.Fact) funding.Text {
	allowed := allowedValue(string(fact.Unit))
	switch fact.Type {
	case ruleexpr.TypeFlag:
		return funding.Text{ZH: " true 或 false", EN: "true or false"}
	case ruleexpr.TypeNumbers:
		return funding.Text{ZH: "逗号隔开的一组：" + allowed.ZH, EN: "a list, separated by commas, of " + allowed.EN}
	default:
		return allowed
	}
}

// BuiltInMusts are the musts that every product has without writing them: that its shortest tenor and its smallest size are
// reached, and that its terms make a schedule. A test may expect one of them to fail.
var BuiltInMusts = []string{"tenor", "size", "schedule"}

// ruleIDs reads ids of this product's rules, or of some besides.
func (r *productReader) ruleIDs(value document.Value, besides ...string) []string {
	known := make([]string, len(r.out.Rules), len(r.out.Rules)+len(besides))
	for i, rule := range r.out.Rules {
		known[i] = rule.ID
	}
	known = append(known, besides...)
	ids := readTexts(value)
	for i, id := range ids {
		if id != "" && !slices.Contains(known, id) {
			hint := strings.Join(known, ", ")
			if near := document.Nearest(id, known); len(near) > 0 {
				hint = strings.Join(near, ", ")
			}
			value.Problem("unknown_rule", fmt.Sprintf("第 %d 项 %s 不是本产品的规则；有 %s", i+1, id, hint), fmt.Sprintf("entry %d, %s, is no rule of this product; there are %s", i+1, id, hint))
		}
	}
	return ids
}
