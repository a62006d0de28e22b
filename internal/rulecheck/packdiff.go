package rulecheck

import (
	"slices"
	"strings"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// DiffRiskPacks says what differs between two versions of a risk pack: the pack itself and its rules, level by level, in the
// words of the dictionary, and the parameters that it goes by. The order of rules is not compared.
func DiffRiskPacks(before, after *rulepack.RiskPack) []Change {
	d := &differ{}
	d.packFields(packHead{before.ID, before.Name, dateText(before.From), dateText(before.To), before.Enabled, before.Note},
		packHead{after.ID, after.Name, dateText(after.From), dateText(after.To), after.Enabled, after.Note})
	d.value("pack.labels", funding.Text{ZH: "标签", EN: "labels"}, plain(strings.Join(before.Labels, "、")), plain(strings.Join(after.Labels, "、")))
	d.riskRules(before, after)
	d.names(riskParameters(before), riskParameters(after))
	return d.changes
}

// DiffStressPacks says what differs between two versions of a stress pack: what a plan has to keep, scenarios and their sizes,
// and the spread of the factors.
func DiffStressPacks(before, after *rulepack.StressPack) []Change {
	d := &differ{}
	d.packFields(packHead{before.ID, before.Name, dateText(before.From), dateText(before.To), before.Enabled, before.Note},
		packHead{after.ID, after.Name, dateText(after.From), dateText(after.To), after.Enabled, after.Note})
	for _, pass := range []struct {
		place, zh, en string
		from, to      rulepack.StressSize
	}{
		{"pass.base", "基准情景最低偿债备付率", "smallest DSCR unstressed", before.Pass.Base, after.Pass.Base},
		{"pass.single", "单项情景最低偿债备付率", "smallest DSCR under one stress", before.Pass.Single, after.Pass.Single},
		{"pass.combined", "组合情景最低偿债备付率", "smallest DSCR under a combination", before.Pass.Combined, after.Pass.Combined},
	} {
		d.value(pass.place, funding.Text{ZH: pass.zh, EN: pass.en}, numberAloud(pass.from.Number), numberAloud(pass.to.Number))
	}
	d.value("pass.basis", funding.Text{ZH: "依据", EN: "basis"}, plain(strings.Join(before.Pass.Basis, "；")), plain(strings.Join(after.Pass.Basis, "；")))
	d.scenarios(before, after)
	d.monteCarlo(before.MonteCarlo, after.MonteCarlo)
	return d.changes
}

// packHead is what both kinds of packs have.
type packHead struct {
	id       string
	name     funding.Text
	from, to string
	enabled  bool
	note     string
}

func (d *differ) packFields(a, b packHead) {
	for _, field := range []struct {
		place, zh, en string
		from, to      funding.Text
	}{
		{"pack.id", "标识", "id", plain(a.id), plain(b.id)}, {"pack.name", "名称", "name", a.name, b.name},
		{"pack.from", "生效日", "effective from", plain(a.from), plain(b.from)}, {"pack.to", "失效日", "effective to", plain(a.to), plain(b.to)},
		{"pack.enabled", "默认启用", "on by itself", yesNo(a.enabled), yesNo(b.enabled)}, {"pack.note", "备注", "note", plain(a.note), plain(b.note)},
	} {
		d.value(field.place, funding.Text{ZH: field.zh, EN: field.en}, field.from, field.to)
	}
}

func riskRuleByID(pack *rulepack.RiskPack, id string) *rulepack.CompiledRiskRule {
	at := slices.IndexFunc(pack.Rules, func(rule rulepack.CompiledRiskRule) bool { return rule.ID == id })
	if at < 0 {
		return nil
	}
	return &pack.Rules[at]
}

func (d *differ) riskRules(before, after *rulepack.RiskPack) {
	for i := range before.Rules {
		rule := &before.Rules[i]
		if now := riskRuleByID(after, rule.ID); now != nil {
			d.riskRule(rule, now)
			continue
		}
		words := riskAloud(rule)
		d.changes = append(d.changes, Change{Kind: ChangeRemoved, Place: "rules." + rule.ID, From: words,
			Text: funding.Text{ZH: "取消风险规则 " + rule.ID + "：" + words.ZH, EN: "risk rule " + rule.ID + " removed: " + words.EN}})
	}
	for i := range after.Rules {
		rule := &after.Rules[i]
		if riskRuleByID(before, rule.ID) != nil {
			continue
		}
		words := riskAloud(rule)
		d.changes = append(d.changes, Change{Kind: ChangeAdded, Place: "rules." + rule.ID, To: words,
			Text: funding.Text{ZH: "增加风险规则 " + rule.ID + "：" + words.ZH, EN: "risk rule " + rule.ID + " added: " + words.EN}})
	}
}

var levelWords = map[funding.Level]funding.Text{funding.LevelYellow: {ZH: "黄色", EN: "yellow"}, funding.LevelOrange: {ZH: "橙色", EN: "orange"},
	funding.LevelRed: {ZH: "红色", EN: "red"}, funding.LevelStop: {ZH: "禁止", EN: "stop"}}

// riskAloud reads a rule's levels.
func riskAloud(rule *rulepack.CompiledRiskRule) funding.Text {
	var zh, en []string
	for i := range rule.Levels {
		words := Aloud(rule.Levels[i].Rule.Tree())
		level := levelWords[rule.Levels[i].Level]
		zh, en = append(zh, level.ZH+"："+words.ZH), append(en, level.EN+": "+words.EN)
	}
	return funding.Text{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; ")}
}

func (d *differ) riskRule(a, b *rulepack.CompiledRiskRule) {
	place := "rules." + a.ID
	d.value(place+".metric", funding.Text{ZH: "指标", EN: "metric"}, numberAloud(a.Metric), numberAloud(b.Metric))
	d.value(place+".applies_when", funding.Text{ZH: "适用条件", EN: "applies when"}, conditionAloud(a.AppliesWhen), conditionAloud(b.AppliesWhen))
	for _, level := range funding.RiskLevels {
		d.riskLevel(place, level, levelCondition(a, level), levelCondition(b, level))
	}
	for _, field := range []struct {
		place, zh, en string
		from, to      funding.Text
	}{
		{"name", "名称", "name", a.Name, b.Name}, {"unit", "单位", "unit", plain(a.Unit), plain(b.Unit)},
		{"numerator", "分子", "numerator", numberAloud(a.Numerator), numberAloud(b.Numerator)}, {"denominator", "分母", "denominator", numberAloud(a.Denominator), numberAloud(b.Denominator)},
		{"scope", "对象", "scope", plain(a.Scope), plain(b.Scope)}, {"horizon", "时点", "horizon", plain(a.Horizon), plain(b.Horizon)},
		{"blocks_finalization", "从哪一级起不得定稿", "blocks from", levelWords[a.BlocksFinalization], levelWords[b.BlocksFinalization]},
		{"message", "提示", "message", a.Message, b.Message}, {"basis", "依据", "basis", plain(strings.Join(a.Basis, "；")), plain(strings.Join(b.Basis, "；"))},
		{"mitigation", "缓释措施", "mitigation", textsAloud(a.Mitigation), textsAloud(b.Mitigation)},
		{"official_grade", "官方通报等级", "official grade", plain(a.OfficialGrade), plain(b.OfficialGrade)},
		{"status", "状态", "status", plain(a.Status), plain(b.Status)}, {"confidence", "可信度", "confidence", plain(a.Confidence), plain(b.Confidence)},
		{"labels", "标签", "labels", plain(strings.Join(a.Labels, "、")), plain(strings.Join(b.Labels, "、"))}, {"note", "备注", "note", plain(a.Note), plain(b.Note)},
	} {
		d.value(place+"."+field.place, funding.Text{ZH: field.zh, EN: field.en}, field.from, field.to)
	}
}

func textsAloud(texts []funding.Text) funding.Text {
	var zh, en []string
	for _, text := range texts {
		zh, en = append(zh, text.ZH), append(en, text.In(money.English))
	}
	return funding.Text{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; ")}
}

func conditionAloud(rule *ruleexpr.Rule) funding.Text {
	if rule == nil {
		return funding.Text{}
	}
	return Aloud(rule.Tree())
}

// levelCondition returns one level of a rule, nil where it has none.
func levelCondition(rule *rulepack.CompiledRiskRule, level funding.Level) *rulepack.CompiledRiskLevel {
	at := slices.IndexFunc(rule.Levels, func(l rulepack.CompiledRiskLevel) bool { return l.Level == level })
	if at < 0 {
		return nil
	}
	return &rule.Levels[at]
}

// riskLevel compares one level as it is written: a metric that changed is told once and not at every level again.
func (d *differ) riskLevel(place string, level funding.Level, a, b *rulepack.CompiledRiskLevel) {
	place += "." + string(level)
	switch {
	case a == nil && b == nil:
	case a == nil:
		d.value(place, levelWords[level], funding.Text{}, Aloud(b.Rule.Tree()))
	case b == nil:
		d.value(place, levelWords[level], Aloud(a.Rule.Tree()), funding.Text{})
	case a.Written != b.Written && canonical(a.Rule.Tree()) != canonical(b.Rule.Tree()):
		from, to := Aloud(a.Rule.Tree()), Aloud(b.Rule.Tree())
		change := Change{Kind: ChangeChanged, Place: place, From: from, To: to}
		words := funding.Text{ZH: "原：" + from.ZH + "；现：" + to.ZH, EN: "was: " + from.EN + "; now: " + to.EN}
		if zh, same := leafChanges(a.Rule.Tree(), b.Rule.Tree(), money.Chinese); same {
			en, _ := leafChanges(a.Rule.Tree(), b.Rule.Tree(), money.English)
			words = funding.Text{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; ")}
		}
		change.Text = funding.Text{ZH: levelWords[level].ZH + "：" + words.ZH, EN: levelWords[level].EN + ": " + words.EN}
		d.changes = append(d.changes, change)
	}
}

// riskParameters returns the ids of the parameters that a pack goes by, sorted.
func riskParameters(pack *rulepack.RiskPack) []string {
	var out []string
	add := func(names []string) {
		for _, name := range names {
			if id, is := strings.CutPrefix(name, rulepack.ParameterPrefix); is {
				out = append(out, id)
			}
		}
	}
	for i := range pack.Rules {
		rule := &pack.Rules[i]
		if rule.AppliesWhen != nil {
			add(rule.AppliesWhen.Facts())
		}
		for k := range rule.Levels {
			add(rule.Levels[k].Rule.Facts())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// namedSize is one size of a scenario with its place and name.
type namedSize struct {
	place, zh, en string
	size          rulepack.StressSize
}

var sourceWords = map[funding.IncomeSource]funding.Text{funding.SourceLand: {ZH: "土地", EN: "land"}, funding.SourceEnergy: {ZH: "能源", EN: "energy"},
	funding.SourceIndustry: {ZH: "产业", EN: "industry"}, funding.SourceCommercial: {ZH: "商业", EN: "commercial"}, funding.SourceService: {ZH: "服务", EN: "service"}}

// sizesOf returns every size that a scenario can have.
func sizesOf(s *rulepack.StressScenario) []namedSize {
	var out []namedSize
	for i, source := range funding.IncomeSources {
		words := sourceWords[source]
		out = append(out, namedSize{"fall." + string(source), words.ZH + "收入下降", "fall of income, " + words.EN, s.Fall[i]})
	}
	out = append(out, namedSize{"rise.cost", "成本上升", "rise of cost", s.Cost}, namedSize{"rise.invest", "投资上升", "rise of investment", s.Invest}, namedSize{"rise.rate", "利率上升", "rise of rates", s.Rate},
		namedSize{"delay.start", "开工推迟", "delay of the start", s.DelayStart}, namedSize{"delay.ramp", "达产推迟", "delay of income", s.DelayRamp},
		namedSize{"refinancing_shut.quarters", "再融资关闭季数", "quarters without refinancing", s.Shut.Quarters}, namedSize{"refinancing_shut.from", "再融资关闭自", "no refinancing from", s.Shut.From},
		namedSize{"exchange.depreciation", "本币贬值", "fall of the currency", s.Exchange.Depreciation}, namedSize{"exchange.from", "贬值自", "fall of the currency from", s.Exchange.From},
		namedSize{"closure.quarters", "关闭季数", "quarters of closure", s.Closure.Quarters}, namedSize{"closure.from", "关闭自", "closure from", s.Closure.From}, namedSize{"closure.keep", "关闭时保留", "kept during closure", s.Closure.Keep},
		namedSize{"contingent.financial_gdp", "金融或有债务（占GDP）", "contingent debt of banks (share of GDP)", s.Contingent.FinancialGDP},
		namedSize{"contingent.soe_gdp", "国企或有债务（占GDP）", "contingent debt of SOEs (share of GDP)", s.Contingent.SOEGDP}, namedSize{"contingent.ppp", "PPP 支出责任", "PPP commitments", s.Contingent.PPP})
	if s.Combine != nil {
		out = append(out, namedSize{"combine.share", "组合比例", "share of each", s.Combine.Share})
	}
	return out
}

// scenarioAloud reads all that a scenario stresses.
func scenarioAloud(s *rulepack.StressScenario) funding.Text {
	zh, en := []string{s.Name.ZH}, []string{s.Name.In(money.English)}
	for _, named := range sizesOf(s) {
		if words := numberAloud(named.size.Number); words.ZH != "" {
			zh, en = append(zh, named.zh+" "+words.ZH), append(en, named.en+" "+words.EN)
		}
	}
	return funding.Text{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; ")}
}

func (d *differ) scenarios(before, after *rulepack.StressPack) {
	find := func(pack *rulepack.StressPack, id string) *rulepack.StressScenario {
		for i := range pack.Scenarios {
			if pack.Scenarios[i].ID == id {
				return &pack.Scenarios[i]
			}
		}
		return nil
	}
	for i := range before.Scenarios {
		was := &before.Scenarios[i]
		if now := find(after, was.ID); now != nil {
			d.scenario(was, now)
			continue
		}
		words := scenarioAloud(was)
		d.changes = append(d.changes, Change{Kind: ChangeRemoved, Place: "scenarios." + was.ID, From: words,
			Text: funding.Text{ZH: "取消情景 " + was.ID + "：" + words.ZH, EN: "scenario " + was.ID + " removed: " + words.EN}})
	}
	for i := range after.Scenarios {
		if now := &after.Scenarios[i]; find(before, now.ID) == nil {
			words := scenarioAloud(now)
			d.changes = append(d.changes, Change{Kind: ChangeAdded, Place: "scenarios." + now.ID, To: words,
				Text: funding.Text{ZH: "增加情景 " + now.ID + "：" + words.ZH, EN: "scenario " + now.ID + " added: " + words.EN}})
		}
	}
}

func (d *differ) scenario(a, b *rulepack.StressScenario) {
	place := "scenarios." + a.ID
	was, is := map[string]namedSize{}, sizesOf(b)
	for _, named := range sizesOf(a) {
		was[named.place] = named
	}
	for _, named := range is {
		d.value(place+"."+named.place, funding.Text{ZH: named.zh, EN: named.en}, numberAloud(was[named.place].size.Number), numberAloud(named.size.Number))
		delete(was, named.place)
	}
	if named, gone := was["combine.share"]; gone {
		d.value(place+".combine.share", funding.Text{ZH: named.zh, EN: named.en}, numberAloud(named.size.Number), funding.Text{})
	}
	combined := func(s *rulepack.StressScenario) funding.Text {
		if s.Combine == nil {
			return funding.Text{}
		}
		return plain(strings.Join(s.Combine.Of, "、"))
	}
	sources := func(s *rulepack.StressScenario) funding.Text {
		var zh, en []string
		for _, source := range s.Closure.Sources {
			zh, en = append(zh, sourceWords[source].ZH), append(en, sourceWords[source].EN)
		}
		return funding.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
	}
	for _, field := range []struct {
		place, zh, en string
		from, to      funding.Text
	}{
		{"name", "名称", "name", a.Name, b.Name}, {"combine.of", "组合", "combines", combined(a), combined(b)}, {"closure.sources", "关闭影响的收入", "income that closes", sources(a), sources(b)},
		{"contingent.own", "自有或有债务", "the region's own contingent debt", yesNo(a.Contingent.Own), yesNo(b.Contingent.Own)},
		{"labels", "标签", "labels", plain(strings.Join(a.Labels, "、")), plain(strings.Join(b.Labels, "、"))},
		{"basis", "依据", "basis", plain(strings.Join(a.Basis, "；")), plain(strings.Join(b.Basis, "；"))}, {"note", "备注", "note", plain(a.Note), plain(b.Note)},
	} {
		d.value(place+"."+field.place, funding.Text{ZH: field.zh, EN: field.en}, field.from, field.to)
	}
}

// monteCarlo compares the spread of factors by name, and correlations by their pair.
func (d *differ) monteCarlo(a, b *rulepack.StressMonteCarlo) {
	was, now := chanceTexts(a), chanceTexts(b)
	for _, places := range [][]chanceText{was, now} {
		for _, entry := range places {
			from, to := textAt(was, entry.place), textAt(now, entry.place)
			if !slices.ContainsFunc(d.changes, func(change Change) bool { return change.Place == entry.place }) {
				d.value(entry.place, entry.name, from, to)
			}
		}
	}
}

type chanceText struct {
	place       string
	name, value funding.Text
}

func textAt(list []chanceText, place string) funding.Text {
	for _, entry := range list {
		if entry.place == place {
			return entry.value
		}
	}
	return funding.Text{}
}

func chanceTexts(chance *rulepack.StressMonteCarlo) []chanceText {
	if chance == nil {
		return nil
	}
	var out []chanceText
	for _, factor := range chance.Factors {
		value := plain(factor.Distribution)
		for _, size := range []rulepack.StressSize{factor.Sigma, factor.Low, factor.High} {
			if words := numberAloud(size.Number); words.ZH != "" {
				value = funding.Text{ZH: value.ZH + " " + words.ZH, EN: value.EN + " " + words.EN}
			}
		}
		out = append(out, chanceText{"monte_carlo." + factor.Factor, funding.Text{ZH: "因子 " + factor.Factor + " 的分布", EN: "spread of " + factor.Factor}, value})
	}
	for _, correlation := range chance.Correlations {
		pair := slices.Sorted(slices.Values(correlation.Between[:]))
		out = append(out, chanceText{"monte_carlo.correlations." + pair[0] + "." + pair[1],
			funding.Text{ZH: pair[0] + " 与 " + pair[1] + " 的相关系数", EN: "correlation of " + pair[0] + " and " + pair[1]}, numberAloud(correlation.Value.Number)})
	}
	return out
}
