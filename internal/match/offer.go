package match

import (
	"slices"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// Offer is one product sized and scheduled for one need. Amounts are in the requirement's currency.
type Offer struct {
	// Size is the largest multiple of the product's step that its limit and the need allow.
	Size money.Amount
	// Limit is the product's own limit (terms.size.max) and Usable what the need can draw while the product is available.
	Limit  money.Amount
	Usable money.Amount
	// Scheduled is false for a grant, and for equity and guarantees whose terms have no tenor: nothing is paid back on a
	// schedule, and the measures of a schedule are unknown.
	Scheduled bool
	// TenorQuarters, GraceQuarters and AvailableQuarters count from Start, the quarter of the first draw.
	TenorQuarters     int
	GraceQuarters     int
	AvailableQuarters int
	Start             quarter.Quarter
	// Rate is annual and nominal, as it stands on the day.
	Rate     loan.Measure
	Draws    []loan.Draw
	Schedule *loan.Schedule
	// AllInCost is annual effective.
	AllInCost        loan.Measure
	AverageLifeYears loan.Measure
	// MinDSCR to PLCR are of this offer together with the existing debt that the cluster pays.
	MinDSCR    loan.Measure
	AvgDSCR    loan.Measure
	MinICR     loan.Measure
	LLCR       loan.Measure
	PLCR       loan.Measure
	DSCRByYear []loan.Measure
	// Cover is size / peak gap, ShareOfInvestment size / total investment.
	Cover             loan.Measure
	ShareOfInvestment loan.Measure
	TotalInterest     money.Amount
	TotalFees         money.Amount
	// FirstInstalment and LastQuarter are quarter indices counted from the requirement's start.
	FirstInstalment int
	LastQuarter     int
	// GraceSlackQuarters is the first instalment less the first quarter whose CFADS suffices for a full one: positive, the
	// money comes first.
	GraceSlackQuarters int
	GraceSlackKnown    bool
	// measured says that the figures of the schedule are known, which a trial knows without keeping the schedule.
	measured bool
	// serviceCoverUnknown says why the cover of debt service is not known, empty where it is.
	serviceCoverUnknown string
}

// parts says how far an offer is worked out. A search that asks one rule again and again leaves out what the rule does
// not look at.
type parts uint8

const (
	partSchedule parts = 1 << iota
	partCost
	partLeast // DSCR and ICR, least and average
	partYears // DSCR by loan year
	partLife  // LLCR and PLCR
	partSlack
	partShares   // cover and share of the investment, which need no schedule
	partCoverage = partLeast | partYears | partLife | partSlack
	everyPart    = partSchedule | partCost | partCoverage | partShares
)

// offerSlots are the places of offer.* in a vocabulary.
type offerSlots struct {
	size, tenor, grace, rate, allInCost, averageLife, minDSCR, avgDSCR, minICR, llcr, plcr, dscrByYear ruleexpr.Slot
	cover, share, totalInterest, firstInstalment, lastQuarter, graceSlack                              ruleexpr.Slot
	all                                                                                                []ruleexpr.Slot
	// part is what has to be worked out for a fact; the terms alone are always known.
	part map[string]parts
	// peakGap, investment, needTenor and currency are facts of the need that an offer goes by.
	peakGap, investment, needTenor ruleexpr.Slot
}

func newOfferSlots(v *ruleexpr.Vocabulary) *offerSlots {
	s := &offerSlots{peakGap: v.Slot("need.peak_gap"), investment: v.Slot("need.investment"), needTenor: v.Slot("need.tenor_quarters"), part: map[string]parts{}}
	for _, fact := range []struct {
		name string
		slot *ruleexpr.Slot
		part parts
	}{
		{"offer.size", &s.size, 0}, {"offer.tenor_quarters", &s.tenor, 0}, {"offer.grace_quarters", &s.grace, 0}, {"offer.rate", &s.rate, 0},
		{"offer.cover", &s.cover, partShares}, {"offer.share_of_investment", &s.share, partShares},
		{"offer.all_in_cost", &s.allInCost, partSchedule | partCost},
		{"offer.average_life", &s.averageLife, partSchedule}, {"offer.total_interest", &s.totalInterest, partSchedule},
		{"offer.first_instalment_quarter", &s.firstInstalment, partSchedule}, {"offer.last_quarter", &s.lastQuarter, partSchedule},
		{"offer.min_dscr", &s.minDSCR, partSchedule | partLeast}, {"offer.avg_dscr", &s.avgDSCR, partSchedule | partLeast},
		{"offer.min_icr", &s.minICR, partSchedule | partLeast}, {"offer.llcr", &s.llcr, partSchedule | partLife},
		{"offer.plcr", &s.plcr, partSchedule | partLife}, {"offer.dscr_by_year", &s.dscrByYear, partSchedule | partYears},
		{"offer.grace_slack_quarters", &s.graceSlack, partSchedule | partSlack},
	} {
		*fact.slot = v.Slot(fact.name)
		s.all = append(s.all, *fact.slot)
		s.part[fact.name] = fact.part
	}
	return s
}

// partsOf returns what has to be worked out for a rule to be decided. An offer fact that this package does not set is
// never known, so nothing has to be worked out for it.
func (s *offerSlots) partsOf(rule *ruleexpr.Rule) parts {
	var needed parts
	for name := range rule.EachFact {
		needed |= s.part[name]
	}
	return needed
}

// follows reports whether a fact of the offer follows from a fact of the need without a formula of the product.
func (s *offerSlots) follows(slot ruleexpr.Slot) bool {
	return slot == s.peakGap || slot == s.investment || slot == s.needTenor
}

// has reports whether a fact is one of the offer's.
func (s *offerSlots) has(slot ruleexpr.Slot) bool { return slices.Contains(s.all, slot) }

// BuiltIn is a must that every product has without writing it: that there is an offer at all.
type BuiltIn struct {
	ID          string
	Group       string
	Message     funding.Text
	Explanation ruleexpr.Explanation
}

// The built-in musts. A product may have a rule of the same id; it is a different rule.
const (
	// BuiltInTenor: the longest tenor that the product and the need allow reaches the product's shortest.
	BuiltInTenor = "tenor"
	// BuiltInSize: what the product gives and the need can use reaches the product's smallest size.
	BuiltInSize = "size"
	// BuiltInSchedule: the terms make a schedule; a sculpted one exists only where CFADS pays the interest.
	BuiltInSchedule = "schedule"
)

// TermDoubt is a term of a product that cannot be computed from the facts at hand.
type TermDoubt struct {
	Term  string // tenor, grace, size or rate
	Doubt *ruleexpr.Doubt
}

// levers are the terms of an offer that are fixed from outside, by a what-if or by a search for what would help.
type levers struct {
	// size is a cap in a search; exactSize makes it the size itself, whatever the product's limit and the need.
	size         money.Amount
	tenor, grace int
	hasSize      bool
	exactSize    bool
	hasTenor     bool
	hasGrace     bool
}

// sizing is the work of making one offer.
type sizing struct {
	need    *Need
	slots   *offerSlots
	product *rulepack.Product
	facts   *ruleexpr.Facts
	levers  levers
	// workshop remembers what terms came to; keep says that the offer is for somebody to keep, with its schedule.
	workshop *workshop
	keep     bool
	offer    *Offer
	builtIn  *BuiltIn
	doubts   []TermDoubt
}

// scheduled reports whether a product is paid back on a schedule of its own.
func scheduled(p *rulepack.Product) bool {
	return p.CountsAs != "grant" && p.Terms.TenorMaxQuarters > 0 && p.Terms.Profile != ""
}

// run makes the offer as far as its terms can be known, and stops at the first built-in must that fails.
func (s *sizing) run(wanted parts) {
	*s.offer = Offer{Scheduled: scheduled(s.product)}
	if s.tenor(); s.stopped() {
		return
	}
	if s.grace(); s.stopped() {
		return
	}
	if s.size(); s.stopped() {
		return
	}
	if wanted&partShares != 0 {
		s.shares()
	}
	if s.rate(); s.stopped() {
		return
	}
	if wanted&partSchedule != 0 {
		s.schedule(wanted)
	}
}

func (s *sizing) stopped() bool { return s.builtIn != nil || len(s.doubts) > 0 }

func (s *sizing) doubt(term string, doubt *ruleexpr.Doubt) {
	s.doubts = append(s.doubts, TermDoubt{term, doubt})
}

// whole evaluates a formula for a number of quarters, rounded down and never negative; the fallback stands where the
// product has no formula.
func (s *sizing) whole(term string, formula *ruleexpr.Number, fallback int) (int, bool) {
	if formula == nil {
		return fallback, true
	}
	value, doubt := formula.Floor(s.facts, 0)
	if doubt != nil {
		s.doubt(term, doubt)
		return 0, false
	}
	return int(min(max(value, 0), int64(fallback))), true
}

// interval returns the quarters between instalments.
func (s *sizing) interval() int { return max(s.product.Terms.Interval, 1) }

// tenor takes the longest tenor that the product's formula, its maximum, the bureau's limit and the longest statement
// allow, a multiple of the payment interval. A custom profile has as many instalments as shares, so its tenor is no
// longer than they and the longest grace reach.
func (s *sizing) tenor() {
	if !s.offer.Scheduled {
		return
	}
	terms := &s.product.Terms
	if s.levers.hasTenor {
		s.offer.TenorQuarters = s.levers.tenor
		return
	}
	longest, ok := s.whole("tenor", s.product.Tenor, terms.TenorMaxQuarters)
	if !ok {
		return
	}
	longest = min(longest, funding.MaxQuarters-max(s.need.firstDraw, 0))
	if wanted, known := s.facts.Number(s.slots.needTenor); known {
		longest = min(longest, int(wanted.IntPart()))
	}
	if terms.Profile == string(loan.ProfileCustom) {
		longest = min(longest, len(terms.Custom)*s.interval()+terms.GraceMaxQuarters)
	}
	longest -= longest % s.interval()
	s.offer.TenorQuarters = longest
	if longest < max(terms.TenorMinQuarters, s.interval()) {
		if s.builtIn = tenorInTrial; s.keep {
			s.builtIn = tenorTooShort(longest, max(terms.TenorMinQuarters, s.interval()))
		}
	}
}

// grace takes the longest grace up to the product's maximum and its formula after which whole intervals are left, at
// least one of them.
func (s *sizing) grace() {
	if !s.offer.Scheduled {
		return
	}
	terms, tenor, interval := &s.product.Terms, s.offer.TenorQuarters, s.interval()
	longest, ok := s.whole("grace", s.product.Grace, terms.GraceMaxQuarters)
	if !ok {
		return
	}
	if s.levers.hasGrace {
		longest = s.levers.grace
	}
	longest = min(longest, tenor-interval)
	if terms.Profile == string(loan.ProfileCustom) {
		longest = tenor - len(terms.Custom)*interval
	}
	longest = max(longest, 0)
	for longest > 0 && (tenor-longest)%interval != 0 {
		longest--
	}
	s.offer.GraceQuarters = longest
	s.offer.AvailableQuarters = max(s.offer.GraceQuarters, 1)
	if terms.AvailabilityQuarters > 0 {
		s.offer.AvailableQuarters = min(s.offer.AvailableQuarters, terms.AvailabilityQuarters)
	}
}

// usable returns what the need draws from its first draw on while the product is available; what is not scheduled is
// available throughout, unless its terms say otherwise.
func (s *sizing) usable() money.Amount {
	if s.need.firstDraw < 0 {
		return 0
	}
	last := len(s.need.draws)
	available := s.offer.AvailableQuarters
	if !s.offer.Scheduled {
		available = s.product.Terms.AvailabilityQuarters
	}
	if available > 0 {
		last = min(last, s.need.firstDraw+available)
	}
	var total money.Amount
	for _, draw := range s.need.draws[s.need.firstDraw:last] {
		total += draw
	}
	return total
}

// size takes the largest multiple of the step that neither the product's limit, what the need can use, nor a cap from
// outside leaves behind.
func (s *sizing) size() {
	terms := &s.product.Terms
	limit, doubt := s.product.Size.Floor(s.facts, 2)
	if doubt != nil {
		s.doubt("size", doubt)
		return
	}
	offer := s.offer
	offer.Limit, offer.Usable = money.Amount(max(min(limit, int64(money.MaxAmount)), 0)), s.usable()
	switch offer.Size = min(offer.Limit, offer.Usable); {
	case s.levers.exactSize:
		offer.Size = s.levers.size
	case s.levers.hasSize:
		offer.Size = min(offer.Size, s.levers.size)
	}
	offer.Size -= offer.Size % terms.SizeStep
	if smallest := max(terms.SizeMin, terms.SizeStep); offer.Size < smallest {
		if s.builtIn = sizeInTrial; s.keep {
			s.builtIn = sizeTooSmall(offer, s.levers, smallest)
		}
		return
	}
}

// shares says what part of the gap and of the investment the offer is.
func (s *sizing) shares() {
	if peak, known := s.facts.Amount(s.slots.peakGap); known {
		s.offer.Cover = ratio(s.offer.Size, peak)
	}
	if investment, known := s.facts.Amount(s.slots.investment); known {
		s.offer.ShareOfInvestment = ratio(s.offer.Size, investment)
	}
}

func ratio(numerator, denominator money.Amount) loan.Measure {
	value, ok := money.Ratio(numerator, denominator)
	return loan.Measure{Value: value, Known: ok}
}

// rate evaluates the rate formula on the day's market data. A floating rate is carried on at today's level.
func (s *sizing) rate() {
	switch {
	case s.product.CountsAs == "grant":
		s.offer.Rate = loan.Measure{Known: true}
	case s.product.Rate != nil:
		rate, doubt := s.product.Rate.Decimal(s.facts, money.RatioDecimals)
		if doubt != nil {
			s.doubt("rate", doubt)
			return
		}
		s.offer.Rate = loan.Measure{Value: rate, Known: true}
	}
}

// schedule draws the offer as the need draws, earliest first, until its size is used up, builds its schedule, and works out
// what that costs and how the money that comes back covers it.
func (s *sizing) schedule(wanted parts) {
	if !s.offer.Scheduled {
		s.withoutSchedule()
		return
	}
	s.offer.Start = s.need.requirement.Start.Add(max(s.need.firstDraw, 0))
	if s.keep {
		s.offer.Draws = s.draws(nil)
		built, err := loan.Build(s.terms(s.offer.Draws), s.cfads())
		if err != nil {
			s.builtIn = noSchedule(err)
			return
		}
		s.offer.Schedule = built
	}
	s.builtIn = s.workshop.figures(s, wanted&^partShares)
}

// terms are those of the schedule, which follow from the product, the need and what termsKey holds.
func (s *sizing) terms(draws []loan.Draw) loan.Terms {
	offer, terms := s.offer, &s.product.Terms
	return loan.Terms{
		Start: offer.Start, Draws: draws, Commitment: offer.Size, Rate: offer.Rate.Value,
		Tenor: offer.TenorQuarters, Grace: offer.GraceQuarters, Availability: offer.AvailableQuarters,
		Interval: s.interval(), Profile: loan.Profile(terms.Profile), Custom: terms.Custom, Timing: loan.Timing(terms.DrawTiming),
		CapitalizeDuringGrace: terms.CapitalizeDuringGrace, Fees: terms.Fees,
	}
}

// cfads is the statement's from the quarter of signing on.
func (s *sizing) cfads() []money.Amount { return s.need.cfads[max(s.need.firstDraw, 0):] }

// draws follows the need quarter by quarter until the size is used up. Only a size that was fixed from outside can be more
// than the need draws; the rest of it comes in the last quarter of availability.
func (s *sizing) draws(reuse []loan.Draw) []loan.Draw {
	draws, first := reuse[:0], max(s.need.firstDraw, 0)
	left := s.offer.Size
	for q := first; q < first+s.offer.AvailableQuarters && left > 0; q++ {
		draw := money.Amount(0)
		if q < len(s.need.draws) {
			draw = min(left, s.need.draws[q])
		}
		if q == first+s.offer.AvailableQuarters-1 {
			draw = left
		}
		if draw > 0 {
			draws = append(draws, loan.Draw{Quarter: s.need.requirement.Start.Add(q), Amount: draw})
			left -= draw
		}
	}
	return draws
}

// withoutSchedule gives what is known of money that is not paid back on a schedule: a grant costs nothing; a guarantee
// costs its annual fee; equity costs the return that its terms ask for, where they do.
func (s *sizing) withoutSchedule() {
	offer := s.offer
	switch {
	case s.product.CountsAs == "grant":
		offer.AllInCost = loan.Measure{Known: true}
	case offer.Rate.Known:
		offer.AllInCost = loan.Measure{Value: offer.Rate.Value.Add(s.product.Terms.Fees.Guarantee), Known: true}
	case s.product.Terms.Fees.Guarantee.IsPositive():
		offer.AllInCost = loan.Measure{Value: s.product.Terms.Fees.Guarantee, Known: true}
	}
}
