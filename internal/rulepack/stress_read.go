package rulepack

import (
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
)

// Bounds on a stress pack.
const (
	maxScenarios    = 100
	maxCorrelations = 28 // each pair of eight factors
)

// StressPack reads and compiles one stress pack (zutuan/stress/v1) against the library. The error is a
// document.Problems with everything that is wrong.
func (l *Library) StressPack(file string, data []byte) (*StressPack, error) {
	var problems document.Problems
	pack, err := readStressPack(file, data, l.Documents)
	merge(&problems, file, err)
	if l.Vocabulary != nil {
		merge(&problems, file, compileStressPack(file, pack, l.Vocabulary))
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	pack.File, pack.Digest = file, digest(data)
	return pack, nil
}

// readStressPack returns what could be read even where it is wrong, so that the formulas can be checked too.
func readStressPack(file string, data []byte, documents *Documents) (*StressPack, error) {
	pack := &StressPack{}
	seen := map[string]bool{}
	err := readFile(file, data, SchemaStress, func(root *document.Object) {
		pack.ID = readID(root.Required("id"), identifier, map[string]bool{})
		pack.Version = root.Optional("version").Int(1, 1_000_000, 1)
		pack.Name = readText(root.Required("name"))
		if effective := root.Optional("effective"); effective.Present() {
			in := effective.Object()
			pack.From, pack.To = readPeriod(in.Required("from"), in.Optional("to"))
			in.Done()
		}
		enabled := root.Optional("enabled")
		pack.Enabled = !enabled.Present() || enabled.Bool()
		pack.Note = root.Optional("note").String()
		if pass := root.Required("pass"); pass.Present() {
			in := pass.Object()
			pack.Pass = StressPass{Base: readSize(in.Required("base")), Single: readSize(in.Required("single")), Combined: readSize(in.Required("combined")),
				Labels: readTexts(in.Optional("labels")), Basis: readBasis(in.Required("basis"), documents)}
			in.Done()
		}
		scenarios := root.Required("scenarios")
		objects(scenarios, maxScenarios, func(in *document.Object) {
			pack.Scenarios = append(pack.Scenarios, readScenario(in, documents, seen, pack.Scenarios))
		})
		if scenarios.Present() && len(pack.Scenarios) == 0 {
			scenarios.Problem("missing", "至少写一个情景", "write at least one scenario")
		}
		if chance := root.Optional("monte_carlo"); chance.Present() {
			in := chance.Object()
			pack.MonteCarlo = readMonteCarlo(in, documents)
			in.Done()
		}
	})
	return pack, err
}

// scenarioParts are the keys of which a scenario has at least one.
var scenarioParts = []string{"fall", "rise", "delay", "refinancing_shut", "exchange", "closure", "contingent", "combine"}

// readScenario reads one scenario. earlier are those before it in the file, which alone a combination may name: a ring
// is impossible then.
func readScenario(in *document.Object, documents *Documents, seen map[string]bool, earlier []StressScenario) StressScenario {
	s := StressScenario{
		ID: readID(in.Required("id"), identifier, seen), Name: readText(in.Required("name")), Labels: readTexts(in.Optional("labels")),
		Basis: readBasis(in.Required("basis"), documents), Note: in.Optional("note").String(),
	}
	parts := 0
	for _, name := range scenarioParts {
		if in.Has(name) {
			parts++
		}
	}
	if parts == 0 {
		in.Problem("nothing", "情景没有写冲击；可写 "+strings.Join(scenarioParts, ", "), "the scenario stresses nothing; it may have "+strings.Join(scenarioParts, ", "))
	}
	part(in, "fall", func(fall *document.Object) {
		for i, source := range funding.IncomeSources {
			s.Fall[i] = readSize(fall.Optional(string(source)))
		}
	})
	part(in, "rise", func(rise *document.Object) {
		s.Cost, s.Invest, s.Rate = readSize(rise.Optional("cost")), readSize(rise.Optional("invest")), readSize(rise.Optional("rate"))
	})
	part(in, "delay", func(delay *document.Object) {
		s.DelayStart, s.DelayRamp = readSize(delay.Optional("start")), readSize(delay.Optional("ramp"))
	})
	part(in, "refinancing_shut", func(shut *document.Object) { s.Shut = readWindow(shut) })
	part(in, "exchange", func(exchange *document.Object) {
		s.Exchange = StressExchange{Depreciation: readSize(exchange.Required("depreciation")), From: readSize(exchange.Optional("from"))}
	})
	part(in, "closure", func(closure *document.Object) { s.Closure = readClosure(closure) })
	part(in, "contingent", func(contingent *document.Object) {
		own := contingent.Optional("own")
		s.Contingent = StressContingent{Own: own.Present() && own.Bool(), FinancialGDP: readSize(contingent.Optional("financial_gdp")),
			SOEGDP: readSize(contingent.Optional("soe_gdp")), PPP: readSize(contingent.Optional("ppp"))}
	})
	part(in, "combine", func(combine *document.Object) {
		s.Combine = readCombination(combine, earlier)
		if parts > 1 {
			in.Problem("combine", "组合情景只写 combine，不再写其他冲击", "a combination has combine and no stress of its own")
		}
	})
	return s
}

// part reads an object that may be left out, and refuses one in which nothing is given.
func part(in *document.Object, name string, read func(*document.Object)) {
	value := in.Optional(name)
	if !value.Present() {
		return
	}
	object := value.Object()
	read(object)
	if len(object.Keys()) == 0 && object.Kind() == document.KindObject {
		value.Problem("nothing", name+" 里没有内容", name+" is empty")
	}
	object.Done()
}

func readWindow(in *document.Object) StressWindow {
	return StressWindow{Quarters: readSize(in.Required("quarters")), From: readSize(in.Optional("from"))}
}

func readClosure(in *document.Object) StressClosure {
	closure := StressClosure{StressWindow: readWindow(in), Keep: readSize(in.Required("keep"))}
	words := make([]string, len(funding.IncomeSources))
	for i, source := range funding.IncomeSources {
		words[i] = string(source)
	}
	sources := in.Required("sources")
	sources.List(func(_ int, item document.Value) {
		source := funding.IncomeSource(item.Enum(words...))
		if slices.Contains(closure.Sources, source) {
			item.Problem("duplicate_id", "来源 "+string(source)+" 重复", "the source "+string(source)+" appears twice")
		}
		closure.Sources = append(closure.Sources, source)
	})
	if sources.Kind() == document.KindList && len(closure.Sources) == 0 {
		sources.Problem("missing", "至少写一个收入来源："+strings.Join(words, ", "), "write at least one source of income: "+strings.Join(words, ", "))
	}
	return closure
}

func readCombination(in *document.Object, earlier []StressScenario) *StressCombination {
	combination := &StressCombination{Share: readSize(in.Required("share"))}
	var singles []string
	for i := range earlier {
		if earlier[i].Combine == nil && !slices.Contains(singles, earlier[i].ID) {
			singles = append(singles, earlier[i].ID)
		}
	}
	of := in.Required("of")
	of.List(func(_ int, item document.Value) {
		id := item.Name()
		switch {
		case slices.Contains(combination.Of, id):
			item.Problem("duplicate_id", "情景 "+id+" 重复", "the scenario "+id+" appears twice")
		case id != "" && !slices.Contains(singles, id):
			zh, en := suggest(id, singles)
			item.Problem("unknown_scenario", "前面没有单项情景 "+id+zh, "no single scenario "+id+" stands before this one"+en)
		}
		combination.Of = append(combination.Of, id)
	})
	if of.Kind() == document.KindList && len(combination.Of) < 2 {
		of.Problem("combine", "组合情景至少由两个单项组成", "a combination has at least two scenarios")
	}
	return combination
}

func readMonteCarlo(in *document.Object, documents *Documents) *StressMonteCarlo {
	chance := &StressMonteCarlo{Labels: readTexts(in.Optional("labels")), Basis: readBasis(in.Required("basis"), documents)}
	var factors []string
	objects(in.Required("factors"), len(StressFactors), func(in *document.Object) {
		factor := StressFactor{Factor: in.Required("factor").Enum(StressFactors...), Distribution: in.Required("distribution").Enum(StressDistributions...)}
		if slices.Contains(factors, factor.Factor) {
			in.Problem("duplicate_id", "因子 "+factor.Factor+" 重复", "the factor "+factor.Factor+" appears twice")
		}
		factors = append(factors, factor.Factor)
		if factor.Distribution == "triangular" {
			factor.Low, factor.High = readSize(in.Required("low")), readSize(in.Required("high"))
		} else {
			factor.Sigma = readSize(in.Required("sigma"))
		}
		chance.Factors = append(chance.Factors, factor)
	})
	pairs := map[[2]string]bool{}
	objects(in.Optional("correlations"), maxCorrelations, func(in *document.Object) {
		chance.Correlations = append(chance.Correlations, readCorrelation(in, factors, pairs))
	})
	return chance
}

func readCorrelation(in *document.Object, factors []string, pairs map[[2]string]bool) StressCorrelation {
	correlation := StressCorrelation{Value: readSize(in.Required("value"))}
	between := in.Required("between")
	count := 0
	between.List(func(i int, item document.Value) {
		name := item.Enum(StressFactors...)
		if name != "" && !slices.Contains(factors, name) {
			item.Problem("unknown_factor", "factors 里没有 "+name, "factors does not have "+name)
		}
		if i < 2 {
			correlation.Between[i] = name
		}
		count++
	})
	first, second := correlation.Between[0], correlation.Between[1]
	switch {
	case between.Kind() != document.KindList:
	case count != 2 || first == second:
		between.Problem("pair", "between 写两个不同的因子", "between names two different factors")
	case pairs[[2]string{first, second}] || pairs[[2]string{second, first}]:
		between.Problem("duplicate_id", "因子 "+first+" 与 "+second+" 的相关系数重复", "the correlation of "+first+" and "+second+" appears twice")
	}
	pairs[correlation.Between] = true
	return correlation
}

// readSize reads a formula over parameters and refuses sizes that are written into it: who asks for a stress, and since
// when, is said once, in the parameter.
func readSize(value document.Value) StressSize {
	formula := readFormula(value)
	if found := literalNumbers(formula.Source); len(found) > 0 {
		list := strings.Join(found, ", ")
		value.Problem("literal", "压力情景不直接写数字 "+list+"：请用参数 p.…（0 和 1 除外）", "a scenario does not write the number "+list+" out: use a parameter p.… (0 and 1 are fine)")
	}
	return StressSize{Formula: formula}
}

// compileStressPack compiles every formula of a pack in place. The error is a document.Problems.
func compileStressPack(file string, pack *StressPack, vocabulary *ruleexpr.Vocabulary) error {
	c := &compiler{file: file, vocabulary: vocabulary}
	for _, size := range []*StressSize{&pack.Pass.Base, &pack.Pass.Single, &pack.Pass.Combined} {
		c.size(size, ruleexpr.UnitRatio)
	}
	for i := range pack.Scenarios {
		c.scenario(&pack.Scenarios[i])
	}
	if chance := pack.MonteCarlo; chance != nil {
		for i := range chance.Factors {
			factor := &chance.Factors[i]
			c.size(&factor.Sigma, ruleexpr.UnitRatio)
			c.size(&factor.Low, ruleexpr.UnitRatio)
			c.size(&factor.High, ruleexpr.UnitRatio)
		}
		for i := range chance.Correlations {
			c.size(&chance.Correlations[i].Value, ruleexpr.UnitRatio)
		}
	}
	return c.problems.Err()
}

func (c *compiler) scenario(s *StressScenario) {
	for i := range s.Fall {
		c.size(&s.Fall[i], ruleexpr.UnitRatio)
	}
	for _, size := range []*StressSize{&s.Cost, &s.Invest, &s.Rate, &s.Exchange.Depreciation, &s.Closure.Keep, &s.Contingent.FinancialGDP, &s.Contingent.SOEGDP, &s.Contingent.PPP} {
		c.size(size, ruleexpr.UnitRatio)
	}
	for _, size := range []*StressSize{&s.DelayStart, &s.DelayRamp, &s.Shut.Quarters, &s.Shut.From, &s.Exchange.From, &s.Closure.Quarters, &s.Closure.From} {
		c.size(size, ruleexpr.UnitQuarters)
	}
	if s.Combine != nil {
		c.size(&s.Combine.Share, ruleexpr.UnitRatio)
	}
}

// size compiles a formula and refuses facts other than parameters: a stress is the same for every case.
func (c *compiler) size(size *StressSize, unit ruleexpr.Unit) {
	size.Number = c.number(size.Formula, unit)
	if size.Number == nil {
		return
	}
	for _, name := range size.Number.Facts() {
		if !strings.HasPrefix(name, ParameterPrefix) {
			c.problem(size.Formula, "foreign_fact", "压力幅度只用参数 p.…，不能用 "+name, "a size uses parameters p.… alone, not "+name)
		}
	}
}
