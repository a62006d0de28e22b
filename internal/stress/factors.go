package stress

import (
	"fmt"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Factors is how hard a case is hit. The zero value changes nothing.
type Factors struct {
	// Fall is the share by which the income from each source falls, in the order of funding.IncomeSources.
	Fall [len(funding.IncomeSources)]money.Decimal
	// Cost and Invest are the shares by which operating cost and investment rise; Rate is added to annual rates.
	Cost, Invest, Rate money.Decimal
	// DelayStart puts off the start of every unit, in quarters; DelayRamp its income and occupancy, while it is built
	// as planned.
	DelayStart, DelayRamp int
	// Shut are the quarters in which no debt can be drawn.
	Shut Window
	// Exchange is a fall of the home currency by Depreciation from a quarter on: what is owed in another currency costs
	// 1/(1−Depreciation) times as much. AfterDraws puts it, instead of From, right after the last planned draw of a foreign
	// line, where it hurts most: before, less of the foreign currency would be drawn.
	Exchange struct {
		Depreciation money.Decimal
		From         int
		AfterDraws   bool
	}
	// Closure lets the income of the marked sources fall to Keep of itself in its quarters.
	Closure struct {
		Window
		Keep    money.Decimal
		Sources [len(funding.IncomeSources)]bool
	}
	Contingent Contingent
}

// Window is a stretch of quarters, From counted from the requirement's start; without Quarters it is empty.
type Window struct{ From, Quarters int }

// Holds reports whether a quarter index lies in the window.
func (w Window) Holds(q int) bool { return q >= w.From && q < w.From+w.Quarters }

// Contingent turns contingent liabilities into government debt: Own the part of implicit debt and guarantees of the
// region's records, the others shares of GDP and of the PPP commitments still to come.
type Contingent struct {
	Own, FinancialGDP, SOEGDP, PPP money.Decimal
}

func (c Contingent) any() bool {
	return !c.Own.IsZero() || !c.FinancialGDP.IsZero() || !c.SOEGDP.IsZero() || !c.PPP.IsZero()
}

// Times returns a share of a stress: sizes times the share to 12 decimals, quarters rounded half-up.
func (f Factors) Times(share money.Decimal) Factors {
	for i := range f.Fall {
		f.Fall[i] = part(f.Fall[i], share)
	}
	for _, size := range []*money.Decimal{&f.Cost, &f.Invest, &f.Rate, &f.Exchange.Depreciation, &f.Contingent.Own, &f.Contingent.FinancialGDP, &f.Contingent.SOEGDP, &f.Contingent.PPP} {
		*size = part(*size, share)
	}
	f.DelayStart, f.DelayRamp = partOf(f.DelayStart, share), partOf(f.DelayRamp, share)
	f.Shut.Quarters, f.Closure.Quarters = partOf(f.Shut.Quarters, share), partOf(f.Closure.Quarters, share)
	return f
}

const sizeDecimals = 12

func part(size, share money.Decimal) money.Decimal { return size.Mul(share).Round(sizeDecimals) }

func partOf(quarters int, share money.Decimal) int {
	return int(decimal.NewFromInt(int64(quarters)).Mul(share).Round(0).IntPart())
}

// And returns both stresses together. Shares of income multiply what is left; costs, rates and quarters add; of two
// windows, currencies or closures the later argument's counts where it has one.
func (f Factors) And(other Factors) Factors {
	for i := range f.Fall {
		kept := money.One.Sub(f.Fall[i]).Mul(money.One.Sub(other.Fall[i])).Round(sizeDecimals)
		f.Fall[i] = money.One.Sub(kept)
	}
	f.Cost, f.Invest, f.Rate = f.Cost.Add(other.Cost), f.Invest.Add(other.Invest), f.Rate.Add(other.Rate)
	f.DelayStart, f.DelayRamp = f.DelayStart+other.DelayStart, f.DelayRamp+other.DelayRamp
	if other.Shut.Quarters > 0 {
		f.Shut = other.Shut
	}
	if !other.Exchange.Depreciation.IsZero() {
		f.Exchange = other.Exchange
	}
	if other.Closure.Quarters > 0 {
		f.Closure = other.Closure
	}
	f.Contingent.Own = decimal.Max(f.Contingent.Own, other.Contingent.Own)
	f.Contingent.FinancialGDP = f.Contingent.FinancialGDP.Add(other.Contingent.FinancialGDP)
	f.Contingent.SOEGDP = f.Contingent.SOEGDP.Add(other.Contingent.SOEGDP)
	f.Contingent.PPP = f.Contingent.PPP.Add(other.Contingent.PPP)
	return f
}

// maxDepreciation bounds a fall of the currency: foreign debt costs at most ten times as much, which amounts can hold.
var maxDepreciation = decimal.New(9, -1)

// check returns what is wrong with the sizes, empty where nothing is: they come from parameters, which a bureau may
// override.
func (f Factors) check() funding.Text {
	for _, share := range append(f.Fall[:], f.Exchange.Depreciation, f.Closure.Keep, f.Contingent.Own) {
		if share.IsNegative() || share.GreaterThan(money.One) {
			return funding.Text{ZH: "比例 " + share.String() + " 应在 0 到 1 之间", EN: "the share " + share.String() + " should be from 0 to 1"}
		}
	}
	if f.Exchange.Depreciation.GreaterThan(maxDepreciation) {
		return funding.Text{ZH: "贬值幅度 " + f.Exchange.Depreciation.String() + " 应不超过 " + maxDepreciation.String(), EN: "the depreciation of " + f.Exchange.Depreciation.String() + " should be at most " + maxDepreciation.String()}
	}
	for _, size := range []money.Decimal{f.Cost, f.Invest, f.Contingent.FinancialGDP, f.Contingent.SOEGDP, f.Contingent.PPP} {
		if size.IsNegative() || size.GreaterThan(decimal.NewFromInt(10)) {
			return funding.Text{ZH: "幅度 " + size.String() + " 应在 0 到 10 之间", EN: "the size " + size.String() + " should be from 0 to 10"}
		}
	}
	if f.Rate.IsNegative() || f.Rate.GreaterThan(money.One) {
		return funding.Text{ZH: "利率升幅 " + f.Rate.String() + " 应为 0 到 1 的小数", EN: "the rise of the rate " + f.Rate.String() + " should be a fraction from 0 to 1"}
	}
	for _, quarters := range []int{f.DelayStart, f.DelayRamp, f.Shut.From, f.Shut.Quarters, f.Exchange.From, f.Closure.From, f.Closure.Quarters} {
		if quarters < 0 || quarters > funding.MaxQuarters {
			return funding.Text{ZH: fmt.Sprintf("季度数 %d 应在 0 到 %d 之间", quarters, funding.MaxQuarters), EN: fmt.Sprintf("%d quarters should be from 0 to %d", quarters, funding.MaxQuarters)}
		}
	}
	return funding.Text{}
}

// Scenario is a named stress with its sizes worked out.
type Scenario struct {
	ID       string
	Name     funding.Text
	Labels   []string
	Basis    []string
	Note     string
	Combined bool
	Factors  Factors
	// Sizes are what the scenario changes and by how much, for a person to read.
	Sizes []Size
	// Unknown says why the sizes cannot be worked out, empty where they can.
	Unknown funding.Text
}

// Size is one thing that a scenario changes: its name, the value as a decimal, and the parameters behind it.
type Size struct {
	Factor     string   `json:"factor"`
	Value      string   `json:"value"`
	Parameters []string `json:"parameters,omitempty"`
}

// Threshold is the smallest DSCR that a plan has to keep and the parameter that says so.
type Threshold struct {
	Value     money.Decimal
	Known     bool
	Parameter string
}

// Pass is the pass rule of a pack, worked out.
type Pass struct {
	Base, Single, Combined Threshold
	Labels                 []string
	Basis                  []string
}

// Pack is a stress pack with every size worked out for a day and a region.
type Pack struct {
	ID        string
	Version   int
	Name      funding.Text
	Digest    string
	Pass      Pass
	Scenarios []Scenario
}

// Prepare works the sizes of a pack out. parameters holds the p.* facts of the day and region (rulepack.ParameterSet
// SetFacts). A size whose parameter is missing makes its scenario unknown, never mild.
func Prepare(pack *rulepack.StressPack, parameters *ruleexpr.Facts) *Pack {
	out := &Pack{ID: pack.ID, Version: pack.Version, Name: pack.Name, Digest: pack.Digest, Scenarios: make([]Scenario, len(pack.Scenarios))}
	out.Pass = Pass{Base: threshold(pack.Pass.Base, parameters), Single: threshold(pack.Pass.Single, parameters), Combined: threshold(pack.Pass.Combined, parameters),
		Labels: pack.Pass.Labels, Basis: pack.Pass.Basis}
	byID := map[string]*Scenario{}
	for i := range pack.Scenarios {
		scenario := &out.Scenarios[i]
		*scenario = prepare(&pack.Scenarios[i], parameters, byID)
		byID[scenario.ID] = scenario
	}
	return out
}

func threshold(size rulepack.StressSize, parameters *ruleexpr.Facts) Threshold {
	value, doubt := size.Number.Decimal(parameters, money.RatioDecimals)
	return Threshold{Value: value, Known: doubt == nil, Parameter: size.Source}
}

// sizes reads the sizes of one scenario and remembers the first that is not known.
type sizes struct {
	parameters *ruleexpr.Facts
	scenario   *Scenario
}

func (s *sizes) decimal(name string, size rulepack.StressSize) money.Decimal {
	if size.Number == nil {
		return money.Zero
	}
	value, doubt := size.Number.Decimal(s.parameters, sizeDecimals)
	if doubt != nil {
		if s.scenario.Unknown.ZH == "" {
			s.scenario.Unknown = funding.Text{ZH: name + " 的幅度 " + size.Source + " 没有取值", EN: "the size of " + name + ", " + size.Source + ", has no value"}
		}
		return money.Zero
	}
	s.scenario.Sizes = append(s.scenario.Sizes, Size{Factor: name, Value: value.String(), Parameters: size.Number.Facts()})
	return value
}

func (s *sizes) quarters(name string, size rulepack.StressSize) int {
	value := s.decimal(name, size)
	if !value.IsInteger() && s.scenario.Unknown.ZH == "" {
		s.scenario.Unknown = funding.Text{ZH: name + " 应是整季度数，现在是 " + value.String(), EN: name + " should be whole quarters, not " + value.String()}
	}
	return int(value.IntPart())
}

func prepare(in *rulepack.StressScenario, parameters *ruleexpr.Facts, byID map[string]*Scenario) Scenario {
	out := Scenario{ID: in.ID, Name: in.Name, Labels: in.Labels, Basis: in.Basis, Note: in.Note, Combined: in.Combine != nil}
	read := &sizes{parameters: parameters, scenario: &out}
	if in.Combine != nil {
		share := read.decimal("share", in.Combine.Share)
		for _, id := range in.Combine.Of {
			single := byID[id]
			if single.Unknown.ZH != "" && out.Unknown.ZH == "" {
				out.Unknown = single.Unknown
			}
			out.Factors = out.Factors.And(single.Factors.Times(share))
			out.Sizes = append(out.Sizes, Size{Factor: "of", Value: id})
		}
	} else {
		out.Factors = read.factors(in)
	}
	if problem := out.Factors.check(); problem.ZH != "" && out.Unknown.ZH == "" {
		out.Unknown = problem
	}
	return out
}

func (s *sizes) factors(in *rulepack.StressScenario) Factors {
	var f Factors
	for i, source := range funding.IncomeSources {
		f.Fall[i] = s.decimal("fall."+string(source), in.Fall[i])
	}
	f.Cost, f.Invest, f.Rate = s.decimal("rise.cost", in.Cost), s.decimal("rise.invest", in.Invest), s.decimal("rise.rate", in.Rate)
	f.DelayStart, f.DelayRamp = s.quarters("delay.start", in.DelayStart), s.quarters("delay.ramp", in.DelayRamp)
	f.Shut = Window{Quarters: s.quarters("refinancing_shut.quarters", in.Shut.Quarters), From: s.quarters("refinancing_shut.from", in.Shut.From)}
	f.Exchange.Depreciation, f.Exchange.From = s.decimal("exchange.depreciation", in.Exchange.Depreciation), s.quarters("exchange.from", in.Exchange.From)
	f.Exchange.AfterDraws = in.Exchange.From.Number == nil
	f.Closure.Window = Window{Quarters: s.quarters("closure.quarters", in.Closure.Quarters), From: s.quarters("closure.from", in.Closure.From)}
	f.Closure.Keep = s.decimal("closure.keep", in.Closure.Keep)
	for i, source := range funding.IncomeSources {
		for _, named := range in.Closure.Sources {
			f.Closure.Sources[i] = f.Closure.Sources[i] || named == source
		}
	}
	if in.Contingent.Own {
		f.Contingent.Own = money.One
		s.scenario.Sizes = append(s.scenario.Sizes, Size{Factor: "contingent.own", Value: "1"})
	}
	f.Contingent.FinancialGDP = s.decimal("contingent.financial_gdp", in.Contingent.FinancialGDP)
	f.Contingent.SOEGDP, f.Contingent.PPP = s.decimal("contingent.soe_gdp", in.Contingent.SOEGDP), s.decimal("contingent.ppp", in.Contingent.PPP)
	return f
}
